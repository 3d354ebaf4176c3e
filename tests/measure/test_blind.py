"""The blind questions: that what they accept stands in the articles, and that their kinds and languages are as promised.

They are judged by figures only, so a failure names numbers of questions and prints no question.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from coopbot.domain import LANGUAGES, Article, Language
from coopbot.ingest.corpus.store import Corpus
from coopbot.measure.golden import load_questions
from coopbot.measure.unseen import UnseenQuestion, load_unseen

ROOT = Path(__file__).parents[2]
EVALS = ROOT / "evals"


def accepted(question: UnseenQuestion) -> tuple[str, ...]:
    """All strings that must stand in its articles: those of a side may show a figure that is no right answer by itself."""
    return tuple(dict.fromkeys([*question.answers, *(string for side in question.conflict for string in side)]))


@cache
def questions() -> tuple[UnseenQuestion, ...]:
    return tuple(load_unseen(EVALS / "blind.jsonl", option="--blind"))


def flat(text: str) -> str:
    """As `holds` compares, made once for each article."""
    return " ".join(text.split()).casefold()


@cache
def texts() -> dict[str, str]:
    return {article.article_id: flat(article.text) for article in Corpus(ROOT / "corpus") if isinstance(article, Article)}


def holding(strings: tuple[str, ...]) -> set[str]:
    """The ids of all articles that hold one of the strings."""
    wanted = [flat(string) for string in strings]
    return {article_id for article_id, text in texts().items() if any(string in text for string in wanted)}


def answerable(language: Language) -> list[UnseenQuestion]:
    return [question for question in questions() if question.language == language and question.articles]


def test_there_are_as_many_questions_as_the_readme_says() -> None:
    assert [question.id for question in questions()] == [f"b-{number:03}" for number in range(1, 201)]
    assert "| `blind.jsonl` | 200 " in (EVALS / "README.md").read_text(encoding="utf-8")


def test_what_is_accepted_stands_in_the_listed_articles_and_in_no_other() -> None:
    wrong = [question.id for question in questions() if holding(accepted(question)) != set(question.articles)]
    assert wrong == []
    assert [question.id for question in questions() for string in accepted(question) if not holding((string,))] == []


def test_unanswerable_questions_are_about_subjects_of_the_articles() -> None:
    for question in questions():
        assert bool(question.near) == (question.kind == "unanswerable"), question.id
        assert set(question.near) <= texts().keys(), question.id
        assert question.kind == "unanswerable" or not question.says_unknown, question.id
        assert all(holding((said,)) for said in question.says_unknown), question.id


def test_a_question_has_what_its_kind_needs() -> None:
    for question in questions():
        has_answer = question.kind not in ("unanswerable", "small-talk")
        assert bool(question.answers) == bool(question.articles) == has_answer, question.id
        assert (question.kind == "conflict") == (len(question.conflict) >= 2), question.id
        assert not question.parts or question.kind in ("two-part", "compare", "list"), question.id
        assert question.kind != "two-part" or len(question.parts) == 2, question.id
        in_parts = {string for part in question.parts for string in part}
        assert in_parts == (set(question.answers) if question.parts else set()), question.id
        assert question.kind != "follow-up" or question.after, question.id


def test_no_two_questions_ask_for_one_fact() -> None:
    asked = [(string.casefold(), question.id) for question in questions() for string in accepted(question)]
    shared = [(one, other) for string, one in asked for longer, other in asked if one != other and string in longer]
    assert shared == []


def test_kinds_and_languages_have_their_shares() -> None:
    languages = Counter(question.language for question in questions())
    kinds = Counter(question.kind for question in questions())
    assert all(66 <= languages[language] <= 67 for language in LANGUAGES)
    assert all(kinds[kind] >= 7 for kind in kinds)
    assert kinds["small-talk"] == 8
    assert kinds["unanswerable"] / (kinds.total() - kinds["small-talk"]) == pytest.approx(0.35, abs=0.01)


@pytest.mark.parametrize("language", LANGUAGES)
def test_half_are_answered_in_their_own_language_and_a_quarter_only_in_others(language: Language) -> None:
    pairs = Counter(question.pair for question in answerable(language))
    assert pairs["same"] / pairs.total() >= 0.5
    assert pairs["across"] / pairs.total() >= 0.25


def test_no_question_is_asked_in_two_files() -> None:
    golden = [
        question.question
        for name in ("questions", "training", "judging")
        for question in load_questions(EVALS / f"{name}.jsonl")
    ]
    unseen = [question.question for name in ("unseen", "pages") for question in load_unseen(EVALS / f"{name}.jsonl", option="")]
    both = [question.id for question in questions() if not question.after and question.question in {*golden, *unseen}]
    assert both == []
