"""Who said a quote, when, and whether it still holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from coopbot.ask.answer.answerer import Answerer
from coopbot.ask.answer.cite import cite, dated
from coopbot.ask.rank.retrieve import ScoredSentence
from coopbot.domain import Citation, Filters, Passage, Stale, When
from coopbot.index.build import build
from coopbot.index.disk.folder import open_current
from coopbot.index.types import StoredPassage
from coopbot.text.sentences import split_sentences
from tests.ask.sentences import sentence, towards
from tests.fakes import BagOfWords, article_of, make_article

TODAY = date(2026, 12, 1)
FERRY = article_of(
    "en/ferry",
    """---
title: The ferry at Ostrov
publisher: coopbot briefs
published: 2026-03-10
footnotes:
  fare: {valid_until: 2026-09-14, sources: [{publisher: People's Daily, published: 2019-08-21}]}
  more: {sources: [{publisher: RIA, via: Rambler, published: 2026-03}, {publisher: TASS}]}
  plan: {planned_for: 2026-08, sources: [{publisher: Xinhua, published: 2026-01-20}]}
  later: {planned_for: 2027, sources: [{publisher: Xinhua, published: 2026-01-20}]}
  state: {as_of: 2024-05, sources: [{publisher: Xinhua, published: 2026-01-20}]}
---
The ferry ticket costs 5 yuan.[^fare] It carries cars.[^more] A second ferry was planned.[^plan]

A third ferry was planned.[^later] The ferry has a crew of nine.[^state] Nobody counts the dogs on the ferry.
""",
)
SENTENCES = {span.of(FERRY.text): span for span in split_sentences(FERRY.text)}
FARE, CARS, SECOND, THIRD, CREW, DOGS = SENTENCES


def scored(text: str) -> ScoredSentence:
    passage = Passage(
        passage_id="en/ferry:0",
        article_id="en/ferry",
        start_char=0,
        end_char=len(FERRY.text),
        text=FERRY.text,
        heading_path=(),
        sentences=tuple(SENTENCES.values()),
    )
    stored = StoredPassage(passage=passage, language="en", row=0)
    return replace(sentence(text, 1.0, towards(1)), stored=stored, span=SENTENCES[text])


def cited(text: str, day: date = TODAY) -> Citation:
    return dated(cite(1, scored(text), FERRY, "en"), day, latest=False)


def test_a_quote_has_the_sources_of_its_sentence() -> None:
    assert [source.publisher for source in cited(FARE).sources] == ["People's Daily"]
    assert [one.label for one in cited(FARE).attributions] == ["fare"]
    assert not cited(DOGS).sources
    assert not cited(DOGS).attributions


def test_a_sentence_that_refers_back_is_quoted_with_the_sources_of_both_its_own_first() -> None:
    found = cited(CARS)
    assert found.quote == f"{FARE} {CARS}"
    assert [source.publisher for source in found.sources] == ["RIA", "TASS", "People's Daily"]


@pytest.mark.parametrize(
    ("text", "stale"),
    [
        (FARE, Stale(kind="expired", when=When("2026-09-14"))),
        (SECOND, Stale(kind="overdue", when=When("2026-08"))),
        (THIRD, None),
        (CREW, None),
        (DOGS, None),
    ],
)
def test_what_has_passed_is_stale(text: str, stale: Stale | None) -> None:
    assert cited(text).stale == stale


def test_it_holds_to_the_last_day() -> None:
    assert cited(FARE, date(2026, 9, 14)).stale is None
    assert cited(FARE, date(2026, 9, 15)).stale


def test_a_quote_is_dated_by_its_own_source() -> None:
    assert cited(FARE).as_of == "2019-08-21"
    assert cited(CREW).as_of == "2024-05"
    assert cited(DOGS).as_of is None  # said by the article, this year
    assert FERRY.said(SENTENCES[FARE]) == "2019-08-21"
    assert FERRY.said(SENTENCES[DOGS]) == "2026-03-10"


@pytest.fixture(scope="module")
def answerer(tmp_path_factory: pytest.TempPathFactory) -> Answerer:
    folder: Path = tmp_path_factory.mktemp("index")
    embedder = BagOfWords()
    other = make_article("en/other", "The ferry was painted in June. Its colour is blue.", publisher="River News")
    build([FERRY, other], embedder, folder, model="bag", precision="f32")
    store = open_current(folder, embedder.fingerprint)
    return Answerer(embedder, lambda: store, today=lambda: TODAY)


@pytest.mark.parametrize(
    ("filters", "allowed"),
    [
        (Filters(publishers=("人民日报",)), {FARE}),  # in any spelling
        (Filters(publishers=("ria",)), {CARS}),
        (Filters(publishers=("Xinhua",)), {SECOND, THIRD, CREW}),
        (Filters(published_to=date(2020, 1, 1)), {FARE}),
        (Filters(publishers=("People's Daily",), published_from=date(2020, 1, 1)), set()),
    ],
)
def test_only_sentences_that_pass_the_filters_are_quoted(answerer: Answerer, filters: Filters, allowed: set[str]) -> None:
    answer = answerer.ask("What does the ferry ticket cost?", filters=filters)
    assert {citation.quote for citation in answer.citations} <= allowed
    assert bool(answer.citations) == bool(allowed)
