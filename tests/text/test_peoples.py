from __future__ import annotations

import pytest

from coopbot.text.peoples import find_peoples, speaks_of_other_people


@pytest.mark.parametrize(
    ("text", "peoples"),
    [
        ("Do Russians need a visa for China?", {"russian"}),
        ("Do Chinese need a visa for Vladivostok?", {"chinese"}),
        ("Chinese citizens with ordinary passports did not need a visa for Russia.", {"chinese"}),
        ("中国人去俄罗斯要签证吗", {"chinese"}),
        ("俄罗斯公民持普通护照去中国不需要签证。", {"russian"}),
        ("Нужна ли россиянам виза в Китай?", {"russian"}),
        ("Китайским студентам виза в Россию была нужна.", {"chinese"}),
        ("Russians and Chinese tourists", {"russian", "chinese"}),
        ("виза в Китай сейчас нужна или нет", {"russian"}),
        ("is a visa for Russia still needed?", {"chinese"}),
        ("去俄罗斯还要办签证吗", {"chinese"}),
        ("Китайцам с обычным загранпаспортом виза в Россию была не нужна.", {"chinese"}),
        ("中国人民银行与俄罗斯结算", set()),
        ("The Chinese bridge carries Russian gas.", set()),
        ("Китайский мост и российский газ", set()),
    ],
)
def test_citizens_are_told_from_countries(text: str, peoples: set[str]) -> None:
    assert find_peoples(text) == peoples


def test_a_rule_for_the_others_is_of_other_people() -> None:
    question = "Do Russians need a visa for China?"
    assert speaks_of_other_people(question, "中国公民去俄罗斯不需要签证。")
    assert not speaks_of_other_people(question, "Россиянам виза в Китай не требовалась.")
    assert not speaks_of_other_people(question, "Russians and Chinese citizens may cross the bridge.")
    assert not speaks_of_other_people(question, "The visa waiver was to hold until 14 September 2026.")
