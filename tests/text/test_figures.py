"""Figures as intervals: which answers say the same, and which differ."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopbot.text.figures import figures_agree, find_figures
from tests.text.comparing import differ

SAME = [
    ("1.283 km", "1283米"),
    ("1.3亿户", "130 million households"),
    ("27 billion dollars", "about 27.2 billion dollars"),
    ("3,2 млн т", "3.2 million tonnes"),
    ("46,000 people", "46,300 people"),
    ("300–350 млн долларов", "$320 million"),
    ("10 June 2022", "2022年6月10日"),
    ("June 2022", "10 июня 2022 года"),
    ("630万吨", "6,3 млн тонн"),
]
DIFFERENT = [
    ("1,283 m", "1284 metres"),
    ("130 million households", "13 million households"),
    ("38 bcm", "38.8 bcm"),
    ("3,2 млн т", "3,4 млн т"),
    ("$300-350 million", "3–3,5 млрд долларов"),
    ("10 June 2022", "12 июня 2022 года"),
    ("2021", "10 June 2022"),
    ("21 million tonnes a year", "2000万吨"),
]
NEITHER = [
    ("a bridge", "мост"),
    ("5 tonnes", "5 km"),
    ("5 tonnes", "400 tonnes"),
    ("29 ноября 2019 года", "2025年"),
    ("12 wagons", "the customs office"),
]


def test_answers_that_agree() -> None:
    assert [pair for pair in SAME if not figures_agree(*pair) or differ(*pair)] == []


def test_answers_that_differ() -> None:
    assert [pair for pair in DIFFERENT if figures_agree(*pair) or not differ(*pair)] == []


def test_answers_that_cannot_be_compared() -> None:
    assert [pair for pair in NEITHER if figures_agree(*pair) or differ(*pair)] == []


@given(st.sampled_from([text for pair in SAME + DIFFERENT + NEITHER for text in pair]))
def test_no_answer_differs_from_itself(text: str) -> None:
    assert not differ(text, text)


@given(st.sampled_from(SAME + DIFFERENT + NEITHER))
def test_differing_is_symmetric(pair: tuple[str, str]) -> None:
    one, other = pair
    assert differ(one, other) == differ(other, one)


def test_a_range_is_one_figure() -> None:
    (figure,) = find_figures("300–350 млн долларов")
    assert (figure.unit, figure.low < 310e6, figure.high > 340e6) == ("usd", True, True)


@pytest.mark.parametrize("text", ["", "，", "5 5 5", "№ 12/3", "2022-13-45"])
def test_odd_text_raises_nothing(text: str) -> None:
    find_figures(text)
