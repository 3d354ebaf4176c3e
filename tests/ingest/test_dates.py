from datetime import date

import pytest

from coopbot.ingest.page.full_dates import find_date, without_dates

MAY_10 = date(2025, 5, 10)


@pytest.mark.parametrize(
    "text",
    [
        "Updated: 2025-05-10 08:00",
        "2025/05/10",
        "2025.5.10",
        "May 10, 2025",
        "Sat, 10th of May 2025",
        "10 May 2025 at noon",
        "10 мая 2025",
        "Опубликовано 10 мая 2025 г.",
        "10.05.2025, 10:15",
        "2025年5月10日",
        "２０２５年０５月１０日 10:15",
        "2025 年 5 月 10 日",
        "no 31.02.2025 but 10.05.2025",
        "10 May 2025, updated 12 May 2025",
    ],
)
def test_dates_of_the_three_languages(text: str) -> None:
    assert find_date(text) == MAY_10


@pytest.mark.parametrize(
    ("name", "month"), [("марта", 3), ("сент.", 9), ("янв", 1), ("декабря", 12), ("Sept.", 9), ("March", 3)]
)
def test_months(name: str, month: int) -> None:
    assert find_date(f"7 {name} 2024") == date(2024, month, 7)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2025",
        "May 2025",
        "в мае 2025 года",
        "2025年5月",
        "10:15",
        "yesterday",
        "05/10/2025",
        "version 1.12.2025.3",
        "31.02.2025",
    ],
)
def test_what_is_not_a_full_date_is_none(text: str) -> None:
    assert find_date(text) is None


def test_without_dates() -> None:
    assert without_dates("Anna, 10 мая 2025, 2025-05-10!").split() == ["Anna,", ",", "!"]
