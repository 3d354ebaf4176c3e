from __future__ import annotations

import pytest

from coopbot.text.crossing import find_peoples, find_ways, is_the_other_way_round


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


def test_a_rule_for_the_others_is_the_other_way_round() -> None:
    question = "Do Russians need a visa for China?"
    assert is_the_other_way_round(question, "中国公民去俄罗斯不需要签证。")
    assert not is_the_other_way_round(question, "Россиянам виза в Китай не требовалась.")
    assert not is_the_other_way_round(question, "Russians and Chinese citizens may cross the bridge.")
    assert not is_the_other_way_round(question, "The visa waiver was to hold until 14 September 2026.")


@pytest.mark.parametrize(
    ("text", "into"),
    [
        ("Can a Russian take honey into China?", {"china"}),
        ("Chinese meat may not be brought into Russia.", {"russia"}),
        ("Russia sold China 98 million tonnes of coal, China's exports of cars fell", {"china", "russia"}),
        ("сколько сигарет можно ввезти из Китая", {"russia"}),
        ("Экспорт России вырос", {"china"}),
        ("中国收到俄罗斯牛肉1.33万吨。", set()),
        ("中国2024年进口俄罗斯煤炭", {"china"}),
        ("从俄罗斯带东西回国有什么限制", {"china"}),
        ("对俄出口汽车", {"russia"}),
        ("в Китае живут панды, в России — медведи", set()),
    ],
)
def test_the_way_across_the_border_is_found(text: str, into: set[str]) -> None:
    assert find_ways(text) == into


def test_what_goes_into_the_one_country_is_the_other_way_round_than_what_goes_into_the_other() -> None:
    question = "сколько пачек сигарет можно провезти в Китай"
    assert is_the_other_way_round(question, "Взрослый может провезти в Россию 200 сигарет.")
    assert not is_the_other_way_round(question, "Из России в Китай можно взять 200 сигарет.")
    assert not is_the_other_way_round(question, "Жителям Китая можно ввезти 400 сигарет.")
