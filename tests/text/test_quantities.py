"""Each row: a text and the amounts in it, as (matched text, value, unit); a trailing ~ on the unit means approximate."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coopbot.text.quantities import find_quantities

Row = tuple[str, list[tuple[str, str, str]]]

ENGLISH: list[Row] = [
    ("approximately $27 billion in 2023", [("$27 billion", "27e9", "usd~")]),
    ("27 billion US dollars", [("27 billion US dollars", "27e9", "usd")]),
    ("US$ 400bn and $1.5bn", [("US$ 400bn", "400e9", "usd"), ("$1.5bn", "1.5e9", "usd")]),
    ("$5m, €3k, £2", [("$5m", "5e6", "usd"), ("€3k", "3e3", "eur"), ("2", "2", "")]),
    ("RUB 950 billion or 24 million yuan", [("RUB 950 billion", "950e9", "rub"), ("24 million yuan", "24e6", "cny")]),
    ("a 27-billion-dollar trade", [("27-billion-dollar", "27e9", "usd")]),
    ("¥571 million", [("¥571 million", "571e6", "cny")]),
    (
        "70 percent, 5.2 % and 3 per cent",
        [("70 percent", "70", "percent"), ("5.2 %", "5.2", "percent"), ("3 per cent", "3", "percent")],
    ),
    ("a rise of 2 percentage points", [("2 percentage points", "2", "pp")]),
    ("38.8 bcm of gas", [("38.8 bcm", "38.8e9", "m3")]),
    ("800 million cubic metres", [("800 million cubic metres", "800e6", "m3")]),
    ("21 Mt a year", [("21 Mt", "21e6", "t")]),
    ("5-7 million tonnes", [("5", "5e6", "t"), ("7 million tonnes", "7e6", "t")]),
    ("10 or 12 bcm", [("10", "10e9", "m3"), ("12 bcm", "12e9", "m3")]),
    (
        "10.4 billion in 2021, 15.5 billion cubic metres in 2022",
        [("10.4 billion", "10.4e9", "m3"), ("15.5 billion cubic metres", "15.5e9", "m3")],
    ),
    ("3 million and 5 billion roubles later", [("3 million", "3e6", "rub"), ("5 billion roubles", "5e9", "rub")]),
    ("3 million in 2021, then 5 billion roubles", [("3 million", "3e6", ""), ("5 billion roubles", "5e9", "rub")]),
    ("from 3.5 billion to 13 billion roubles", [("3.5 billion", "3.5e9", "rub"), ("13 billion roubles", "13e9", "rub")]),
    ("5 m passengers and 5 m long", [("5 m passengers", "5e6", "people"), ("5 m", "5", "m")]),
    ("a 19.9-km road of 1,283 metres", [("19.9-km", "19.9", "km"), ("1,283 metres", "1283", "m")]),
    ("630 heavy trucks and 164 buses a day", [("630 heavy trucks", "630", "vehicles"), ("164 buses", "164", "vehicles")]),
    ("five freight trains of 62 wagons", [("five freight trains", "5", "trains"), ("62 wagons", "62", "wagons")]),
    ("1.86 million TEU", [("1.86 million TEU", "1.86e6", "teu")]),
    ("3.6 TWh and 500 MW", [("3.6 TWh", "3.6e12", "wh"), ("500 MW", "500e6", "w")]),
    ("335 square kilometres, 68,000 ha", [("335 square kilometres", "335", "km2"), ("68,000 ha", "68000", "ha")]),
    ("more than 50 international enterprises", [("50", "50", "~")]),
    ("over 8,400 people from 75 countries", [("8,400 people", "8400", "people~"), ("75", "75", "")]),
    ("130 million households for 30 years", [("130 million households", "130e6", "households"), ("30 years", "30", "years")]),
    ("at 100 km/h, 2.5 times as fast", [("100 km/h", "100", "km/h"), ("2.5 times", "2.5", "times")]),
    ("twelve months, one bridge, two countries", [("twelve months", "12", "months")]),
    ("It opened on 10 June 2022 at 8:30.", []),
    ("COVID-19, version 1.2.3, 163.com, the 5th, Siberia-2", []),
    ("In 2023 there were 2023 trucks", [("2023 trucks", "2023", "vehicles")]),
    ("50+ or 50 or so", [("50+", "50", "~"), ("50", "50", "~")]),
    ("It cost 3 billion. Dollars were short.", [("3 billion", "3e9", "")]),
]
RUSSIAN: list[Row] = [
    ("около 27 млрд долларов", [("27 млрд долларов", "27e9", "usd~")]),
    ("400 млрд долл. США", [("400 млрд долл. США", "400e9", "usd")]),
    ("571 млн юаней (83 млн долларов)", [("571 млн юаней", "571e6", "cny"), ("83 млн долларов", "83e6", "usd")]),
    ("950 миллиардов рублей", [("950 миллиардов рублей", "950e9", "rub")]),
    ("1,283 трлн рублей", [("1,283 трлн рублей", "1.283e12", "rub")]),
    ("500 руб. и 500 ₽", [("500 руб.", "500", "rub"), ("500 ₽", "500", "rub")]),
    ("5,2 % и 70 процентов", [("5,2 %", "5.2", "percent"), ("70 процентов", "70", "percent")]),
    ("на 2 процентных пункта", [("2 процентных пункта", "2", "pp")]),
    ("38,8 млрд куб. м газа", [("38,8 млрд куб. м", "38.8e9", "m3")]),
    ("22 млрд кубометров", [("22 млрд кубометров", "22e9", "m3")]),
    ("120 тыс. т и 5 млн. тонн", [("120 тыс. т", "120e3", "t"), ("5 млн. тонн", "5e6", "t")]),
    ("1 283 м и 1\u00a0283 м", [("1 283 м", "1283", "m"), ("1\u00a0283 м", "1283", "m")]),
    ("5–7 млн тонн", [("5", "5e6", "t"), ("7 млн тонн", "7e6", "t")]),
    ("с 22 до 27 млрд долларов", [("22", "22e9", "usd"), ("27 млрд долларов", "27e9", "usd")]),
    ("с 3,5 млрд до 13 млрд рублей", [("3,5 млрд", "3.5e9", "rub"), ("13 млрд рублей", "13e9", "rub")]),
    ("более 120 тысяч человек", [("120 тысяч человек", "120e3", "people~")]),
    ("свыше 17 тыс. чел.", [("17 тыс. чел.", "17e3", "people~")]),
    ("630 грузовых автомобилей и 68 машин", [("630 грузовых автомобилей", "630", "vehicles"), ("68 машин", "68", "vehicles")]),
    ("два поезда по 62 вагона", [("два поезда", "2", "trains"), ("62 вагона", "62", "wagons")]),
    ("1,86 млн TEU и 5 ДФЭ", [("1,86 млн TEU", "1.86e6", "teu"), ("5 ДФЭ", "5", "teu")]),
    ("4,7 млрд кВт·ч и 500 МВт", [("4,7 млрд кВт·ч", "4.7e12", "wh"), ("500 МВт", "500e6", "w")]),
    ("335 кв. км, 68 000 га", [("335 кв. км", "335", "km2"), ("68 000 га", "68000", "ha")]),
    ("19,9 км за 30 лет", [("19,9 км", "19.9", "km"), ("30 лет", "30", "years")]),
    ("девять месяцев и 240 дней", [("девять месяцев", "9", "months"), ("240 дней", "240", "days")]),
    ("вырос в 1,5 раза", [("1,5 раза", "1.5", "times")]),
    ("71 проект, не менее 13 лет", [("71", "71", ""), ("13 лет", "13", "years~")]),
    ("10 июня 2022 года в 9:30, № 5 и 22-я", []),
    ("за 2014–2023 годы, в 1990-х", []),
    ("100 домохозяйств, 3 евро", [("100 домохозяйств", "100", "households"), ("3 евро", "3", "eur")]),
    ("один из двух мостов", []),
]
CHINESE: list[Row] = [
    ("约270亿美元", [("270亿美元", "27e9", "usd~")]),
    ("２７０亿美元", [("２７０亿美元", "27e9", "usd")]),
    ("24.7亿元人民币（约合3.69亿美元）", [("24.7亿元人民币", "2.47e9", "cny"), ("3.69亿美元", "369e6", "usd~")]),
    ("人民币5.71亿元", [("人民币5.71亿元", "571e6", "cny")]),
    ("6.051万亿卢布", [("6.051万亿卢布", "6.051e12", "rub")]),
    ("3亿欧元", [("3亿欧元", "3e8", "eur")]),
    ("增长5.2%，占百分之七十", [("5.2%", "5.2", "percent"), ("百分之七十", "70", "percent")]),
    ("百分之70", [("百分之70", "70", "percent")]),
    ("提高2个百分点", [("2个百分点", "2", "pp")]),
    ("388亿立方米", [("388亿立方米", "38.8e9", "m3")]),
    ("500.2万吨", [("500.2万吨", "5.002e6", "t")]),
    ("5至7百万吨", [("5", "5e6", "t"), ("7百万吨", "7e6", "t")]),
    ("全长19.9公里，桥长1283米", [("19.9公里", "19.9", "km"), ("1283米", "1283", "m")]),
    ("三百零九米和三十一点六公里", [("三百零九米", "309", "m"), ("三十一点六公里", "31.6", "km")]),
    ("三亿五千万吨", [("三亿五千万吨", "3.5e8", "t")]),
    ("3千米、3千克、3千瓦时", [("3千米", "3", "km"), ("3千克", "0.003", "t"), ("3千瓦时", "3000", "wh")]),
    ("100余万人次", [("100余万人次", "1e6", "people~")]),
    ("5500人次和588万人", [("5500人次", "5500", "people"), ("588万人", "5.88e6", "people")]),
    ("货车630辆，共17万辆次", [("630辆", "630", "vehicles"), ("17万辆次", "170000", "vehicles")]),
    ("两列火车，25936列", [("两列", "2", "trains"), ("25936列", "25936", "trains")]),
    ("251万标准箱、2万个标准箱", [("251万标准箱", "2.51e6", "teu"), ("2万个标准箱", "20000", "teu")]),
    ("335平方公里，8.6万平方米", [("335平方公里", "335", "km2"), ("8.6万平方米", "86000", "m2")]),
    ("1.3亿户", [("1.3亿户", "1.3e8", "households")]),
    ("谈判花了28年，三年后，两年多。", [("28年", "28", "years"), ("三年", "3", "years"), ("两年", "2", "years~")]),
    ("240天和3个月", [("240天", "240", "days"), ("3个月", "3", "months")]),
    ("超过50家企业、100多项", [("50", "50", "~"), ("100多", "100", "~")]),
    ("90%以上", [("90%", "90", "percent~")]),
    ("最近5年", [("5年", "5", "years")]),
    ("2022年6月10日第5届，数十万人，一带一路", []),
    ("增长1.5倍", [("1.5倍", "1.5", "times")]),
    ("47亿千瓦时", [("47亿千瓦时", "4.7e12", "wh")]),
]
SAME = [
    (
        "27 billion dollars",
        "$27bn",
        "US$27 billion",
        "270亿美元",
        "27 млрд долларов",
        "27 миллиардов долларов США",
        "27,000,000,000 USD",
    ),
    ("5 million yuan", "¥5 million", "500万元", "500万元人民币", "5 млн юаней", "RMB 5 mn"),
    ("38.8 bcm", "388亿立方米", "38,8 млрд кубометров", "38.8 billion cubic metres", "38,8 млрд м³"),
    ("21 Mt", "2100万吨", "21 млн тонн", "21 million tonnes", "21 млн т"),
    ("6.05 trillion roubles", "6.05万亿卢布", "6,05 трлн руб.", "RUB 6,050 billion"),
    ("5.2 percent", "5.2%", "5,2 %", "5,2 процента", "百分之五点二"),
    ("4.7 TWh", "47亿千瓦时", "4,7 млрд кВт·ч", "4.7 billion kWh"),
    ("1,283 m", "1 283 м", "1283米", "1283 metres"),
    ("120 thousand people", "12万人", "120 тыс. человек", "120,000 passengers"),
    ("two trains", "两列", "два поезда", "2 поезда"),
    ("30 years", "30年", "30 лет", "三十年"),
]


def described(text: str) -> list[tuple[str, Decimal, str]]:
    return [
        (text[found.start_char : found.end_char], found.value, found.unit + "~" * found.approximate)
        for found in find_quantities(text)
    ]


@pytest.mark.parametrize(("text", "expected"), ENGLISH + RUSSIAN + CHINESE)
def test_quantities_are_found(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert described(text) == [(matched, Decimal(value), unit) for matched, value, unit in expected]


@pytest.mark.parametrize("texts", SAME, ids=lambda texts: texts[0])
def test_the_same_amount_in_every_language(texts: tuple[str, ...]) -> None:
    amounts = {(found.value, found.unit) for text in texts for found in find_quantities(text)}
    assert len(amounts) == 1
    assert [len(find_quantities(text)) for text in texts] == [1] * len(texts)


PARTS = st.sampled_from(
    [
        *"0123456789.,-–%$万亿千两三点至 \n",
        "2022年",
        " million",
        " млн",
        " долл.",
        "百分之",
        "uſd 5",
        "ſix ",
        "多",
        "\u00a0",
        "K",
    ]
)


@settings(deadline=None)
@given(st.one_of(st.text(), st.lists(PARTS, max_size=30).map("".join)))
def test_quantities_are_in_order_and_do_not_overlap(text: str) -> None:
    end_char = 0
    for found in find_quantities(text):
        assert end_char <= found.start_char < found.end_char <= len(text)
        assert found.value >= 0
        end_char = found.end_char
