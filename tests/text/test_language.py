"""Every case is a text and the language a reader would answer it in."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coopbot.domain import LANGUAGES, Language
from coopbot.text.language import detect_language

ENGLISH = [
    "",
    "   \n",
    "5,2 %",
    "2022",
    "?!",
    "😀",
    "bridge",
    "Heihe",
    "Heihe bridge",
    "ESPO",
    "When did it open?",
    "Who wrote this article?",
    "What is 黑龙江?",
    "What does 黑河 mean?",
    "Who is Трутнев?",
    "What does «Сила Сибири» mean?",
    "Is 布拉戈维申斯克 the same city as Благовещенск?",
    "How long is the Heihe (黑河) bridge?",
    "the highway bridge at Heihe (黑河大桥)",
    "HOW MUCH GAS WENT THROUGH POWER OF SIBERIA IN 2024?",
    "how many trucks crossed in 2023",
    "Trade grew by 5.2 % to $27 billion.",
    "trade turnover 2023 Far East",
    "TASS and RBC report a rise in trade with Heilongjiang.",
    "Café in Harbin",
    "Chairman Xi Jinping visited Vladivostok.",
    "See https://example.com/静态 for the route of the pipeline",
    "Ｈｅｉｈｅ ｂｒｉｄｇｅ",
    "Trade across the Amur is growing. " * 40 + "精品中文字幕" * 15,
    "The railway carried more coal. " * 30 + "Перепечатка материалов запрещена. " * 6,
]
CHINESE = [
    "桥",
    "黑河",
    "黑龙江",
    "黑龍江",
    "黑河大桥",
    "Heihe 桥",
    "黑河 bridge 的长度",
    "ESPO是什么？",
    "ESPO是什麼？",
    "什么是 Power of Siberia？",
    "什么是ESPO",
    "China Daily 的文章是谁写的？",
    "Gazprom 2024 年供气多少？",
    "这篇文章的作者是谁？",
    "2023年贸易额是多少",
    "俄罗斯 (Россия) 远东",
    "布拉戈维申斯克（Благовещенск）在哪里？",
    "什么是 «Сила Сибири»？",
    "Трутнев是谁？",
    "1.92亿吨",
    "270亿美元",
    "RZD 列车数量",
    "Tongjiang 铁路桥",
    "中俄",
    "𠀋",
    "https://www.chinadaily.com.cn/a/202505/10/WS681e.html 讲了什么？",
    "请联系 opinion@chinadaily.com.cn",
    "大桥于2022年6月10日开通货运。" * 30 + "All rights reserved. Copyright China Daily Information Co. " * 3,
    "贸易额增长，口岸货运量创新高。" * 30 + "Все права защищены. " * 10,
]
RUSSIAN = [
    "мост",
    "Хэйхэ",
    "ВСТО",
    "ё",
    "Что такое ESPO?",
    "Что такое China Daily Information Company Limited?",
    "Кто такой Си Цзиньпин (习近平)?",
    "Что значит 黑龙江?",
    "Что значит 黑龙江省?",
    "Gazprom газ",
    "Power of Siberia: сколько газа?",
    "Мост Heihe",
    "мост Heihe — Blagoveshchensk",
    "Когда открыли мост?",
    "когда открыли мост",
    "КОГДА ОТКРЫЛИ МОСТ?",
    "Сколько стоит канатная дорога?",
    "товарооборот в 2023 году",
    "5,2 % роста",
    "27 млрд долл.",
    "Ляонин и 吉林",
    "Благовещенск",
    "О чём пишет TASS?",
    "Кто автор статьи в China Daily?",
    "Есть ли данные RBC?",
    "О чём статья https://www.chinadaily.com.cn/a/202505/10/WS681ea8e0a310a04af22be9d6.html",
    "пишите на opinion@chinadaily.com.cn",
    "Грузооборот погранпереходов вырос. " * 30 + "All rights reserved. Copyright TASS, Moscow, Russia. " * 5,
    "Поставки газа достигли плановых объёмов. " * 30 + "无码中文字幕" * 30,
]
CASES: list[tuple[Language, str]] = [
    *(("en", text) for text in ENGLISH),
    *(("zh", text) for text in CHINESE),
    *(("ru", text) for text in RUSSIAN),
]


@pytest.mark.parametrize(("language", "text"), CASES)
def test_the_language_is_detected(language: Language, text: str) -> None:
    assert detect_language(text) == language


@settings(deadline=None)
@given(st.text())
def test_any_text_has_a_language(text: str) -> None:
    assert detect_language(text) in LANGUAGES
