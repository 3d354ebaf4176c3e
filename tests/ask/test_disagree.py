"""When sources are said to differ."""

from __future__ import annotations

from coopbot.ask.disagree import differing
from tests.ask.sentences import sentence, towards

BEST = sentence("The bridge cost 2.47 billion yuan.", 3.0, towards(1), answer="2.47 billion yuan")


def test_another_figure_for_the_same_question_differs() -> None:
    other = sentence("造价24.9亿元。", 1.0, towards(0, 1), "zh", answer="24.9亿元")
    assert differing([BEST, sentence("A road.", 2.0, towards(0, 1)), other]) == other


def test_what_is_far_less_likely_to_answer_does_not() -> None:
    assert differing([BEST, sentence("造价24.9亿元。", -1.0, towards(0, 1), "zh", answer="24.9亿元")]) is None


def test_what_the_reader_hardly_holds_for_an_answer_does_not() -> None:
    for reading in (1.0, 3.9):
        assert (
            differing([BEST, sentence("造价24.9亿元。", 1.0, towards(0, 1), "zh", answer="24.9亿元", reading=reading)]) is None
        )


def test_another_year_or_part_of_one_is_another_thing() -> None:
    one = sentence("In 2023 it carried 5 million tonnes.", 3.0, towards(1), answer="5 million tonnes")
    for text in ("In 2024 it carried 6 million tonnes.", "In the first half of 2023 it carried 6 million tonnes."):
        assert differing([one, sentence(text, 2.0, towards(0, 1), answer="6 million tonnes")]) is None
    same = sentence("It carried 6 million tonnes in 2023.", 2.0, towards(0, 1), answer="6 million tonnes")
    assert differing([one, same]) == same


def test_dates_differ_as_figures_do() -> None:
    one = sentence("It opened on 10 June 2022.", 3.0, towards(1), answer="10 June 2022")
    other = sentence("Открыт 12 июня 2022 года.", 2.0, towards(0, 1), "ru", answer="12 июня 2022 года")
    assert differing([one, other]) == other


def test_one_passage_does_not_contradict_itself() -> None:
    one = sentence("It cost 5 million yuan.", 3.0, towards(1), passage="p", answer="5 million yuan")
    assert differing([one, sentence("Or 6 million yuan.", 2.0, towards(0, 1), passage="p", answer="6 million yuan")]) is None


def test_without_a_reader_nothing_differs() -> None:
    one = sentence("It cost 5 million yuan.", 3.0, towards(1))
    assert differing([one, sentence("It cost 6 million yuan.", 2.0, towards(0, 1))]) is None
