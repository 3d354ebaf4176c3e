from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from coopbot.domain import Article, Language
from coopbot.ingest.corpus.store import Corpus
from coopbot.text.glossary import find_concepts
from evals.measure.coverage import OTHER, SUBJECTS, as_lines, count, page, subjects_of
from tests.fakes import make_article

ROOT = Path(__file__).parents[2]


def test_the_page_of_the_corpus_is_up_to_date() -> None:
    found = count(one for one in Corpus(ROOT / "corpus") if isinstance(one, Article))
    shown = (ROOT / "docs" / "corpus.md").read_text(encoding="utf-8")
    assert page(found) == shown, "run: python -m evals corpus --page docs/corpus.md"
    named = [subject for subject in found.subjects if subject != OTHER]
    assert named == found.subjects[: len(named)]


@pytest.mark.parametrize(
    ("language", "title", "subject"),
    [
        ("en", "A new bridge over the river", "Bridges, crossings and checkpoints"),
        ("zh", "俄罗斯煤炭出口", "Coal, ore and electricity"),
        ("ru", "Китайские студенты в России", "Study, science and culture"),
    ],
)
def test_a_title_gives_a_subject(language: Language, title: str, subject: str) -> None:
    assert subject in subjects_of(make_article("a", "X.", language=language, title=title))


def test_a_subject_is_what_a_good_part_of_the_sentences_is_about() -> None:
    coal, other = "Coal goes by sea. ", "It rains. "
    assert subjects_of(make_article("a", coal + 2 * other, title="X")) == ["Coal, ore and electricity"]
    assert subjects_of(make_article("a", coal + 9 * other, title="X")) == [OTHER]


def test_articles_are_counted_by_language_and_year() -> None:
    found = count(
        [
            make_article("en/a", "Coal.", title="Coal", published=date(2024, 5, 1)),
            make_article("ru/a", "Уголь.", language="ru", title="Уголь", published=None),
            make_article("en/b", "It rains.", title="Rain and snow", published=date(2023, 5, 1)),
        ]
    )
    assert found.subjects == ["Coal, ore and electricity", OTHER]
    assert found.publication_years == [2023, 2024, None]
    assert "| Coal, ore and electricity | 1 | 0 | 1 | 2024 |" in page(found)
    assert "| undated | 0 | 0 | 1 |" in page(found)
    assert as_lines(found).startswith("3 articles\nCoal, ore and electricity: 1 en, 0 zh, 1 ru")


def test_an_empty_corpus_has_a_page() -> None:
    assert page(count([])).startswith("# What the corpus covers\n\n0 articles")


def test_every_concept_of_a_subject_is_in_the_glossary() -> None:
    words = {"bridge": "bridge", "coal": "coal"}
    assert all(concept in find_concepts(word) for concept, word in words.items())
    from coopbot.text.glossary import _load

    known = {id_ for phrases in _load() for ids in phrases.ids.values() for id_ in ids}
    assert not {concept for concepts in SUBJECTS.values() for concept in concepts} - known
