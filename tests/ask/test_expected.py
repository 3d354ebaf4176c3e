"""Each row: a question and what it asks for."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopbot.ask.asking_words import Kind
from coopbot.ask.expected import expected, fit, given_met, period_met, tells, years_met
from coopbot.text.notes import SentenceNotes, take_notes

QUESTIONS: list[tuple[str, Kind, str]] = [
    ("how long is the bridge", "number", "m km"),
    ("heihe bridge length", "number", "m km"),
    ("longest span of the bridge", "number", "m km"),
    ("annual figure agreed for the pipe", "number", "t people vehicles trains wagons teu m3 w"),
    ("готовность завода, сентябрь 2025", "number", "percent"),
    ("2022年跨境电商出口额", "number", "usd cny rub eur"),
    ("How wide is the road?", "number", "m km"),
    ("island area", "number", "km2 ha m2"),
    ("what share of the cargo went by land", "number", "percent"),
    ("How much did the plant cost?", "number", "usd cny rub eur"),
    ("plant cost in dollars", "number", "usd"),
    ("regional trade turnover 2022 billion dollars", "number", "usd"),
    ("What is the toll for a truck?", "number", "usd cny rub eur"),
    ("How many households get gas?", "number", "households"),
    ("how many tigers live there", "number", ""),
    ("coal exports 2025 tonnes", "number", "t"),
    ("how many towns did the port cover when it was launched", "number", ""),
    ("how long does the crossing take", "number", "years months days hours minutes"),
    ("When was the bridge opened?", "date", ""),
    ("opening date of the checkpoint", "date", ""),
    ("start of passenger buses over the bridge", "date", ""),
    ("What day did the 500 kV line stop?", "date", ""),
    ("who opened the mill", "person", ""),
    ("which university leads the laboratory", "person", ""),
    ("Where did they meet?", "place", ""),
    ("In what city was it signed?", "place", ""),
    ("why did the exports of electricity fall", "other", ""),
    ("members of the commission", "other", ""),
    ("Does the paper of 2025 count as a gas contract?", "other", ""),
    ("what is soyuz vostok", "other", ""),
    ("line reopening year", "date", ""),
    ("planned volume per year, tonnes", "number", "t"),
    ("which international organization ran it", "person", ""),
    ("To which country did the box go?", "place", ""),
    ("длина моста хэйхэ", "number", "m km"),
    ("сколько тонн перевезли", "number", "t"),
    ("стоимость завода", "number", "usd cny rub eur"),
    ("скольким семьям хватит газа", "number", "households"),
    ("на сколько процентов готов завод", "number", "percent"),
    ("вывоз в Китай 2025 тонн", "number", "t"),
    ("скока городов вошло когда его запустили", "number", ""),
    ("на сколько лет рассчитан договор", "number", "years months days hours minutes"),
    ("дата открытия", "date", ""),
    ("открыт когда", "date", ""),
    ("какого числа пошёл газ", "date", ""),
    ("мост запуск", "date", ""),
    ("кто подписал соглашение", "person", ""),
    ("в какой бухте порт", "place", ""),
    ("через какой погранпереход возили руду", "place", ""),
    ("какой месяц был рекордным по машинам", "date", ""),
    ("какое ведомство насчитало 2 триллиона", "person", ""),
    ("в каком регионе комбинат", "place", ""),
    ("что понимают под европой", "other", ""),
    ("skolko zarabotali", "number", ""),
    ("почему упал экспорт электроэнергии", "other", ""),
    ("чем новые поездки отличаются от групповых поездок", "other", ""),
    ("投资多少", "number", "usd cny rub eur"),
    ("黑河大桥 长度", "number", "m km"),
    ("一共出口多少吨", "number", "t"),
    ("供气多少亿方", "number", "m3"),
    ("自贸区有多大", "number", "km2 ha m2"),
    ("运了多少人", "number", "people"),
    ("够多少户用", "number", "households"),
    ("占比百分之几", "number", "percent"),
    ("大桥什么时候通车", "date", ""),
    ("哪一天第一次送气", "date", ""),
    ("会议 日期", "date", ""),
    ("主席叫什么", "person", ""),
    ("由哪所学校牵头", "person", ""),
    ("在哪座城市开的", "place", ""),
    ("车流最大是哪个月", "date", ""),
    ("占几成", "number", ""),
    ("由哪个部委负责", "person", ""),
    ("从哪个口岸进来的", "place", ""),
    ("为什么还不通车", "other", ""),
    ("有哪几个省参加", "other", ""),
]


@pytest.mark.parametrize(("question", "kind", "units"), QUESTIONS)
def test_kind_and_units(question: str, kind: Kind, units: str) -> None:
    wanted = expected(question)
    assert (wanted.kind, wanted.units) == (kind, frozenset(units.split()))


@pytest.mark.parametrize(
    ("question", "years"),
    [
        ("exports in 2024", {2024}),
        ("exports 2025 tonnes", {2025}),
        ("2023年供气多少", {2023}),
        ("с 2014 по 2023", {2014, 2023}),
        ("в 2024-м?", {2024}),
        ("10 June 2022", {2022}),
        ("bridge of 1,980 metres", set()),
    ],
)
def test_years(question: str, years: set[int]) -> None:
    assert expected(question).years == years


def test_numbers_of_the_question() -> None:
    assert expected("who said 27 billion dollars").numbers == {(Decimal("27e9"), "usd")}


def notes(sentence: str) -> SentenceNotes:
    (found,) = take_notes("", [sentence]).sentences
    return found


FITS: list[tuple[str, str, float]] = [
    ("how long is the bridge", "The bridge is 19.9 km long.", 1),
    ("how long is the bridge", "It cost 20 million yuan.", 0.5),
    ("how long is the bridge", "It was opened on 10 June 2022.", 0),
    ("was it 500 tonnes or more, how many tonnes", "They said 500 tonnes.", 0),
    ("how many tigers live there", "There are 12 tigers.", 1),
    ("投资多少", "投资5亿元。", 1),
    ("when was it opened", "It was opened on 10 June 2022.", 1),
    ("when in 2022 was it opened", "In 2022 it was opened.", 0.5),
    ("when in 2022 was it opened", "In June 2022 it was opened.", 1),
    ("when was it opened", "It carries 5 trains.", 0),
    ("when was it opened", "TASS wrote on 4 June 2020 that it was open.", 0.5),
    ("when in 2024 did buses start", "В 2024 году автобусы пошли с 3 января.", 1),
    ("кто подписал", "Договор подписал Иванов.", 1),
    ("кто подписал", "Он большой и длинный.", 0),
    ("谁主持会议", "会议由副总理主持。", 1),
    ("在哪里举行", "会议在河边的城市举行。", 1),
    ("why is it so", "No idea.", 1),
]


@pytest.mark.parametrize(("question", "sentence", "score"), FITS)
def test_fits(question: str, sentence: str, score: float) -> None:
    assert fit(expected(question), notes(sentence), sentence) == score


@pytest.mark.parametrize(
    ("question", "sentence", "met"),
    [
        ("exports", "Nothing.", 1),
        ("exports in 2024", "In 2024 they grew.", 1),
        ("exports in 2024", "2024年增长。", 1),
        ("exports in 2024", "В 2024 году вырос.", 1),
        ("exports in 2024", "In 2023 they grew.", 0),
        ("from 2014 to 2023", "In 2023 they grew.", 0),
        ("exports in 2024", "It grew.", 0.5),
        ("exports in 2024", "TASS wrote on 3 March 2024 that it grew.", 0.5),
        ("exports in 2024", "In 2023 they grew, TASS wrote on 3 March 2024.", 0),
        ("экспорт в 2024 году", "В 2023 году вырос, сообщал ТАСС 3 марта 2024 года.", 0),
        ("2024年出口", "塔斯社2024年3月3日报道，2023年增长。", 0),
    ],
)
def test_years_met(question: str, sentence: str, met: float) -> None:
    assert years_met(expected(question), notes(sentence)) == met


@pytest.mark.parametrize(("before", "met"), [({2024}, 0.8), ({2023}, 0.2), ({2023, 2024}, 0.8), (set(), 0.5)])
def test_years_told_before_count_where_a_sentence_has_none(before: set[int], met: float) -> None:
    asked = expected("exports in 2024")
    assert years_met(asked, notes("It grew."), frozenset(before)) == met
    assert years_met(asked, notes("In 2024 it grew."), frozenset(before)) == 1


@pytest.mark.parametrize(
    ("question", "sentence", "met"),
    [
        ("exports in 2024", "It grew.", 1),
        ("exports in January to May 2024", "За пять месяцев вырос.", 1),
        ("экспорт за первое полугодие", "上半年增长。", 1),
        ("上半年出口", "In the first quarter it grew.", 0),
        ("上半年出口", "In 2024 it grew.", 0),
    ],
)
def test_a_part_of_the_year_is_met_in_any_words(question: str, sentence: str, met: float) -> None:
    assert period_met(expected(question), sentence) == met


@pytest.mark.parametrize(
    ("question", "sentence", "met"),
    [
        ("exports", "They were 5 tonnes.", 1),
        ("who said 27 billion dollars", "特鲁特涅夫说是270亿美元。", 1),
        ("who said 27 billion dollars", "It was 22 billion dollars.", 0),
        ("a bridge of 20 km or 19.9 km", "Длина – 19,9 км.", 0.5),
    ],
)
def test_numbers_of_the_question_met(question: str, sentence: str, met: float) -> None:
    assert given_met(expected(question), notes(sentence)) == met


def test_what_a_sentence_tells_is_not_what_the_question_gives() -> None:
    wanted = expected("how many trucks crossed the 20 km road in 2024")
    assert tells(wanted, notes("In 2024, on the 20 km road, 300 trucks and 5 buses crossed.")) == {
        (300, "vehicles"),
        (5, "vehicles"),
    }
    assert tells(wanted, notes("The road opened on 3 May 2024.")) == {(2024, 5)}


@given(st.text(max_size=120), st.text(max_size=120))
def test_any_text_can_be_asked_and_scored(question: str, sentence: str) -> None:
    assert fit(expected(question), notes(sentence), sentence) in (0, 0.5, 1)
