"""What is small talk and what is a question, row by row: kind|message, "-" for a question."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopbot.text.small_talk import find_small_talk
from tests.cases import check_each

ROOT = Path(__file__).parents[2]
ROWS = """
greeting|hi
greeting|Hello!!!
greeting|helllooo
greeting|good morning, bot
greeting|hi there! how are you today?
greeting|你好
greeting|妳好！
greeting|早上好，在吗？
greeting|您好，請問在嗎
greeting|Привет!
greeting|приветтт
greeting|Здраствуйте
greeting|здравствуйет
greeting|Добрый вечер, как дела?
greeting|dobryi den
thanks|thanks
thanks|thanks, that was helpful
thanks|thank you so much for your help!
thanks|ok, thanks
thanks|thx
thanks|great answer
thanks|谢谢
thanks|謝謝您！
thanks|太好了，谢谢你的帮助
thanks|明白了
thanks|спасибо большое, выручил
thanks|спсибо
thanks|Понятно, благодарю
thanks|🙏🙏
thanks|👍
farewell|bye
farewell|thanks, bye!
farewell|再見
farewell|До свидания!
farewell|спасибо, пока
ability|what can you do?
ability|Hi! What can I ask you about?
ability|help
ability|你能帮我做什么？
ability|你會什麼
ability|Что ты умеешь?
ability|привет, чем ты можешь помочь?
ability|о чём тебя можно спросить
identity|who are you
identity|What's your name?
identity|are you a bot or a human
identity|您是誰？
identity|你叫什么名字
identity|привет, а ты кто вообще?
identity|Как тебя зовут?
abuse|you are stupid
abuse|stupid bot!!!
abuse|你真笨
abuse|你這個笨蛋
abuse|ты дурак
abuse|какой же ты тупой
-|tanks
-|good one?
-|хорошо?
-|可以？
-|hi, when did the bridge open?
-|good bridge
-|ok and in 2024?
-|so?
-|2024?
-|How are you allowed to cross the border?
-|what can you bring across the border?
-|who are the owners of the port
-|thanks to whom was the bridge built
-|help for farmers
-|Are you allowed to drive to Heihe?
-|мост
-|и как?
-|а в 2024?
-|привет! когда открыли мост?
-|хорошо, а дальше?
-|что ты умеешь рассказать про уголь
-|кто такой Набойченко
-|как вы работаете с Китаем
-|пока не открыт ли мост
-|那旅客呢？
-|你好，大桥什么时候通车？
-|好的，那貨運呢
-|你知道同江大桥吗
-|早上几点开关
-|怎么用
-|???
-|...
"""


def check(row: str) -> None:
    kind, _, message = row.partition("|")
    assert (find_small_talk(message) or "-") == kind


def test_what_is_small_talk() -> None:
    check_each(ROWS.strip().splitlines(), check, str)


@pytest.mark.parametrize("name", ["questions", "training"])
def test_no_question_is_small_talk(name: str) -> None:
    asked = [json.loads(line) for line in (ROOT / "evals" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    found = {one["question"] for one in asked if find_small_talk(one["question"])}
    assert found == {one["question"] for one in asked if one.get("kind") == "small-talk"}


@given(st.text(max_size=500))
def test_any_text_is_classified(text: str) -> None:
    find_small_talk(text)
