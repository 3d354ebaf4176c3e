"""The briefs and the golden questions keep their promises: every statement has its source, and every answer is stated."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from coopbot.domain import LANGUAGES, Article, Language
from evals.facts_check import briefs_of, problems, read_sheets
from evals.measure.facts import Accepted, fact_of
from evals.measure.golden import SPLITS, GoldenQuestion, Split, load_questions
from tests.cases import check_each
from tests.evals.accepting import articles, holding, unstated

ROOT = Path(__file__).parents[1]

# Facts of the sheets that are about the sheets, or samples of noise, may stand in no brief.
_FEWEST_SUBJECTS = 60


@cache
def briefs() -> tuple[Article, ...]:
    return tuple(articles().values())


@cache
def questions() -> tuple[GoldenQuestion, ...]:
    return tuple(load_questions(ROOT / "evals" / "questions.jsonl"))


@cache
def learned_from() -> tuple[GoldenQuestion, ...]:
    return tuple(one for name in ("training", "judging") for one in load_questions(ROOT / "evals" / f"{name}.jsonl"))


@cache
def every_question() -> tuple[GoldenQuestion, ...]:
    """Those to learn from as well."""
    return (*questions(), *learned_from(), *load_questions(ROOT / "evals" / "everyday.jsonl"))


@pytest.fixture(scope="module")
def sheets(shared: Path) -> Path:
    if not list(shared.glob("facts*.md")):
        pytest.skip("the fact sheets beside the repository are absent")
    return shared


def accepted(question: GoldenQuestion) -> tuple[Accepted, ...]:
    """All that must stand in its articles: what shows a side may be no right answer by itself."""
    return (*question.answers, *(one for side in question.conflict for one in side))


def test_every_subject_has_an_article_in_each_language() -> None:
    languages = defaultdict(set)
    for brief in briefs():
        languages[brief.article_id.partition("/")[2]].add(brief.language)
    assert len(languages) >= _FEWEST_SUBJECTS
    assert {subject for subject, found in languages.items() if found != set(LANGUAGES)} == set()


def test_every_brief_has_footnotes_with_publishers() -> None:
    check_each(briefs(), has_footnotes_with_publishers, lambda brief: brief.article_id)


def has_footnotes_with_publishers(brief: Article) -> None:
    assert brief.article_id.startswith(f"{brief.language}/")
    assert brief.published is not None
    assert brief.attributions
    assert all(source.publisher for note in brief.attributions for source in note.sources)


def test_the_check_of_facts_finds_no_more_than_it_did(sheets: Path) -> None:
    """Most of what it finds are figures in words, which it cannot read, and facts from pages that no sheet has."""
    assert len(list(problems(briefs_of(briefs()), read_sheets(sheets), date.today()))) <= 131


def test_every_section_of_the_sheets_is_covered_in_each_language(sheets: Path) -> None:
    covered = defaultdict(set)
    for brief in briefs():
        for note in brief.attributions:
            covered[fact_of(note.label)[:2]].add(brief.language)
    sections = {code[:2] for code in read_sheets(sheets).facts}
    assert {section for section in sections if covered[section] != set(LANGUAGES)} == set()


def test_there_are_enough_questions() -> None:
    assert len(questions()) >= 560
    assert len({question.id for question in every_question()}) == len(every_question())
    assert len({(question.question, question.after) for question in every_question()}) == len(every_question())


@pytest.mark.parametrize("split", SPLITS)
def test_a_third_of_the_questions_have_no_answer(split: Split) -> None:
    asked = [question for question in questions() if question.split == split and question.kind != "small-talk"]
    assert sum(not question.answers for question in asked) / len(asked) == pytest.approx(0.335, abs=0.02)


def test_no_topic_is_in_both_splits() -> None:
    splits = defaultdict(set)
    for question in every_question():
        splits[question.topic].add(question.split)
    assert {topic for topic, found in splits.items() if len(found) > 1} == set()


def test_training_questions_are_about_dev_topics_only() -> None:
    dev = {question.topic for question in questions() if question.split == "dev"}
    assert {question.split for question in learned_from()} == {"dev"}
    assert {question.topic for question in learned_from()} <= dev


def test_every_answer_is_stated_in_each_language() -> None:
    assert [question.id for question in questions() if unstated(question)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_learned_from_is_answered_in_its_own_language(language: Language) -> None:
    own = [question for question in learned_from() if question.language == language and question.answers]
    assert [question.id for question in own if language in unstated(question)] == []


def test_nothing_is_accepted_that_no_article_states() -> None:
    """A slip of the pen."""
    idle = [(question.id, one) for question in every_question() for one in accepted(question) if not holding([one])]
    assert idle == []


def test_sentences_that_say_unknown_are_in_an_article() -> None:
    wrong = [
        question.id
        for question in every_question()
        if question.says_unknown and (question.answers or not all(holding([said]) for said in question.says_unknown))
    ]
    assert wrong == []


def test_every_question_has_what_its_kind_needs() -> None:
    check_each(every_question(), has_what_its_kind_needs, lambda question: question.id)


def has_what_its_kind_needs(question: GoldenQuestion) -> None:
    assert not question.articles
    assert not question.after or question.kind in ("follow-up", "unanswerable")
    assert bool(question.after) or question.kind != "follow-up"
    assert bool(question.conflict) == (question.kind == "conflict")
    assert not question.parts or question.kind in ("two-part", "compare", "list", "follow-up")
    match question.kind:
        case "unanswerable" | "small-talk":
            assert not question.answers
        case "two-part":
            assert len(question.parts) >= 2
        case "false-premise":
            pass
        case "conflict":
            assert len(question.conflict) >= 2
        case _:
            assert question.answers
