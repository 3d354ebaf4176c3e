from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopbot.ask.converse import Names, resolve
from coopbot.domain import MAX_QUESTION_CHARS

QUESTIONS = Path(__file__).parents[2] / "evals" / "questions.jsonl"

_NAMES = re.compile(
    r"(?<![a-zа-я])(?:power of siberia(?: 2)?|heihe|jilin|heilongjiang|inter rao|сил[аеы] сибири|забайкальск\w*|камышов\w+"
    r"|приморь\w|хабаровск\w+ кра\w|хэйхэ|благовещенск\w*|цзилин\w*|хэйлунцзян\w*"
    r"|黑龙江|吉林|黑河|满洲里|绥芬河|格罗杰科沃|卡尼库尔干|外贝加尔斯克|中俄东线)(?![a-zа-я])"
)


def names(text: str) -> frozenset[str]:
    return frozenset(_NAMES.findall(text.lower()))


def no_names(text: str) -> frozenset[str]:
    return frozenset()


PASSENGERS = "How many passengers crossed the Heihe bridge in 2023?"
JILIN = "What was Jilin's trade with Russia in January-July 2024?"
GAS = "How much gas came through Power of Siberia in 2024?"
COST = "Why did the Heihe bridge cost more?"


@pytest.mark.parametrize(
    ("last", "question", "expected"),
    [
        (PASSENGERS, "and in 2024?", "How many passengers crossed the Heihe bridge in 2024?"),
        (PASSENGERS, "2021?", "How many passengers crossed the Heihe bridge in 2021?"),
        (PASSENGERS, "and in March?", "How many passengers crossed the Heihe bridge in March 2023?"),
        (PASSENGERS, "And the year before?", "How many passengers crossed the Heihe bridge in 2022?"),
        (PASSENGERS, "what about trucks?", "How many trucks crossed the Heihe bridge in 2023?"),
        (PASSENGERS, "and how many trucks?", "How many trucks crossed the Heihe bridge in 2023?"),
        (PASSENGERS, "how long is it?", "how long is the Heihe bridge?"),
        (PASSENGERS, "How many passengers used it in 2021?", "How many passengers used the Heihe bridge in 2021?"),
        (PASSENGERS, "when?", "when passengers crossed the Heihe bridge in 2023?"),
        (COST, "why", "why the Heihe bridge cost more?"),
        (COST, "in 2019?", "Why did the Heihe bridge cost more in 2019?"),
        (JILIN, "and Heilongjiang?", "What was Heilongjiang's trade with Russia in January-July 2024?"),
        (JILIN, "what about Heilongjiang", "What was Heilongjiang's trade with Russia in January-July 2024?"),
        (JILIN, "And in 2023?", "What was Jilin's trade with Russia in January-July 2023?"),
        (JILIN, "and with Mongolia?", "What was Jilin's trade with Mongolia in January-July 2024?"),
        (JILIN, "what about exports?", "What was Jilin's trade with Russia in January-July 2024, exports?"),
        (JILIN, "and in yuan?", "What was Jilin's trade with Russia in January-July 2024, in yuan?"),
        (JILIN, "and Heilongjiang in 2022?", "What was Heilongjiang's trade with Russia in January-July 2022?"),
        (GAS, "and Power of Siberia 2?", "How much gas came through Power of Siberia 2 in 2024?"),
        (GAS, "and two years before that?", "How much gas came through Power of Siberia in 2022?"),
        (GAS, "and two years later?", "How much gas came through Power of Siberia in 2026?"),
        (PASSENGERS, "and the western side's traffic lights?", PASSENGERS[:-1] + ", the western side's traffic lights?"),
        (
            PASSENGERS,
            "how many of them came back in March?",
            "how many of passengers crossed the Heihe bridge came back in March?",
        ),
        (PASSENGERS, "in which city?", "in which city passengers crossed the Heihe bridge?"),
        (COST, "width?", "Why did the Heihe bridge cost more, width?"),
        (PASSENGERS, "who said that?", "who said that passengers crossed the Heihe bridge?"),
        (JILIN, "and in the first half of 2023?", "What was Jilin's trade with Russia in first half of 2023?"),
        (GAS, "yes", GAS),
        (GAS, "tell me more", GAS),
    ],
)
def test_follow_ups_in_english(last: str, question: str, expected: str) -> None:
    assert resolve(question, ["What is Heihe?", last], names=names) == expected


