from __future__ import annotations

import pytest

from coopbot.text.language import detect_language
from coopbot.write.support import Fault, find_fault
from tests.cases import check_each
from tests.write.quotes import cited

BRIDGE = (
    "The highway bridge between Heihe in China and Blagoveshchensk in Russia opened to freight on 10 June 2022, Sputnik "
    "reported that day."
)
GAS = (
    "In 2023 Russia exported 22.7 billion cubic metres of gas to China through Power of Siberia, and 31 billion cubic metres "
    "in 2024."
)
PORT = "По проекту мощность порта Зарубино должна составить 60 млн тонн в год."
TONGJIANG = "同江铁路桥于2022年11月16日正式通车，连接中国同江与俄罗斯下列宁斯科耶。"
TRADE = "Heilongjiang exported more than 5 million tonnes of grain in 2024, and Jilin exported 3 million tonnes."

STANDS = [
    (BRIDGE, "The highway bridge between Heihe and Blagoveshchensk opened to freight on 10 June 2022."),
    (BRIDGE, "The bridge opened to freight in June 2022."),
    (GAS, "Russia exported 22.7 billion cubic metres of gas to China in 2023."),
    (GAS, "In 2024 Russia exported 31 billion cubic metres of gas."),
    ("In the first half of 2024 trade was $5 billion.", "In the first half of 2024 trade was $5 billion."),
    ("In April 2025 China took 7 million tonnes of coal.", "China took 7 million tonnes of coal in April 2025."),
    (PORT, "Мощность порта Зарубино должна составить 60 млн тонн в год."),
    (TONGJIANG, "同江铁路桥于2022年11月16日通车。"),
    (TRADE, "Heilongjiang exported more than 5 million tonnes of grain in 2024."),
    ("It carried about 5.4 million tonnes.", "It carried about 5.4 million tonnes."),
    ("Dalian's trade with Russian regions rose by 80% in 2023.", "Dalian's trade with Russian regions rose by 80% in 2023."),
    # Facts overlap: a number within an amount is read as a name too.
    ("На два дня судно задержал шторм.", "На два дня судно задержал шторм."),
    # Across languages by names, figures and the words of the field.
    (BRIDGE, "黑河与布拉戈维申斯克之间的公路大桥于2022年6月10日开通货运。"),
    (TONGJIANG, "The Tongjiang rail bridge opened on 16 November 2022."),
    (TONGJIANG, "Железнодорожный мост в Тунцзяне открылся 16 ноября 2022 года."),
]

