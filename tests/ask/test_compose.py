"""What is quoted, in what order, and which disagreements are shown."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

from coopbot.ask.answer.cite import cite, disagreements, quoted_span
from coopbot.ask.answer.compose import Chosen, choose, nearest
from coopbot.ask.rank.retrieve import ScoredSentence
from coopbot.ask.weights import load_weights
from coopbot.domain import Article, Passage, Span
from coopbot.index.types import StoredPassage
from tests.ask.sentences import contradiction_weights, sentence, towards
from tests.fakes import make_article

# Sentences are likely from log odds of -1 on.
WEIGHTS = replace(load_weights().read, further=1 / (1 + math.e), contradiction=contradiction_weights())


def texts(chosen: Chosen) -> list[str]:
    return [one.text for one in chosen.sentences]


def test_the_best_is_quoted_however_unlikely_and_others_only_if_likely() -> None:
    one, other = sentence("A bridge.", 2.0, towards(1)), sentence("A road.", 1.0, towards(0, 1))
    unlikely = [replace(one, log_odds=-5.0), replace(other, log_odds=-6.0)]
    assert texts(choose(unlikely, 4, WEIGHTS)) == ["A bridge."]
    assert texts(choose([one, other], 4, WEIGHTS)) == ["A bridge.", "A road."]
    assert texts(choose([one, other], 1, WEIGHTS)) == ["A bridge."]
    assert choose([], 4, WEIGHTS) == Chosen()


def test_one_quote_a_passage() -> None:
    one = sentence("A bridge.", 2.0, towards(1), passage="p")
    other = sentence("A road.", 1.0, towards(0, 1), passage="p")
    assert texts(choose([one, other], 4, WEIGHTS)) == ["A bridge."]


def test_what_answers_a_part_of_the_question_is_quoted_next_also_from_the_same_passage() -> None:
    best = sentence("It opened in 2022.", 3.0, towards(1), passage="p", answer="2022")
    other = sentence("A road.", 2.0, towards(0, 1))
    length = sentence("It is 1,283 m long.", 1.0, towards(0, 0.5), passage="p", answer="1,283 m")
    again = replace(best, log_odds=2.5)
    assert texts(choose([best, other, length], 4, WEIGHTS, [again, length])) == [best.text, length.text, other.text]
    assert texts(choose([best, other, length], 1, WEIGHTS, [again, length])) == [best.text]


def test_an_answer_is_quoted_in_one_language_and_another_answer_takes_its_place() -> None:
    english = sentence("The bridge is 1,283 m long.", 3.0, towards(1), answer="1,283 m")
    russian = sentence("Длина моста – 1283 м.", 2.0, towards(0.2), "ru", answer="1283 м")
    chinese = sentence("该桥2022年开通。", 1.0, towards(0.2, 0.1), "zh", answer="2022年")
    assert texts(choose([english, russian, chinese], 4, WEIGHTS)) == [english.text, chinese.text]


def test_without_answers_similar_sentences_count_as_the_same() -> None:
    english = sentence("The bridge opened.", 3.0, towards(1))
    for cosine, quotes in ((0.55, 2), (0.65, 1)):
        assert len(choose([english, sentence("Мост открыли.", 2.0, towards(cosine), "ru")], 4, WEIGHTS).sentences) == quotes


def test_a_far_less_likely_sentence_with_another_date_is_about_something_else() -> None:
    opened = sentence("The bridge opened on 10 June 2022.", 4.0, towards(1), answer="10 June 2022")
    begun = sentence("Works began on 24 December 2016.", 0.5, towards(0, 1), answer="24 December 2016")
    long = sentence("It is 1,283 m long.", 0.5, towards(0, 0, 1), answer="1,283 m")
    assert texts(choose([opened, begun, long], 4, WEIGHTS)) == [opened.text, long.text]
    in_doubt = replace(opened, log_odds=1.0)
    assert texts(choose([in_doubt, begun, long], 4, WEIGHTS)) == [opened.text, begun.text, long.text]


def article(one: ScoredSentence, published: date | None) -> Article:
    passage = one.stored.passage
    return replace(make_article(article_id=passage.article_id, text=passage.text), published=published)


def test_both_sides_are_quoted_though_the_second_is_less_likely_and_shown_newest_first() -> None:
    best = sentence("The Heihe bridge is 1,283 m long.", 5.0, towards(1), answer="1,283 m")
    other = sentence("A road.", 4.5, towards(0, 1), answer="A road")
    opposed = sentence("The Heihe bridge is 1,284 m long, the Post says.", 4.2, towards(0, 0, 1), answer="1,284 m")
    chosen = choose([best, other, opposed], 3, WEIGHTS)
    assert texts(chosen) == [best.text, opposed.text, other.text]
    years = (2016, 2019, 2020)
    citations = [
        cite(number, one, article(one, date(year, 1, 1)), "en")
        for number, (one, year) in enumerate(zip(chosen.sentences, years, strict=True), 1)
    ]
    (shown,) = disagreements(citations, chosen)
    assert (shown.about, shown.citations) == ("1,284 m / 1,283 m", (2, 1))


def test_no_disagreement_is_shown_where_figures_agree() -> None:
    one = sentence("The Heihe bridge is 1,283 m long.", 5.0, towards(1), answer="1,283 m")
    other = sentence("The Heihe bridge is 1.283 km long and has two lanes.", 4.5, towards(0, 1), answer="1.283 km")
    assert choose([one, other], 4, WEIGHTS).contradiction is None


def test_the_nearest_passages_are_offered_once_each() -> None:
    found = [
        sentence("A bridge.", -2.0, towards(1), passage="p"),
        sentence("A road.", -2.5, towards(0, 1), passage="p"),
        sentence("A port.", -3.0, towards(0, 0, 1)),
    ]
    assert [one.text for one in nearest(found, 3).nearest] == ["A bridge.", "A port."]


def test_the_words_that_answer_are_marked_within_the_quote() -> None:
    text = "The bridge was built in 2016. It opened on 10 June 2022."
    passage = Passage(
        passage_id="en/a:0-56",
        article_id="en/a",
        start_char=0,
        end_char=len(text),
        text=text,
        heading_path=(),
        sentences=(Span(start_char=0, end_char=29), Span(start_char=30, end_char=len(text))),
    )
    leaning = ScoredSentence(
        stored=StoredPassage(passage=passage, language="en", row=0),
        span=passage.sentences[1],
        pair="same",
        log_odds=1.0,
        vector=towards(1),
        answer=Span(start_char=text.index("10 June"), end_char=text.index("2022") + 4),
    )
    citation = cite(1, leaning, make_article("en/a", text), "en")
    assert citation.quote == text
    assert citation.answer is not None
    assert citation.quote[citation.answer.start_char : citation.answer.end_char] == "10 June 2022"


def part_of(text: str, at: int, heading: str = "") -> ScoredSentence:
    """One of the sentences of a passage, cut at the ends of lines."""
    lines, start, spans = text.split("\n"), 0, []
    for line in lines:
        spans.append(Span(start_char=start, end_char=start + len(line)))
        start += len(line) + 1
    passage = Passage(
        passage_id="p",
        article_id="en/a",
        start_char=0,
        end_char=len(text),
        text=text,
        heading_path=(heading,) if heading else (),
        sentences=tuple(spans),
    )
    one = sentence(lines[at], 1.0, towards(1))
    return replace(one, stored=StoredPassage(passage=passage, language="en", row=0), span=spans[at])


def test_a_sentence_that_refers_back_has_up_to_two_before_it() -> None:
    text = "The port grew.\nThe pontoon opens in winter.\nIn 2024 it was late.\nIn 2025 it worked for 112 days.\nThe port grew."
    quoted = [quoted_span(part_of(text, at)).of(text) for at in range(5)]
    assert quoted == [
        "The port grew.",
        "The pontoon opens in winter.",
        "The pontoon opens in winter.\nIn 2024 it was late.",
        "The pontoon opens in winter.\nIn 2024 it was late.\nIn 2025 it worked for 112 days.",
        "The port grew.",
    ]


def test_a_quote_that_does_not_say_what_it_is_about_has_its_heading() -> None:
    def heading(text: str, above: str, title: str = "The Heihe bridge") -> str:
        one = part_of(text, 0, above)
        return cite(1, one, replace(article(one, None), title=title), "en").heading

    assert heading("The budget was 2.47 billion yuan.", "What it cost") == "What it cost"
    assert heading("The bridge cost 2.47 billion yuan.", "What it was") == ""
    assert heading("In Heihe a budget of 2.47 billion was agreed.", "What it was") == ""
    assert heading("The budget was 2.47 billion yuan.", "") == ""
