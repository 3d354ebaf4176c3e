from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopbot.text.periods import Period, find_periods


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("Jan–Oct 2024", (1, 10)),
        ("from January to May", (1, 5)),
        ("March through August", (3, 8)),
        ("за первые пять месяцев 2024 года", (1, 5)),
        ("за десять месяцев", (1, 10)),
        ("январь – май", (1, 5)),
        ("в мае–июне", (5, 6)),
        ("2024年1至5月", (1, 5)),
        ("1月—10月", (1, 10)),
        ("前十个月", (1, 10)),
        ("头五个月", (1, 5)),
        ("两个月", (1, 2)),
        ("2025上半年", (1, 6)),
        ("下半年", (7, 12)),
        ("第一季度", (1, 3)),
        ("4季度", (10, 12)),
        ("в первом полугодии 2025 года", (1, 6)),
        ("2-е полугодие", (7, 12)),
        ("III квартал", (7, 9)),
        ("IV квартале", (10, 12)),
        ("H1 2025", (1, 6)),
        ("Ｑ３ 2024", (7, 9)),
        ("the first half-year", (1, 6)),
        ("the second quarter of 2023", (4, 6)),
    ],
)
def test_parts_of_a_year(text: str, period: Period) -> None:
    assert find_periods(text) == {period}


@pytest.mark.parametrize(
    "text",
    ["", "2024", "5月", "a visa for 12 months", "for one month", "29 августа по 3 сентября", "May to March", "半年", "13个月"],
)
def test_no_part_of_a_year(text: str) -> None:
    assert find_periods(text) == frozenset()


@given(st.text(alphabet="1234 前上下半年月季度第一二个至-–qhI firsthalfquarteмесяцполугодиквартлянвферп"))
def test_any_text_gives_months_in_order(text: str) -> None:
    assert all(1 <= first < last <= 12 for first, last in find_periods(text))
