"""When sources are said to differ."""

from __future__ import annotations

import pytest

from coopbot.ask.answer.disagree import Contradiction, find_contradiction
from coopbot.ask.rank.retrieve import ScoredSentence
from tests.ask.sentences import contradiction_weights, sentence, towards


def contradiction_of(sentences: list[ScoredSentence]) -> Contradiction | None:
    return find_contradiction(sentences, contradiction_weights())


BEST = sentence("The bridge cost 2.47 billion yuan.", 3.0, towards(1), answer="2.47 billion yuan")


def test_another_figure_for_the_same_question_contradicts() -> None:
    other = sentence("造价24.9亿元。", 2.5, towards(0, 1), "zh", answer="24.9亿元")
    found = contradiction_of([BEST, sentence("A road.", 2.0, towards(0, 1)), other])
    assert found == Contradiction(sentence=other, answers=("2.47 billion yuan", "24.9亿元"))


def test_what_is_less_likely_to_answer_does_not() -> None:
    assert contradiction_of([BEST, sentence("造价24.9亿元。", 1.0, towards(0, 1), "zh", answer="24.9亿元")]) is None


def test_nearly_the_same_words_with_another_figure_contradict_though_the_model_says_no() -> None:
    other = sentence("The bridge cost 2.9 billion yuan.", 1.0, towards(1), answer="2.9 billion yuan")
    assert contradiction_of([BEST, other]) == Contradiction(sentence=other, answers=("2.47 billion yuan", "2.9 billion yuan"))
    unlikely = sentence("The bridge cost 2.9 billion yuan.", -1.0, towards(1), answer="2.9 billion yuan")
    assert contradiction_of([BEST, unlikely]) is None


def test_what_the_reader_hardly_holds_for_an_answer_does_not() -> None:
    for reading in (1.0, 3.9):
        other = sentence("造价24.9亿元。", 2.5, towards(0, 1), "zh", answer="24.9亿元", reading=reading)
        assert contradiction_of([BEST, other]) is None


def test_another_year_or_part_of_one_is_another_thing() -> None:
    one = sentence("In 2023 it carried 5 million tonnes.", 3.0, towards(1), answer="5 million tonnes")
    for text in ("In 2024 it carried 6 million tonnes.", "In the first half of 2023 it carried 6 million tonnes."):
        assert contradiction_of([one, sentence(text, 2.5, towards(0, 1), answer="6 million tonnes")]) is None
    same = sentence("It carried 6 million tonnes in 2023.", 2.5, towards(0, 1), answer="6 million tonnes")
    assert contradiction_of([one, same]) is not None


def test_a_sentence_that_also_gives_the_same_figure_does_not_contradict() -> None:
    other = sentence("Up from 2 billion yuan to 2.47 billion yuan.", 2.5, towards(0, 1), answer="2 billion yuan")
    assert contradiction_of([BEST, other]) is None


def test_russians_in_china_are_not_chinese_in_russia() -> None:
    one = sentence("Chinese students at Russian universities numbered 61,000.", 3.0, towards(1), answer="61,000")
    others = sentence("Russian students in China numbered 12,000.", 2.5, towards(0, 1), answer="12,000")
    assert contradiction_of([one, others]) is None
    same = sentence("Chinese students in Russia numbered 56,000.", 2.5, towards(0, 1), answer="56,000")
    assert contradiction_of([one, same]) is not None


def test_dates_differ_as_figures_do() -> None:
    one = sentence("It opened on 10 June 2022.", 3.0, towards(1), answer="10 June 2022")
    other = sentence("Открыт 12 июня 2022 года.", 2.5, towards(0, 1), "ru", answer="12 июня 2022 года")
    assert contradiction_of([one, other]) is not None


@pytest.mark.parametrize(
    ("text", "answer", "other"),
    [
        (
            "Hunhe paid 40 million yuan according to one paper, while another wrote of 55 million yuan.",
            "40 million yuan",
            "55 million yuan",
        ),
        ("Первый поезд вёз 30 вагонов по данным порта, 40 — по данным станции.", "30 вагонов", "40"),
        ("口岸的通过能力，海关说每天250辆，报纸写每天190辆。", "250辆", "190辆"),
    ],
)
def test_one_sentence_may_hold_two_accounts(text: str, answer: str, other: str) -> None:
    one = sentence(text, 3.0, towards(1), answer=answer)
    found = contradiction_of([one])
    assert found is not None
    assert found.sentence is one
    assert found.answers[1] == other


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Exports were 5 million tonnes in May and 6 million tonnes in June.", "5 million tonnes"),
        ("Мост длиной 540 м стоит на 650 м выше.", "540 м"),
        ("口岸有4条车道，每天250辆，最多300辆。", "250辆"),
    ],
)
def test_two_figures_that_nobody_reports_are_no_dispute(text: str, answer: str) -> None:
    assert contradiction_of([sentence(text, 3.0, towards(1), answer=answer)]) is None


def test_within_a_passage_both_figures_must_be_reported() -> None:
    one = sentence("It cost 5 million yuan.", 3.0, towards(1), passage="p", answer="5 million yuan")
    other = sentence("Or 6 million yuan.", 2.0, towards(0, 1), passage="p", answer="6 million yuan")
    assert contradiction_of([one, other]) is None
    one = sentence("The port says it cost 5 million yuan.", 3.0, towards(1), passage="p", answer="5 million yuan")
    other = sentence("The ministry reported 6 million yuan.", 2.0, towards(0, 1), passage="p", answer="6 million yuan")
    assert contradiction_of([one, other]) is not None


def test_without_a_reader_nothing_differs() -> None:
    one = sentence("It cost 5 million yuan.", 3.0, towards(1))
    assert contradiction_of([one, sentence("It cost 6 million yuan.", 2.5, towards(0, 1))]) is None
