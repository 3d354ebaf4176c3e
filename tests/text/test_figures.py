"""Figures as intervals: what agrees, whose they are and what they are of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopbot.text.dates import find_dates
from coopbot.text.figures import Figure, disputed, find_figures
from coopbot.text.quantities import find_quantities


def figures(sentence: str) -> tuple[Figure, ...]:
    return find_figures(sentence, find_quantities(sentence), find_dates(sentence))


def only(sentence: str) -> Figure:
    (figure,) = figures(sentence)
    return figure


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        ("1,283 m", "1284 metres", False),
        ("1.283 km", "1283米", True),
        ("130 million households", "13 million households", False),
        ("1.3亿户", "130 million households", True),
        ("27 billion dollars", "about 27.2 billion dollars", True),
        ("38 bcm", "38.8 bcm", False),
        ("3,2 млн т", "3.2 million tonnes", True),
        ("3,2 млн т", "3,4 млн т", False),
        ("46,000 people", "46,300 people", True),
        ("over 120,000 people", "122,562 people", True),
        ("more than 700 million cubic metres", "800 million cubic metres", False),
        ("300–350 млн долларов", "$320 million", True),
        ("10 June 2022", "2022年6月10日", True),
        ("June 2022", "10 июня 2022 года", True),
        ("2021", "10 June 2022", False),
        ("28 May 2022", "31 May 2022", False),
    ],
)
def test_agreement(one: str, other: str, agree: bool) -> None:
    assert only(one).unit == only(other).unit
    assert only(one).agrees(only(other)) is agree
    assert only(other).agrees(only(one)) is agree


@pytest.mark.parametrize(
    ("sentence", "units"),
    [
        ("28 lanes", ["#lane"]),
        ("28条车道", ["#车道"]),
        ("28 полос", ["#полос"]),
        ("It is 130 million households, he says 13 million.", ["households", "households"]),
        ("In 2022 it was 5 to 7 million tonnes.", ["date", "t"]),
        ("20 of them", []),
    ],
)
def test_units(sentence: str, units: list[str]) -> None:
    assert [figure.unit for figure in figures(sentence)] == units


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("The Herald says 5 t, the port has 7 t.", [True, False]),
        ("The Herald says 5 t, while the Post gives 7 t.", [True, True]),
        ("It has 5 t, the Herald said.", [True]),
        ("По данным портала, там 5 т.", [True]),
        ("甲报说5吨，乙报则称7吨。", [True, True]),
        ("Suifenhe took 5 t, Manzhouli 7 t.", [False, False]),
    ],
)
def test_whose_figure_it_is(sentence: str, said: list[bool]) -> None:
    assert [figure.said for figure in figures(sentence)] == said


@pytest.mark.parametrize(
    ("sentence", "scope"),
    [
        ("In the first half it was 5 t.", "half"),
        ("Cargo, 5 t, is for January-July.", "months"),
        ("It is 5 t a day.", "daily"),
        ("It rose by 5 t.", "rise"),
        ("Вывоз вырос на 5 т.", "rise"),
        ("Вывоз на 5% больше.", "rise"),
        ("The Herald put the drop in exports at 76%.", "rise"),
        ("Падение вывоза составило 76%.", "rise"),
        ("出口降幅为76%。", "rise"),
        ("Договор на 25 лет.", ""),
        ("Завод рассчитан на 100 000 т.", "plan"),
        ("It was preceded by 28 years of talks.", ""),
        ("预计达到5吨", "plan"),
        ("На российской стороне 5 км.", "russian"),
        ("It is 5 t.", ""),
    ],
)
def test_scopes(sentence: str, scope: str) -> None:
    assert only(sentence).scope == scope


@pytest.mark.parametrize(
    "sentence",
    [
        "TASS wrote on 4 June 2020 of 5 t.",
        "«Почта» писала 4 июня 2020 года о 5 т.",
        "新华社2020年6月4日报道说5吨。",
        "In 2023 SeaNews wrote of 5 t.",
    ],
)
def test_dates_of_sources_are_no_figures(sentence: str) -> None:
    assert only(sentence).unit == "t"
    assert only(sentence).year is None


def test_the_nearest_year_is_that_of_the_figure() -> None:
    sentence = "It was 5 t in 2022 and 7 t in 2023."
    assert [figure.year for figure in figures(sentence) if figure.unit == "t"] == [2022, 2023]


@pytest.mark.parametrize(
    "sentence", ["Sources differ.", "Estimates vary.", "Данные расходятся.", "说法不一。", "There is another figure."]
)
def test_disputed(sentence: str) -> None:
    assert disputed(sentence)


@pytest.mark.parametrize("sentence", ["A different kind of bridge.", "Расходы растут.", "出入境人数增长。"])
def test_not_disputed(sentence: str) -> None:
    assert not disputed(sentence)


@given(st.text(max_size=60) | st.text("0123456789 万亿年月日km,.–the said 2023 год и ", max_size=40))
def test_figures_stand_in_the_sentence_in_order(sentence: str) -> None:
    found = figures(sentence)
    assert all(0 <= figure.start_char < figure.end_char <= len(sentence) for figure in found)
    assert all(figure.low < figure.high for figure in found)
    assert [figure.start_char for figure in found] == sorted(figure.start_char for figure in found)
    assert all(figure.agrees(figure) for figure in found)
