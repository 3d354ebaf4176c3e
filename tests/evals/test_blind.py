"""The blind and the final questions: that articles hold what they accept, and that kinds and languages are as promised.

They are judged by figures only, so a failure names numbers of questions and prints no question.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from coopbot.domain import LANGUAGES, Article, Language
from coopbot.ingest.corpus.store import Corpus
from evals.measure.golden import load_questions
from evals.measure.unseen import UnseenQuestion, load_unseen

ROOT = Path(__file__).parents[2]
EVALS = ROOT / "evals"


def accepted(question: UnseenQuestion) -> tuple[str, ...]:
    """All strings that must stand in its articles: those of a side may show a figure that is no right answer by itself."""
    return tuple(dict.fromkeys([*question.answers, *(string for side in question.conflict for string in side)]))


@cache
def questions(name: str) -> tuple[UnseenQuestion, ...]:
    return tuple(load_unseen(EVALS / f"{name}.jsonl", option="--blind"))


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


def answerable(name: str, language: Language) -> list[UnseenQuestion]:
    return [question for question in questions(name) if question.language == language and question.articles]


FEWEST_OF_A_KIND = {"blind": 7, "final": 3}

both = pytest.mark.parametrize("name", ["blind", "final"])


@both
def test_there_are_as_many_questions_as_the_readme_says(name: str) -> None:
    assert [question.id for question in questions(name)] == [f"{name[0]}-{number:03}" for number in range(1, 201)]
    assert f"| `{name}.jsonl` | 200 " in (EVALS / "README.md").read_text(encoding="utf-8")


@both
def test_what_is_accepted_stands_in_the_listed_articles_and_in_no_other(name: str) -> None:
    wrong = [question.id for question in questions(name) if holding(accepted(question)) != set(question.articles)]
    assert wrong == []
    assert [question.id for question in questions(name) for string in accepted(question) if not holding((string,))] == []


@both
def test_unanswerable_questions_are_about_subjects_of_the_articles(name: str) -> None:
    for question in questions(name):
        assert bool(question.near) == (question.kind == "unanswerable"), question.id
        assert set(question.near) <= texts().keys(), question.id
        assert question.kind == "unanswerable" or not question.says_unknown, question.id
        assert all(holding((said,)) for said in question.says_unknown), question.id


@both
def test_a_question_has_what_its_kind_needs(name: str) -> None:
    for question in questions(name):
        has_answer = question.kind not in ("unanswerable", "small-talk")
        assert bool(question.answers) == bool(question.articles) == has_answer, question.id
        assert (question.kind == "conflict") == (len(question.conflict) >= 2), question.id
        assert not question.parts or question.kind in ("two-part", "compare", "list"), question.id
        assert question.kind != "two-part" or len(question.parts) == 2, question.id
        in_parts = {string for part in question.parts for string in part}
        assert in_parts == (set(question.answers) if question.parts else set()), question.id
        assert question.kind != "follow-up" or question.after, question.id


@both
def test_no_two_questions_ask_for_one_fact(name: str) -> None:
    asked = [(string.casefold(), question.id) for question in questions(name) for string in accepted(question)]
    shared = [(one, other) for string, one in asked for longer, other in asked if one != other and string in longer]
    assert shared == []


@both
def test_kinds_and_languages_have_their_shares(name: str) -> None:
    languages = Counter(question.language for question in questions(name))
    kinds = Counter(question.kind for question in questions(name))
    assert all(66 <= languages[language] <= 67 for language in LANGUAGES)
    assert all(kinds[kind] >= FEWEST_OF_A_KIND[name] for kind in kinds)
    assert kinds["small-talk"] == 8
    assert kinds["unanswerable"] / (kinds.total() - kinds["small-talk"]) == pytest.approx(0.35, abs=0.01)


@both
@pytest.mark.parametrize("language", LANGUAGES)
def test_half_are_answered_in_their_own_language_and_a_quarter_only_in_others(name: str, language: Language) -> None:
    pairs = Counter(question.pair for question in answerable(name, language))
    assert pairs["same"] / pairs.total() >= 0.5
    assert pairs["across"] / pairs.total() >= 0.25


@both
def test_no_question_is_asked_in_two_files(name: str) -> None:
    golden = [
        question.question
        for name in ("questions", "training", "judging")
        for question in load_questions(EVALS / f"{name}.jsonl")
    ]
    others = {"unseen", "pages", "blind", "final"} - {name}
    unseen = [question.question for other in others for question in load_unseen(EVALS / f"{other}.jsonl", option="")]
    assert [one.id for one in questions(name) if not one.after and one.question in {*golden, *unseen}] == []