МОСТ = "Сколько пассажиров проехало по мосту Благовещенск — Хэйхэ в 2023 году?"
ОБОРОТ = "Каков товарооборот Хэйлунцзяна с Россией за январь-июль 2024 года?"
ГАЗ = "Сколько газа прокачали по Силе Сибири за 2023 год?"
ВЫВОЗ = "Сколько экспорта прошло через Забайкальск за январь-июль 2025?"


@pytest.mark.parametrize(
    ("last", "question", "expected"),
    [
        (МОСТ, "а в 2024?", "Сколько пассажиров проехало по мосту Благовещенск — Хэйхэ в 2024 году?"),
        (МОСТ, "в 2021 году?", "Сколько пассажиров проехало по мосту Благовещенск — Хэйхэ в 2021 году?"),
        (МОСТ, "а годом раньше?", "Сколько пассажиров проехало по мосту Благовещенск — Хэйхэ в 2022 году?"),
        (МОСТ, "А двумя годами позже?", "Сколько пассажиров проехало по мосту Благовещенск — Хэйхэ в 2025 году?"),
        (МОСТ, "а грузовиков?", "Сколько грузовиков проехало по мосту Благовещенск — Хэйхэ в 2023 году?"),
        (МОСТ, "а грузовики?", "Сколько грузовики проехало по мосту Благовещенск — Хэйхэ в 2023 году?"),
        (МОСТ, "когда?", "когда пассажиров проехало по мосту Благовещенск — Хэйхэ в 2023 году?"),
        (МОСТ, "сколько это стоило?", "сколько мосту Благовещенск — Хэйхэ стоило?"),
        (МОСТ, "А кто его построил?", "кто мосту Благовещенск — Хэйхэ построил?"),
        (МОСТ, "какая у него длина", "какая у мосту Благовещенск — Хэйхэ длина?"),
        (ОБОРОТ, "почему?", "почему товарооборот Хэйлунцзяна с Россией за январь-июль 2024 года?"),
        (ОБОРОТ, "а в Цзилине?", "Каков товарооборот Цзилине с Россией за январь-июль 2024 года?"),
        (ОБОРОТ, "а что насчёт Цзилиня", "Каков товарооборот Цзилиня с Россией за январь-июль 2024 года?"),
        (ОБОРОТ, "а в 2023-м?", "Каков товарооборот Хэйлунцзяна с Россией за январь-июль 2023 года?"),
        (ОБОРОТ, "а в юанях?", "Каков товарооборот Хэйлунцзяна с Россией за январь-июль 2024 года, в юанях?"),
        (ОБОРОТ, "а в Цзилине в 2022 году?", "Каков товарооборот Цзилине с Россией за январь-июль 2022 года?"),
        (ГАЗ, "и в декабре?", "Сколько газа прокачали по Силе Сибири за декабре 2023?"),
        (ГАЗ, "а за год до этого?", "Сколько газа прокачали по Силе Сибири за 2022 год?"),
        (ВЫВОЗ, "а через камышовую?", "Сколько экспорта прошло через камышовую за январь-июль 2025?"),
        (ВЫВОЗ, "а через Гродеково?", "Сколько экспорта прошло через Гродеково за январь-июль 2025?"),
        (МОСТ, "через какие города он идёт?", "через какие города мосту Благовещенск — Хэйхэ идёт?"),
        (МОСТ, "сколько туда доехало?", "сколько туда доехало пассажиров проехало по мосту Благовещенск — Хэйхэ?"),
        (ГАЗ, "на сколько лет контракт?", "на сколько лет контракт газа прокачали по Силе Сибири?"),
        (ОБОРОТ, "а в первом полугодии 2023 года?", "Каков товарооборот Хэйлунцзяна с Россией за первом полугодии 2023 года?"),
        (ГАЗ, "да", ГАЗ),
        (ГАЗ, "ещё", ГАЗ),
        (ГАЗ, "Расскажи подробнее", ГАЗ),
    ],
)
def test_follow_ups_in_russian(last: str, question: str, expected: str) -> None:
    assert resolve(question, [last], names=names) == expected


