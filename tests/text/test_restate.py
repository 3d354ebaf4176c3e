"""Answering words in the reader's language."""

from __future__ import annotations

from coopbot.domain import Language
from coopbot.text.restate import restate
from tests.cases import check_each


def test_amounts_dates_and_names_are_written_in_the_readers_language() -> None:
    cases: dict[tuple[str, Language], str] = {
        ("1283米", "en"): "1,283 m",
        ("38,8 млрд кубометров", "en"): "38.8 billion m³",
        ("38.8 bcm", "zh"): "388亿立方米",
        ("около 40 тысяч человек", "en"): "about 40,000 people",
        ("超过1400万吨", "ru"): "более 14 млн т",
        ("30 days", "ru"): "30 дней",
        ("21天", "ru"): "21 день",
        ("22 дня", "zh"): "22天",
        ("220亿美元", "ru"): "22 млрд долл. США",
        ("3 млрд кВт·ч", "en"): "3 billion kWh",
        ("5-7 million tonnes", "ru"): "5–7 млн т",
        ("2022年6月10日", "en"): "10 June 2022",
        ("10 June 2022", "ru"): "10 июня 2022 г.",
        ("июнь 2022 года", "zh"): "2022年6月",
        ("в 2019 году", "en"): "2019",
        ("Хэйхэ и Благовещенск", "en"): "Heihe, Blagoveshchensk",
        ("在符拉迪沃斯托克", "ru"): "Владивосток",
    }

    def check(case: tuple[tuple[str, Language], str]) -> None:
        assert restate(*case[0]) == case[1]

    check_each(cases.items(), check)


def test_what_is_not_sure_is_left_out() -> None:
    # A half year, an amount among other words, an amount that "about" belongs to in another language's grammar.
    unsure: tuple[tuple[str, Language], ...] = (
        ("2023年上半年", "en"),
        ("桥宽14.5米", "en"),
        ("the Chinese side", "ru"),
        ("не известно", "en"),
        ("с 10 по 12 июня", "en"),
        ("", "zh"),
    )

    def check(case: tuple[str, Language]) -> None:
        assert restate(*case) == ""

    check_each(unsure, check)
