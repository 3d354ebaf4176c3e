from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from coopbot.domain import Answer, Citation, Claim, Span
from coopbot.index.build import build
from coopbot.index.disk.folder import open_current
from coopbot.index.model.reader_model import ReaderCard
from coopbot.serve.wire import answer_out, index_out
from tests.fakes import BagOfWords, article_of, make_article

QUOTE = "🚂 Мост открыли 10 июня 2022 года."
CITATION = Citation(
    number=1,
    article_id="ru/most",
    title="Мост",
    authors=(),
    publisher="Вестник",
    published=None,
    url="",
    language="ru",
    sources=(),
    quote=QUOTE,
    start_char=40,
    end_char=40 + len(QUOTE),
    answer=Span(start_char=15, end_char=27),
    passage=QUOTE,
    deep_link="",
    score=1.0,
)
ANSWER = Answer(
    outcome="answered",
    question_language="en",
    claims=(Claim(text=QUOTE, citations=(1,)),),
    citations=(CITATION,),
    disagreements=(),
    confidence=0.9,
    searched_as="when",
    snapshot="s",
)


def test_the_words_that_answer_are_counted_within_the_quote() -> None:
    (citation,) = answer_out(ANSWER).model_dump()["citations"]
    assert citation["answer"] == {"start_char": 15, "end_char": 27}
    assert citation["quote"][15:27] == "10 июня 2022"


def test_articles_in_an_answer_have_the_sources_of_their_sentences() -> None:
    brief = article_of("en/ferry", "The ferry carries 40 cars.[^1]\n\n[^1]: TASS, 10 June 2022")
    (listed,) = answer_out(replace(ANSWER, articles=(brief,))).articles
    assert [source.publisher for source in listed.sources] == ["TASS"]


def test_no_words_are_marked_without_a_reader_or_where_nothing_answers() -> None:
    unread = replace(ANSWER, citations=(replace(CITATION, answer=None),))
    assert answer_out(unread).citations[0].answer is None
    assert answer_out(replace(ANSWER, outcome="no_evidence", claims=())).citations[0].answer is None


def test_citations_that_nothing_names_are_nearest_passages_and_have_no_words_marked() -> None:
    near = replace(CITATION, number=2, quote="It opened.", answer=Span(start_char=3, end_char=9))
    answer = replace(ANSWER, outcome="possible", citations=(CITATION, near))
    assert answer.nearest() == (near,)
    marked, unmarked = answer_out(answer).citations
    assert marked.answer is not None
    assert unmarked.answer is None


def test_the_status_of_the_index_names_the_reader(tmp_path: Path) -> None:
    embedder = BagOfWords()
    build([make_article("en/bridge", "It opened.")], embedder, tmp_path, model="bag", precision="f32")
    snapshot = open_current(tmp_path, embedder.fingerprint)
    card = ReaderCard(name="some/reader", fingerprint="x", max_tokens=384, precision="int8")
    shown = index_out(snapshot, "", card)
    assert (shown.model, shown.precision, shown.reader, shown.reader_precision) == ("bag", "f32", "some/reader", "int8")
    unread = index_out(snapshot, "", None)
    assert (unread.reader, unread.reader_precision) == ("off", "")
    snapshot.close()