TRADE_ZH = "2023年黑龙江对俄贸易额是多少？"
BRIDGE_ZH = "黑河大桥什么时候通车的？"
GAS_ZH = "中俄东线2020年供了多少气？"
LANES_ZH = "外贝加尔斯克公路口岸改造以后有几条车道？"
RAIL_ZH = "2024年1到10月绥芬河对面格罗杰科沃的铁路出口是多少"


@pytest.mark.parametrize(
    ("last", "question", "expected"),
    [
        (TRADE_ZH, "那吉林呢？", "2023年吉林对俄贸易额是多少？"),
        (TRADE_ZH, "吉林的呢", "2023年吉林对俄贸易额是多少？"),
        (TRADE_ZH, "那2024年呢", "2024年黑龙江对俄贸易额是多少？"),
        (TRADE_ZH, "2022年？", "2022年黑龙江对俄贸易额是多少？"),
        (TRADE_ZH, "2022年是多少", "2022年黑龙江对俄贸易额是多少？"),
        (TRADE_ZH, "那前一年呢", "2022年黑龙江对俄贸易额是多少？"),
        (TRADE_ZH, "两年后呢？", "2025年黑龙江对俄贸易额是多少？"),
        (TRADE_ZH, "3月呢", "2023年3月黑龙江对俄贸易额是多少？"),
        (TRADE_ZH, "为什么？", "2023年黑龙江对俄贸易额为什么？"),
        (TRADE_ZH, "那进口呢？", "2023年黑龙江对俄贸易额是多少，进口？"),
        (TRADE_ZH, "吉林2022年呢", "2022年吉林对俄贸易额是多少？"),
        (BRIDGE_ZH, "它有多长？", "黑河大桥有多长？"),
        (BRIDGE_ZH, "谁建的它", "谁建的黑河大桥？"),
        (BRIDGE_ZH, "多少钱", "黑河大桥通车多少钱？"),
        (BRIDGE_ZH, "为什么", "黑河大桥通车为什么？"),
        (GAS_ZH, "那2024年呢", "中俄东线2024年供了多少气？"),
        (GAS_ZH, "次年呢", "中俄东线2021年供了多少气？"),
        (LANES_ZH, "卡尼库尔干呢", "卡尼库尔干公路口岸改造以后有几条车道？"),
        (RAIL_ZH, "满洲里那边呢？", "2024年1到10月满洲里的铁路出口是多少？"),
        ("吉林省2022年对俄贸易额是多少？", "那黑龙江呢？", "黑龙江2022年对俄贸易额是多少？"),
        (BRIDGE_ZH, "原计划什么时候完工？", "黑河大桥通车原计划什么时候完工？"),
        (BRIDGE_ZH, "是哪个部门批的", "黑河大桥通车是哪个部门批的？"),
        (BRIDGE_ZH, "引桥呢，什么时候修的", "黑河大桥通车引桥，什么时候修的？"),
        (TRADE_ZH, "是的", TRADE_ZH),
        (TRADE_ZH, "还有呢？", TRADE_ZH),
        (TRADE_ZH, "更多", TRADE_ZH),
    ],
)
def test_follow_ups_in_chinese(last: str, question: str, expected: str) -> None:
    assert resolve(question, [last], names=names) == expected


