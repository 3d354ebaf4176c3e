"""The first things that people ask, of the corpus with the real model: a short answer in plain words comes first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coopbot.ask.answer.answerer import Answerer
from coopbot.domain import Article
from coopbot.ingest.corpus.store import Corpus
from evals.measure.facts import Accepted, is_right
from evals.measure.golden import quote_of

ROOT = Path(__file__).parents[2]
# Of 42.
_MOST_MISSED = 5


def test_obvious_questions_are_answered_by_the_first_quote(corpus_answerer: Answerer) -> None:
    asked = [json.loads(line) for line in (ROOT / "evals" / "obvious.jsonl").read_text(encoding="utf-8").splitlines()]
    articles = {one.article_id: one for one in Corpus(ROOT / "corpus") if isinstance(one, Article)}
    missed = []
    for one in asked:
        answer = corpus_answerer.ask(one["question"])
        accepted = [Accepted.model_validate(each) for each in one["answers"]]
        if not answer.claims or not is_right(quote_of(answer.citations[0], articles), accepted):
            missed.append((one["question"], answer.citations[0].quote if answer.citations else ""))
    assert len(missed) <= _MOST_MISSED, missed


@pytest.mark.parametrize(
    ("question", "answered", "missing"),
    [
        ("How long is the Tongjiang bridge and who owns it?", "7,194", "who owns it"),
        ("西伯利亚力量管道有多长，谁设计的？", "5111", "谁设计的"),
        ("Когда открыли мост в Благовещенске и кто был мэром?", "10 июня 2022", "кто был мэром"),
    ],
)
def test_the_half_of_a_question_that_nothing_answers_is_named(
    corpus_answerer: Answerer, question: str, answered: str, missing: str
) -> None:
    answer = corpus_answerer.ask(question)
    assert answer.outcome == "possible"
    assert answered in answer.claims[0].text
    assert answer.missing == (missing,)


@pytest.mark.parametrize(
    ("question", "language"),
    [("China-Russia trade by year", "en"), ("сколько китайских туристов приезжало в Приморье по годам", "ru")],
)
def test_figures_by_year_are_quoted_in_the_language_of_the_question(
    corpus_answerer: Answerer, question: str, language: str
) -> None:
    answer = corpus_answerer.ask(question)
    assert len(answer.series) > 2
    assert {citation.language for citation in answer.citations} == {language}


@pytest.mark.parametrize(
    "question", ["можно ли платить картой Мир в Китае", "Does the Mir card work in China?", "米尔卡在中国能用吗"]
)
def test_that_something_is_not_known_is_no_answer(corpus_answerer: Answerer, question: str) -> None:
    answer = corpus_answerer.ask(question)
    assert answer.outcome == "no_evidence"
    assert answer.remarks == ("not_known",)
    assert not answer.citations[0].attributions


def test_a_sentence_with_a_source_goes_before_one_that_says_what_is_not_known(corpus_answerer: Answerer) -> None:
    answer = corpus_answerer.ask("绥芬河口岸几点关门")
    assert "不清楚" not in answer.citations[0].quote
    assert answer.citations[0].attributions
