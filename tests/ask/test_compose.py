"""What is quoted, in what order, and which disagreements are told of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np

from coopbot.ask.candidates import Candidates
from coopbot.ask.compose import Quote, choose, cite, disagreements
from coopbot.ask.question import Question, understand
from coopbot.ask.retrieve import Reading, ScoredSentence
from coopbot.domain import Article, Language, Passage, Span
from coopbot.index.embedder import F32
from coopbot.index.passages import StoredPassage
from coopbot.text.notes import dump_notes, take_notes
from tests.fakes import BagOfWords, make_article

LEAST = -1.0
NOTHING = np.zeros((1, 1), dtype=np.float32)
PLACES = np.zeros(1, dtype=np.int64)
CANDIDATES = Candidates(
    pair="same",
    language="en",
    rows=PLACES,
    starts=PLACES,
    dense=NOTHING[0],
    lexical=NOTHING[0],
    sentence_vectors=NOTHING,
    sentence_cosine=NOTHING[0],
    token_counts=PLACES,
    idf={},
    most_idf=0.0,
    met=NOTHING,
)


def ask(text: str) -> Question:
    return understand(text, BagOfWords())


def towards(*cosines: float) -> F32:
    """A unit vector with these cosines to the first axes."""
    rest = np.sqrt(max(0.0, 1 - sum(one * one for one in cosines)))
    return np.array([*cosines, *[0.0] * (3 - len(cosines)), rest], dtype=np.float32)


def sentence(text: str, score: float, vector: F32, language: Language = "en", passage: str = "") -> ScoredSentence:
    """The only sentence of its passage, which is the only one of its article, unless a passage is named."""
    span = Span(start_char=0, end_char=len(text))
    notes = take_notes("", [text])
    held = Passage(
        passage_id=passage or text,
        article_id=f"{language}/{text}",
        start_char=0,
        end_char=len(text),
        text=text,
        heading_path=(),
        sentences=(span,),
    )
    stored = StoredPassage(passage=held, language=language, row=0, notes=dump_notes(notes))
    return ScoredSentence(stored=stored, span=span, score=score, cosine=0.0, vector=vector, notes=notes.sentences[0])


def reading(*sentences: ScoredSentence, log_odds: float = 2.0) -> Reading:
    return Reading(
        candidates=CANDIDATES, order=PLACES, scores=NOTHING[0], sentences=sentences, log_odds=log_odds, preference=0.0
    )


def texts(quotes: list[Quote]) -> list[str]:
    return [quote.sentence.text for quote in quotes]


def test_the_best_is_quoted_however_unlikely_and_others_only_if_likely() -> None:
    one, other = sentence("A bridge.", 2.0, towards(1)), sentence("A road.", 1.0, towards(0, 1))
    assert texts(choose(ask("what is there"), [reading(one, other, log_odds=-5)], 4, LEAST)) == ["A bridge."]
    assert texts(choose(ask("what is there"), [reading(one, other)], 4, LEAST)) == ["A bridge.", "A road."]
    assert texts(choose(ask("what is there"), [reading(one, other)], 1, LEAST)) == ["A bridge."]
    assert choose(ask("what is there"), [], 4, LEAST) == []


def test_one_quote_a_passage() -> None:
    one = sentence("A bridge.", 2.0, towards(1), passage="p")
    other = sentence("A road.", 1.0, towards(0, 1), passage="p")
    assert texts(choose(ask("what is there"), [reading(one, other)], 4, LEAST)) == ["A bridge."]


def test_a_fact_is_quoted_in_one_language_and_another_fact_takes_its_place() -> None:
    english = reading(sentence("The bridge is 1,283 m long.", 2.0, towards(1)), log_odds=3)
    russian = reading(
        sentence("Длина моста – 1283 м.", 2.0, towards(0.45), "ru"),
        sentence("Его ширина – 14,5 м.", 1.9, towards(0.45, 0.1), "ru"),
    )
    chinese = reading(sentence("该桥长1283米，宽14.5米。", 2.0, towards(0.45), "zh"))
    chosen = choose(ask("tell me of the bridge"), [english, russian, chinese], 4, LEAST)
    assert texts(chosen)[0] == "The bridge is 1,283 m long."
    assert "Длина моста – 1283 м." not in texts(chosen)
    assert "该桥长1283米，宽14.5米。" in texts(chosen)


def test_the_same_figures_in_sentences_far_apart_are_other_facts() -> None:
    english = reading(sentence("The bridge is 500 m long.", 2.0, towards(1)), log_odds=3)
    russian = reading(sentence("До порта 500 м.", 2.0, towards(0.2), "ru"))
    assert len(choose(ask("tell me of the bridge"), [english, russian], 4, LEAST)) == 2


def test_without_figures_sentences_must_be_nearer_to_say_the_same() -> None:
    english = reading(sentence("The bridge opened.", 2.0, towards(1)), log_odds=3)
    for cosine, quotes in ((0.55, 2), (0.65, 1)):
        russian = reading(sentence("Мост открыли.", 2.0, towards(cosine), "ru"))
        assert len(choose(ask("tell me of the bridge"), [english, russian], 4, LEAST)) == quotes


def article(quote: Quote, published: date | None) -> Article:
    passage = quote.sentence.stored.passage
    return replace(make_article(article_id=passage.article_id, text=passage.text), published=published)


def test_both_sides_are_quoted_though_the_second_is_unlikely_and_told_newest_first() -> None:
    best = sentence("The Heihe bridge is 1,283 m long.", 5.0, towards(1))
    other = sentence("A road.", 4.0, towards(0, 1))
    opposed = sentence("The Heihe bridge is 1,284 m long, the Post says.", 3.0, towards(0, 0, 1))
    question = ask("how long is the Heihe bridge")
    chosen = choose(question, [reading(best, other, opposed, log_odds=0.0)], 3, -1.0)
    assert texts(chosen) == [best.text, opposed.text, other.text]
    years = (2016, 2019, 2020)
    citations = [
        cite(number, quote, article(quote, date(year, 1, 1)))
        for number, (quote, year) in enumerate(zip(chosen, years, strict=True), 1)
    ]
    (told,) = disagreements(citations, chosen)
    assert (told.about, told.citations) == ("1,284 m / 1,283 m", (2, 1))
    assert disagreements(citations[:1], chosen[:1]) == ()


def test_no_disagreement_is_told_where_figures_agree() -> None:
    one = sentence("The Heihe bridge is 1,283 m long.", 5.0, towards(1))
    other = sentence("The Heihe bridge is 1.283 km long.", 4.5, towards(0, 1))
    question = ask("how long is the Heihe bridge")
    chosen = choose(question, [reading(one, other)], 4, LEAST)
    citations = [cite(number, quote, article(quote, None)) for number, quote in enumerate(chosen, 1)]
    assert len(chosen) == 2
    assert disagreements(citations, chosen) == ()