STAND_ALONE = """
heihe bridge length
Jilin
Is it true that the bridge is closed?
And when did the Heihe bridge open?
What about the length of the bridge, which was built over the Amur in 2019?
Do truck drivers need their own visa?
why was the bridge closed when it was finished
How many trucks crossed in 2023?
When does Power of Siberia 2 begin, and is it financed?
How much gas did Power of Siberia carry the year before?
no
thanks
who said that the bridge is too long
Why do Russia and China build bridges?
what is a free port
who is the governor of Primorye
trade 2024
exports to China in 2023
What happened the year before the port opened?
Andrey Chekunkov
Moreover
длина моста
Цзилинь
А когда открыли мост Благовещенск — Хэйхэ?
И всё-таки сколько стоит проезд по мосту через Амур для легковой машины в этом году?
Почему мост не открыли, когда он был готов?
Это правда, что мост закрыли?
Сколько туристов приехало по безвизу?
кто губернатор Приморья
нет
спасибо
Что такое Сила Сибири?
Когда её, «Силу Сибири», запустили?
сколько стоит виза
почему дорожает газ
товарооборот 2024
Амурская область
Игорь Красильников
Адрес консульства
где находится Хэйхэ
какой город напротив Хэйхэ
黑河大桥有多长
吉林
那个委员会首次开会是在哪个城市
那些口岸叫什么
黑龙江其他口岸有哪些
黑河大桥什么时候通车呢？
不是
谢谢
口岸通关时间
2024年中俄贸易额
2025年运量比前一年多多少
西伯利亚力量2号
免签政策什么时候开始
谁是滨海边疆区州长
天然气价格为什么上涨
大桥为什么关闭
哪些城市参加了会议
去年大豆出口多少吨
其中黑龙江占多少
俄罗斯对华出口
满洲里口岸在哪里
"""


@pytest.mark.parametrize("question", STAND_ALONE.strip().splitlines())
@pytest.mark.parametrize("last", [PASSENGERS, ОБОРОТ, TRADE_ZH])
def test_questions_that_stand_alone_stay(question: str, last: str) -> None:
    assert resolve(question, [last], names=names) == question


def dev_questions(*, follow_ups: bool) -> list[dict[str, str]]:
    lines = map(json.loads, QUESTIONS.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line["split"] == "dev" and (line["kind"] == "follow-up") == follow_ups]


@pytest.mark.parametrize("distance", [1, 60, 111])
@pytest.mark.parametrize("known", [names, no_names])
def test_golden_questions_that_stand_alone_stay(distance: int, known: Names) -> None:
    questions = [line["question"] for line in dev_questions(follow_ups=False)]
    kept = [resolve(asked, [questions[i - distance]], names=known) == asked for i, asked in enumerate(questions)]
    assert len(kept) > 100
    assert sum(kept) >= 0.99 * len(kept)


def test_golden_follow_ups_are_merged() -> None:
    follow_ups = dev_questions(follow_ups=True)
    assert follow_ups
    assert all(resolve(line["question"], [line["after"]], names=names) != line["question"] for line in follow_ups)


def test_a_follow_up_of_a_follow_up() -> None:
    second = resolve("and Heilongjiang?", [JILIN], names=names)
    assert resolve("and in 2022?", [JILIN, second], names=names) == (
        "What was Heilongjiang's trade with Russia in January-July 2022?"
    )


@pytest.mark.parametrize("question", ["and in 2024?", "да", "那吉林呢？", "why?", "  "])
def test_without_an_earlier_question_nothing_changes(question: str) -> None:
    assert resolve(question, [], names=names) == question


def test_names_need_not_be_known_where_capitals_tell() -> None:
    assert resolve("and Yakutia?", ["How much did Primorye trade in 2023?"], names=no_names) == (
        "How much did Yakutia trade in 2023?"
    )


def test_what_would_be_too_long_to_ask_is_not_merged() -> None:
    long = "Which ports, " + "and which roads, " * 28 + "are planned?"
    assert resolve("and ships?", [long], names=no_names) == "and ships?"


ANYTHING = st.text(max_size=40) | st.text("итandа那呢?2024 в年before его it", max_size=30)


@given(question=ANYTHING, last=ANYTHING)
def test_whatever_is_asked_something_searchable_comes_back(question: str, last: str) -> None:
    resolved = resolve(question, [last], names=names)
    assert resolved == question or resolved.strip()
    assert len(resolved) <= MAX_QUESTION_CHARS
