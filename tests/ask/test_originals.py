"""A sentence of a brief, and the page that it is cited from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from coopbot.ask.answer.answerer import Answerer
from coopbot.ask.answer.counterparts import find_original, is_original
from coopbot.ask.rank.retrieve import ScoredSentence
from coopbot.domain import Article, Filters, Source
from coopbot.index.build import build
from coopbot.index.disk.folder import open_current
from coopbot.index.types import StoredPassage
from coopbot.text.sentences import split_sentences
from tests.ask.sentences import sentence, towards
from tests.fakes import BagOfWords, article_of, make_article

BRIEF = article_of(
    "en/ferry",
    """---
title: The ferry at Ostrov
footnotes:
  fare: {sources: [{publisher: River Daily, url: "https://river.example/fare/"}]}
---
The ferry ticket at Ostrov costs 5 yuan.[^fare] Nobody counts the dogs on the ferry.
""",
)
PAGE = replace(
    make_article("cited/en/fare", "A ticket for the ferry at Ostrov costs 5 yuan, the harbour said.", publisher="River Daily"),
    url="https://river.example/fare",
)
ELSEWHERE = replace(PAGE, article_id="en/elsewhere", url="https://other.example/fare")
ARTICLES = {one.article_id: one for one in (BRIEF, PAGE, ELSEWHERE)}


def scored(article: Article, text: str, log_odds: float, cosine: float) -> ScoredSentence:
    found = sentence(text, log_odds, towards(cosine), passage=article.article_id, answer="5 yuan" if "5 yuan" in text else "")
    passage = replace(found.stored.passage, article_id=article.article_id)
    at = article.text.index(text)
    span = replace(found.span, start_char=at, end_char=at + len(text))
    return replace(found, stored=StoredPassage(passage=passage, language="en", row=0), span=span if at else found.span)


FARE, DOGS = (scored(BRIEF, span.of(BRIEF.text), 3.0, 1.0) for span in split_sentences(BRIEF.text))


def test_a_page_is_known_by_any_of_its_addresses_and_only_for_sentences_that_cite_it() -> None:
    story = replace(ELSEWHERE, also_published_by=(Source(publisher="River Daily", url=PAGE.url),))
    assert is_original(PAGE, BRIEF, FARE)
    assert is_original(story, BRIEF, FARE)
    assert not is_original(PAGE, BRIEF, DOGS)
    assert not is_original(BRIEF, BRIEF, FARE)


def test_an_answer_has_the_page_and_the_brief_beside_it(tmp_path: Path) -> None:
    embedder = BagOfWords()
    build([BRIEF, PAGE], embedder, tmp_path, model="bag", precision="f32")
    store = open_current(tmp_path, embedder.fingerprint)
    answer = Answerer(embedder, lambda: store).ask("What does a ferry ticket at Ostrov cost?")
    cited = {one.number: one.article_id for one in answer.citations}
    assert [[cited[number] for number in claim.citations] for claim in answer.claims] == [["cited/en/fare", "en/ferry"]]


@pytest.mark.parametrize(
    "page", [ELSEWHERE, replace(PAGE, text="A ticket for the ferry at Ostrov costs 9 yuan."), replace(PAGE, language="ru")]
)
def test_no_other_page_is_quoted_instead(page: Article, tmp_path: Path) -> None:
    embedder = BagOfWords()
    build([BRIEF, page], embedder, tmp_path, model="bag", precision="f32")
    store = open_current(tmp_path, embedder.fingerprint)
    (vector,) = embedder.embed_passages([FARE.text]).pooled
    assert find_original(replace(FARE, vector=vector), BRIEF, store, Filters()) is None


def test_the_page_alone_is_quoted_where_one_citation_is_wanted(tmp_path: Path) -> None:
    embedder = BagOfWords()
    build([BRIEF, PAGE], embedder, tmp_path, model="bag", precision="f32")
    store = open_current(tmp_path, embedder.fingerprint)
    answer = Answerer(embedder, lambda: store).ask("What does a ferry ticket at Ostrov cost?", max_citations=1)
    assert [one.article_id for one in answer.citations] == ["cited/en/fare"]
