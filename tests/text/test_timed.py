"""Amounts and the times that they are about."""

from __future__ import annotations

from datetime import date

import pytest

from coopbot.text.timed import parts_to, timed_amounts

PUBLISHED = date(2026, 1, 12)


def _found(text: str) -> list[tuple[str, str]]:
    """Each amount with its time: a year, or the first and the last month."""
    return [
        (
            amount.of(text),
            f"{amount.time.first:%Y}" if amount.time.length == 12 else f"{amount.time.first:%Y-%m}/{amount.time.last:%Y-%m}",
        )
        for amount in timed_amounts(text, PUBLISHED)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "It delivered 31.12 bcm in 2024, 22.7 bcm in 2023 and 10.4 bcm in 2021.",
            [("31.12 bcm", "2024"), ("22.7 bcm", "2023"), ("10.4 bcm", "2021")],
        ),
        ("Trade grew in 2026: from January to April it reached $85 billion.", [("$85 billion", "2026-01/2026-04")]),
        ("In January and February 2026 goods worth $39 billion were traded.", [("$39 billion", "2026-01/2026-02")]),
        ("2025年1月至4月货运量680万吨。", [("680万吨", "2025-01/2025-04")]),
        ("In 2021 and 2022 the port took 5 and 6 million tonnes.", [("5", "2021"), ("6 million tonnes", "2022")]),
        ("From January to May 2024 trade was $90 billion.", [("$90 billion", "2024-01/2024-05")]),
        ("Between 2019 and 2023 it handled 15 million tonnes.", [("15 million tonnes", "2019-01/2023-12")]),
        ("Exports rose from 5 to 7 million tonnes in 2023.", [("7 million tonnes", "2023")]),
        ("There were 350,000 guests in 2024, 1.6 times as many as in 2019.", [("350,000", "2024"), ("1.6 times", "2024")]),
        ("Last year 300,000 people crossed, against 200,000 in 2023.", [("300,000 people", "2025"), ("200,000", "2023")]),
        ("In 2025 it carried more than 6 million tonnes.", [("6 million tonnes", "2025")]),
        (
            "Стратегия до 2050 года: 121,7 млн т в 2025 году, 178,7 млн т в 2030 году.",
            [("121,7 млн т", "2025"), ("178,7 млн т", "2030")],
        ),
        (
            "В 2021 году поставки достигли 10,4 млрд, в 2022 году — 15,5 млрд кубометров.",
            [("10,4 млрд", "2021"), ("15,5 млрд кубометров", "2022")],
        ),
        ("За пять месяцев 2024 года товарооборот вырос на 3 млрд долларов.", [("пять месяцев", "2024-01/2024-05")]),
        (
            "За январь – май 2024 года ввезли 3 млн т, за тот же период 2023 года — 2 млн т.",
            [("3 млн т", "2024-01/2024-05"), ("2 млн т", "2023-01/2023-05")],
        ),
        ("В 2023 году приехали 139 500 туристов, годом ранее — 1200.", [("139 500 туристов", "2023")]),
        ("中俄贸易额2025年为2281亿美元，按人民币计为1.63万亿元。", [("2281亿美元", "2025"), ("1.63万亿元", "2025")]),
        (
            "2024年1至7月旅客60万人次，2023年同期为20万人次。",
            [("60万人次", "2024-01/2024-07"), ("20万人次", "2023-01/2023-07")],
        ),
        ("大豆出口2020/21产季为83.2万吨。", [("83.2万吨", "2020")]),
        ("TASS reported on 14 January 2026 that trade was $228 billion in 2025.", [("$228 billion", "2025")]),
        (
            "В 2023 году порт отправил 34 900 тонн, на 69% больше 20 600 тонн 2022 года.",
            [("34 900 тонн", "2023"), ("69%", "2023"), ("20 600 тонн", "2022")],
        ),
        ("It sold 4.6 TWh of power in 2022 and 3.1 TWh in 2023.", [("4.6 TWh", "2022"), ("3.1 TWh", "2023")]),
        ("In 2025 gas cost 248 dollars per 1,000 cubic metres.", [("248 dollars", "2025")]),
        ("Turnover in 2019 was higher than in that of 2021: 64 billion yuan.", [("64 billion yuan", "2019")]),
        ("The bridge is 1,283 metres long.", []),
    ],
)
def test_each_amount_has_the_time_that_it_is_about(text: str, expected: list[tuple[str, str]]) -> None:
    assert _found(text) == expected


def test_an_amount_without_a_unit_has_that_of_the_one_before() -> None:
    one, other = timed_amounts("В 2022 году продали 4,6 млрд кВт·ч, в 2023 году — 3,1 млрд.")
    assert (float(one.value), float(other.value), other.unit) == (4.6e12, 3.1e12, "wh")


def test_the_part_of_a_sentence_around_an_amount_says_what_it_counts() -> None:
    text = "In 2022 trade rose to $190 billion, with exports of $76 billion and imports of $114 billion."
    trade, exports, imports = (parts_to(amount, text) for amount in timed_amounts(text))
    assert ("trade" in trade[0], "exports" in exports[0], "imports" in imports[0]) == (True, True, True)
    assert "exports" not in imports[0]
    assert "trade" in exports[-1]


def test_a_time_has_the_same_days_wherever_it_stands() -> None:
    one, other = (timed_amounts(text)[0].time for text in ("In 2024 it took 5 million t.", "It took 5 million t in 2024."))
    assert one != other
    assert one.days == other.days