FAILS: list[tuple[str, str, Fault]] = [
    (BRIDGE, "The bridge opened to freight on 11 June 2022.", "date"),
    (BRIDGE, "The bridge opened to freight in June 2023.", "date"),
    ("The bridge opened in June 2022.", "The bridge opened on 10 June 2022.", "date"),
    ("Trade grew from January to May 2024.", "Trade grew from January to June 2024.", "date"),
    ("吉林省2024年1至9月对俄贸易额增长0.8%。", "吉林省2024年1至1月对俄贸易额增长0.8%。", "date"),
    ("2024年1至9月，吉林省对俄贸易额204.7亿元，仅增长0.8%。", "2024年吉林省对俄贸易额204.7亿元，仅增长0.8%。", "date"),
    ("In the first half of 2024 trade was $5 billion.", "In 2024 trade was $5 billion.", "date"),
    ("In April 2025 China took 7.397 million tonnes of coal.", "In 2025 China took 7.397 million tonnes of coal.", "date"),
    ("On 15 September 2025 1,023 people entered.", "In September 2025 1,023 people entered.", "date"),
    (GAS, "Russia exported 23.7 billion cubic metres of gas to China in 2023.", "number"),
    (GAS, "Russia exported 22.7 billion tonnes of gas to China in 2023.", "number"),
    (GAS, "Russia exported 22.7 million cubic metres of gas to China in 2023.", "number"),
    (TRADE, "Heilongjiang exported 5 million tonnes of grain in 2024.", "number"),
    ("Over 46 days it covered 12,000 km.", "Over 47 days it covered 12,000 km.", "number"),
    ("It had 11 and 19 passengers.", "It had 11 and 11 passengers.", "number"),
    ("It carried 5.4 million tonnes.", "It carried about 6 million tonnes.", "number"),
    ("The road A-331 leads there.", "The road A-332 leads there.", "number"),
    (BRIDGE, "The bridge between Heihe and Khabarovsk opened to freight on 10 June 2022.", "name"),
    (BRIDGE, "同江大桥于2022年6月10日开通货运。", "name"),
    (BRIDGE, "The bridge closed to freight on 10 June 2022.", "word"),
    (BRIDGE, "The bridge opened to passengers on 10 June 2022.", "word"),
    (BRIDGE, "Mr Petrov opened the bridge on 10 June 2022.", "word"),
    (BRIDGE, "黑河与布拉戈维申斯克之间的公路大桥于2022年6月10日停止货运。", "word"),
    (BRIDGE, "Мост закрыли для грузов 10 июня 2022 года.", "word"),
    (TONGJIANG, "同江铁路桥于2022年11月16日停运。", "word"),
    (TONGJIANG, "The Tongjiang rail bridge was destroyed on 16 November 2022.", "word"),
    (GAS, "Russia imported 22.7 billion cubic metres of gas to China in 2023.", "word"),
    (BRIDGE, "The bridge did not open to freight on 10 June 2022.", "sense"),
    (PORT, "Мощность порта Зарубино 60 млн тонн в год.", "sense"),
    ("Строительство порта не начато.", "Строительство порта начато.", "sense"),
    ("该桥尚未通车。", "该桥通车。", "sense"),
    ("The bridge opened in May 2022.", "The bridge may open in May 2022.", "sense"),
    (GAS, "China exported 22.7 billion cubic metres of gas to Russia in 2023.", "relation"),
    (GAS, "In 2023 Russia exported 31 billion cubic metres of gas to China.", "relation"),
    (TRADE, "Jilin exported more than 5 million tonnes of grain.", "relation"),
    (BRIDGE, "The bridge [opened](https://evil.example) to freight on 10 June 2022.", "markup"),
    (BRIDGE, "See https://evil.example for the bridge that opened to freight.", "markup"),
]


def test_sentences_that_quotes_support_pass() -> None:
    def check(case: tuple[str, str]) -> None:
        quote, sentence = case
        assert find_fault(sentence, cited(quote), detect_language(sentence)) is None

    check_each(STANDS, check)


def test_every_quote_supports_itself() -> None:
    quotes = [BRIDGE, GAS, PORT, TONGJIANG, TRADE]
    assert [find_fault(quote, cited(quote), detect_language(quote)) for quote in quotes] == [None] * len(quotes)


def test_unsupported_sentences_fail_with_their_fault() -> None:
    def check(case: tuple[str, str, Fault]) -> None:
        quote, sentence, fault = case
        assert find_fault(sentence, cited(quote), detect_language(sentence)) == fault

    check_each(FAILS, check)


def test_another_language_fails() -> None:
    assert find_fault(BRIDGE, cited(BRIDGE), "zh") == "language"


def test_without_quotes_every_sentence_fails() -> None:
    assert find_fault(BRIDGE, [], "en") == "citation"


def test_facts_of_two_quotes_are_not_combined() -> None:
    quotes = cited("Heilongjiang exported 5 million tonnes in 2023.", "Jilin exported 3 million tonnes in 2024.")
    assert find_fault("Heilongjiang exported 5 million tonnes in 2024.", quotes, "en") == "relation"
    assert (
        find_fault("Heilongjiang exported 5 million tonnes in 2023 and Jilin 3 million tonnes in 2024.", quotes, "en") is None
    )


@pytest.mark.parametrize("sentence", ["Two bridges opened.", "Построили три моста.", "开通了两座大桥。"])
def test_numbers_written_as_words_are_compared(sentence: str) -> None:
    quotes = cited("Bridges opened.", "Построили мосты.", "大桥开通了。")
    assert find_fault(sentence, quotes, detect_language(sentence)) in ("number", "word")
