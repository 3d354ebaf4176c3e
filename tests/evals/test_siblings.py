"""The questions with a tempting sibling: that articles hold what they accept and what tempts, and that they are as promised."""

from __future__ import annotations

import zlib
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from coopbot.domain import LANGUAGES, Language
from evals.measure.facts import is_right
from evals.measure.golden import SPLITS, Split
from evals.measure.siblings import SiblingQuestion, SiblingsPart, ask_siblings, load_siblings
from tests.cases import check_each
from tests.evals.accepting import (
    CORPUS,
    EVALS,
    articles,
    asked_twice,
    holding,
    sentences_holding,
    subjects,
    topic_splits,
    unstated,
)
from tests.evals.test_golden import ARTICLES, LONG, OPENED, Scripted

PAGES = EVALS / "siblings"


@cache
def questions() -> tuple[SiblingQuestion, ...]:
    return tuple(load_siblings(EVALS / "siblings.jsonl"))


def folder(question: SiblingQuestion) -> Path:
    return PAGES if question.pages else CORPUS


def test_there_are_as_many_as_the_readme_says() -> None:
    counts = {"en": 115, "zh": 91, "ru": 78}
    assert [one.id for one in questions()] == [
        f"sb-{language}-{number:03}" for language, count in counts.items() for number in range(1, count + 1)
    ]
    about_pages = sum(one.pages for one in questions())
    assert f"| 284 questions, {about_pages} of them about {len(articles(PAGES))} " in (EVALS / "README.md").read_text(
        encoding="utf-8"
    )


def test_what_is_accepted_is_stated_in_each_language_or_on_the_page() -> None:
    assert [one.id for one in questions() if not one.pages and unstated(one)] == []
    pages = [one for one in questions() if one.pages]
    assert [one.id for one in pages if holding(one.answers, PAGES) != set(one.articles)] == []
    wrong = [(one.id, said) for one in questions() for said in one.says_unknown if not holding([said], folder(one))]
    assert wrong == []


def test_a_sentence_that_tempts_is_not_right() -> None:
    check_each(questions(), tempts, lambda one: one.id)


def tempts(question: SiblingQuestion) -> None:
    assert question.tempting
    assert all(sentences_holding(one, folder(question)) for one in question.answers)
    for one in question.tempting:
        tempting = sentences_holding(one, folder(question))
        assert tempting, one
        assert not all(is_right(sentence, question.answers) for sentence in tempting), one


def test_every_question_has_what_its_kind_needs() -> None:
    check_each(questions(), has_what_its_kind_needs, lambda one: one.id)


def has_what_its_kind_needs(question: SiblingQuestion) -> None:
    assert bool(question.answers) == (question.kind != "unanswerable")
    assert not (question.answers and question.says_unknown)
    assert not question.after
    if question.pages:
        page = f"{question.language}/{question.topic}"
        assert page in articles(PAGES)
        assert set(question.articles) <= {page}
    else:
        assert question.topic in subjects()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_question_of_a_language_asks_for_a_fact_twice(language: Language) -> None:
    for about_pages in (False, True):
        assert asked_twice(one for one in questions() if (one.language, one.pages) == (language, about_pages)) == []


@pytest.mark.parametrize("split", SPLITS)
def test_one_in_five_has_no_answer(split: Split) -> None:
    asked = [one for one in questions() if one.split == split]
    assert sum(not one.answers for one in asked) / len(asked) == pytest.approx(0.2, abs=0.04)
    assert min(Counter(one.language for one in asked).values()) >= 35


def test_topics_are_in_the_half_that_the_golden_questions_put_them_in_and_pages_in_one() -> None:
    golden = topic_splits()
    for one in questions():
        if not one.pages:
            assert one.split == golden.get(one.topic, SPLITS[zlib.crc32(one.topic.encode()) % 2]), one.id
    pages = {one.topic: one.split for one in questions() if one.pages}
    assert all(pages[one.topic] == one.split for one in questions() if one.pages)
    assert {f"{one.language}/{one.topic}" for one in questions() if one.pages} == articles(PAGES).keys()


def test_the_pages_are_marked_as_invented_and_never_part_of_the_corpus() -> None:
    assert "Invented" in (PAGES / "README.md").read_text(encoding="utf-8")
    assert {page.sha256 for page in articles(PAGES).values()} & {brief.sha256 for brief in articles().values()} == set()


def sibling(number: int, split: Split, **changes: object) -> SiblingQuestion:
    fields: dict[str, object] = {
        "id": f"sb-{split}-{number}",
        "language": "en",
        "split": split,
        "kind": "number",
        "topic": "HB",
        "question": "How long is the bridge?",
        "articles": ["en/bridge"],
        "answers": ["1,283 metres"],
        "tempting": ["in 2022"],
    }
    return SiblingQuestion.model_validate({**fields, **changes})


NOTHING = {"kind": "unanswerable", "articles": [], "answers": []}


def test_being_tempted_is_counted() -> None:
    replies = [
        *ask_siblings([sibling(1, "dev"), sibling(2, "dev", **NOTHING)], Scripted(OPENED, LONG), ARTICLES),
        *ask_siblings([sibling(1, "test")], Scripted(LONG, OPENED, outcome="possible"), ARTICLES),
        *ask_siblings([sibling(2, "test", **NOTHING)], Scripted(OPENED, outcome="no_evidence"), ARTICLES),
    ]
    part = SiblingsPart(replies=replies)
    figures = {name: figure.value for name, figure in part.figures.items()}
    assert (figures["siblings.dev.all.first"], figures["siblings.dev.all.wrong"]) == (0.0, 1.0)
    assert (figures["siblings.dev.all.tempted"], figures["siblings.dev.all.declined"]) == (1.0, 0.0)
    assert (figures["siblings.test.all.first"], figures["siblings.test.all.tempted"]) == (1.0, 0.0)
    assert figures["siblings.test.all.declined"] == 1.0
    assert figures["siblings.test.pages.first"] is None
    sections = part.sections()
    assert "| number | sb-dev-1 |" in sections
    assert "sb-test" not in sections
