"""The blind and the final questions, new and old: that articles hold what they accept, and that the shares are as promised.

They are judged by figures only, so a failure names numbers of questions and prints no question.
"""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from coopbot.domain import LANGUAGES
from evals.measure.chains import load_chains
from evals.measure.facts import Accepted
from evals.measure.golden import load_questions
from evals.measure.siblings import load_siblings
from evals.measure.unseen import UnseenQuestion, load_unseen
from tests.evals.accepting import EVALS, asked_twice, holding, subjects, unstated


def accepted(question: UnseenQuestion) -> tuple[Accepted, ...]:
    """All that must stand in its articles: what shows a side may be no right answer by itself."""
    return tuple(dict.fromkeys([*question.answers, *(one for side in question.conflict for one in side)]))


@cache
def questions(name: str) -> tuple[UnseenQuestion, ...]:
    return tuple(load_unseen(EVALS / f"{name}.jsonl", option="--blind"))


# The ids of each file, the fewest questions of a kind, how many are small talk, and which share of the others has no answer.
SETS = {
    "blind": ([f"b-{number:03}" for number in range(1, 201)], 7, 8, 0.32),
    "former-final": ([f"fin-{language}-{number:02}" for language in ("en", "zh", "ru") for number in range(1, 68)], 4, 0, 0.33),
    "final": ([f"fin2-{language}-{number:02}" for language in ("en", "zh", "ru") for number in range(1, 68)], 3, 0, 0.33),
}

each = pytest.mark.parametrize("name", SETS)


@each
def test_there_are_as_many_questions_as_the_readme_says(name: str) -> None:
    ids = SETS[name][0]
    assert [question.id for question in questions(name)] == ids
    assert f"| `{name}.jsonl` | {len(ids)} " in (EVALS / "README.md").read_text(encoding="utf-8")


@each
def test_what_is_accepted_is_stated_in_each_language(name: str) -> None:
    assert [question.id for question in questions(name) if unstated(question)] == []
    assert [question.id for question in questions(name) for one in accepted(question) if not holding((one,))] == []


@each
def test_unanswerable_questions_are_about_subjects_of_the_articles(name: str) -> None:
    for question in questions(name):
        assert not question.near, question.id
        assert question.kind == "small-talk" or question.topic in subjects(), question.id
        assert question.kind == "unanswerable" or not question.says_unknown, question.id
        assert all(holding((said,)) for said in question.says_unknown), question.id


@each
def test_a_question_has_what_its_kind_needs(name: str) -> None:
    for question in questions(name):
        has_answer = question.kind not in ("unanswerable", "small-talk")
        assert bool(question.answers) == has_answer, question.id
        assert not question.articles, question.id
        assert (question.kind == "conflict") == (len(question.conflict) >= 2), question.id
        assert not question.parts or question.kind in ("two-part", "compare", "list"), question.id
        assert question.kind != "two-part" or len(question.parts) == 2, question.id
        assert question.kind != "follow-up" or question.after, question.id


@each
def test_no_two_questions_ask_for_one_fact(name: str) -> None:
    assert asked_twice(questions(name)) == []


@each
def test_kinds_and_languages_have_their_shares(name: str) -> None:
    _, fewest, small_talk, without_answer = SETS[name]
    languages = Counter(question.language for question in questions(name))
    kinds = Counter(question.kind for question in questions(name))
    assert all(66 <= languages[language] <= 67 for language in LANGUAGES)
    assert all(kinds[kind] >= fewest for kind in kinds)
    assert kinds["small-talk"] == small_talk
    assert kinds["unanswerable"] / (kinds.total() - kinds["small-talk"]) == pytest.approx(without_answer, abs=0.02)


@each
def test_no_question_is_asked_in_two_files(name: str) -> None:
    golden = [one.question for file in ("questions", "training", "judging") for one in load_questions(EVALS / f"{file}.jsonl")]
    others = {"unseen", "pages", *SETS} - {name}
    unseen = [one.question for other in others for one in load_unseen(EVALS / f"{other}.jsonl", option="")]
    siblings = [one.question for one in load_siblings(EVALS / "siblings.jsonl")]
    first = [chain.turns[0].question for chain in load_chains(EVALS / "chains.jsonl")]
    elsewhere = {*golden, *unseen, *siblings, *first}
    assert [one.id for one in questions(name) if not one.after and one.question in elsewhere] == []
