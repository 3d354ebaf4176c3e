"""Each row: a text and the dates it tells, as (matched text, year, month, day)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coopbot.text.dates import find_dates

Row = tuple[str, list[tuple[str, int | None, int | None, int | None]]]

ENGLISH: list[Row] = [
    ("It opened on 10 June 2022.", [("10 June 2022", 2022, 6, 10)]),
    ("It opened on June 10, 2022.", [("June 10, 2022", 2022, 6, 10)]),
    ("It opened on the 10th of June 2022.", [("10th of June 2022", 2022, 6, 10)]),
    ("It opened in June 2022.", [("June 2022", 2022, 6, None)]),
    ("It opened in june 2022", [("june 2022", 2022, 6, None)]),
    ("It opened on Jan. 5, 2024", [("Jan. 5, 2024", 2024, 1, 5)]),
    ("It opened in Sept 2024", [("Sept 2024", 2024, 9, None)]),
    ("It opened in 2022.", [("2022", 2022, None, None)]),
    ("It opened on 10 June.", [("10 June", None, 6, 10)]),
    ("It opened on June 10.", [("June 10", None, 6, 10)]),
    ("It opened in May.", [("May", None, 5, None)]),
    ("Trucks may 10 times a day.", []),
    ("Mr. May and Ms. June spoke.", []),
    ("between 2014 and 2023", [("2014", 2014, None, None), ("2023", 2023, None, None)]),
    ("from 2014-2023 on", [("2014", 2014, None, None), ("2023", 2023, None, None)]),
    ("the 2014–2023 plan", [("2014", 2014, None, None), ("2023", 2023, None, None)]),
    ("the 2024-25 season", [("2024-25", 2024, None, None)]),
    ("in the first half of 2023", [("first half of 2023", 2023, None, None)]),
    ("in H1 2023 and Q4 2024", [("H1 2023", 2023, None, None), ("Q4 2024", 2024, None, None)]),
    ("the third quarter of 2024", [("third quarter of 2024", 2024, None, None)]),
    ("January to July 2025", [("January to July 2025", 2025, None, None)]),
    ("10-12 June 2022", [("10-12 June 2022", 2022, 6, 12)]),
    ("on 2025-05-10 at 08:00", [("2025-05-10", 2025, 5, 10)]),
    ("16/11/2022", [("16/11/2022", 2022, 11, 16)]),
    ("16.11.2022", [("16.11.2022", 2022, 11, 16)]),
    ("45.13.2022", []),
    ("version 2022.1.3.4", []),
    ("In 2022 trucks crossed.", [("2022", 2022, None, None)]),
    ("about 2000 trucks", []),
    ("$2000 and 2000 km", []),
    ("2,022 and 12022 and 1500", []),
    ("in the 1990s", []),
    ("In June 5 million tonnes passed.", [("June", None, 6, None)]),
    ("COVID-2019", []),
]
RUSSIAN: list[Row] = [
    ("Открыли 10 июня 2022 года.", [("10 июня 2022 года", 2022, 6, 10)]),
    ("Открыли в июне 2022 г.", [("июне 2022 г.", 2022, 6, None)]),
    ("Открыли в июне 2022-го", [("июне 2022-го", 2022, 6, None)]),
    ("Открыли в 2022 году.", [("2022 году", 2022, None, None)]),
    ("Открыли в 2022.", [("2022", 2022, None, None)]),
    ("Открыли 16.11.2022.", [("16.11.2022", 2022, 11, 16)]),
    ("Открыли 5 мая.", [("5 мая", None, 5, 5)]),
    ("Открыли в августе.", [("августе", None, 8, None)]),
    ("ОТКРЫЛИ В ИЮНЕ 2022 ГОДА", [("ИЮНЕ 2022 ГОДА", 2022, 6, None)]),
    ("за 2014–2023 годы", [("2014", 2014, None, None), ("2023 годы", 2023, None, None)]),
    ("между 2014 и 2023 годами", [("2014", 2014, None, None), ("2023 годами", 2023, None, None)]),
    ("в 2022–2023 гг. больше", [("2022", 2022, None, None), ("2023 гг.", 2023, None, None)]),
    ("в первом полугодии 2023 года", [("первом полугодии 2023 года", 2023, None, None)]),
    ("в 1-м квартале 2024 г.", [("1-м квартале 2024 г.", 2024, None, None)]),
    ("в III квартале 2024 года", [("III квартале 2024 года", 2024, None, None)]),
    ("к марту 2026 года и к маю 2025 года", [("марту 2026 года", 2026, 3, None), ("маю 2025 года", 2025, 5, None)]),
    ("в январе–июле 2025 года", [("январе–июле 2025 года", 2025, None, None)]),
    ("с января по июль 2025 года", [("января по июль 2025 года", 2025, None, None)]),
    ("с 24 по 28 мая 2024 года", [("24 по 28 мая 2024 года", 2024, 5, 28)]),
    ("24-28 мая 2024 года", [("24-28 мая 2024 года", 2024, 5, 28)]),
    ("12 дек. 2022 г.", [("12 дек. 2022 г.", 2022, 12, 12)]),
    ("в 1990-х годах", []),
    ("2000 поездов и 1990 тонн", []),
    ("2012 км, 2,022 млрд", []),
    ("к концу 2030 года", [("2030 года", 2030, None, None)]),
    ("Маяк и мартен стоят", []),
    ("до 31 декабря 2025", [("31 декабря 2025", 2025, 12, 31)]),
    ("10\u00a0июня 2022\u00a0года", [("10\u00a0июня 2022\u00a0года", 2022, 6, 10)]),
    ("в 9:30 и 1/2022", []),
]
CHINESE: list[Row] = [
    ("2022年6月10日通车", [("2022年6月10日", 2022, 6, 10)]),
    ("2022年6月通车", [("2022年6月", 2022, 6, None)]),
    ("2022年6月份通车", [("2022年6月份", 2022, 6, None)]),
    ("2022年通车", [("2022年", 2022, None, None)]),
    ("２０２２年６月１０日", [("２０２２年６月１０日", 2022, 6, 10)]),
    ("2022 年 6 月 10 日", [("2022 年 6 月 10 日", 2022, 6, 10)]),
    ("6月10日通车", [("6月10日", None, 6, 10)]),
    ("6月10号通车", [("6月10号", None, 6, 10)]),
    ("6月通车", [("6月", None, 6, None)]),
    ("新华社10日电", [("10日", None, None, 10)]),
    ("2023年上半年", [("2023年上半年", 2023, None, None)]),
    ("2023年第一季度", [("2023年第一季度", 2023, None, None)]),
    ("2023年前三季度", [("2023年前三季度", 2023, None, None)]),
    ("2025年1至7月", [("2025年1至7月", 2025, None, None)]),
    ("2025年1-7月", [("2025年1-7月", 2025, None, None)]),
    ("2025年前七个月", [("2025年前七个月", 2025, None, None)]),
    ("2014年至2023年", [("2014年", 2014, None, None), ("2023年", 2023, None, None)]),
    ("认为，2018—2024年的规划", [("2018", 2018, None, None), ("2024年", 2024, None, None)]),
    ("2022年6月10日至12日", [("2022年6月10日", 2022, 6, 10), ("12日", None, None, 12)]),
    ("2022-06-10通车", [("2022-06-10", 2022, 6, 10)]),
    ("2022.6.10通车", [("2022.6.10", 2022, 6, 10)]),
    ("28年来", []),
    ("2000年代", []),
    ("2000万吨和1912人", []),
    ("2000余人", []),
    ("13月40日", []),
    ("两年后的5月", [("5月", None, 5, None)]),
    ("2024年年底", [("2024年", 2024, None, None)]),
]


@pytest.mark.parametrize(("text", "expected"), ENGLISH + RUSSIAN + CHINESE)
def test_dates_are_found(text: str, expected: list[tuple[str, int | None, int | None, int | None]]) -> None:
    found = [(text[date.start_char : date.end_char], date.year, date.month, date.day) for date in find_dates(text)]
    assert found == expected


def test_a_long_s_is_an_s() -> None:
    assert [(date.year, date.month) for date in find_dates("in ſeptember 2022")] == [(2022, 9)]


PARTS = st.sampled_from(
    [*"0123456789年月日.,-–/ 至", "2022", "June", "июня", " года", " and ", "ſept", "May ", "I ", "H1 ", "上半年", "\u00a0"]
)


@settings(deadline=None)
@given(st.one_of(st.text(), st.lists(PARTS, max_size=30).map("".join)))
def test_dates_are_possible_in_order_and_do_not_overlap(text: str) -> None:
    end_char = 0
    for date in find_dates(text):
        assert end_char <= date.start_char < date.end_char <= len(text)
        assert date.year is None or 1800 <= date.year <= 2099
        assert date.month is None or 1 <= date.month <= 12
        assert date.day is None or 1 <= date.day <= 31
        end_char = date.end_char
