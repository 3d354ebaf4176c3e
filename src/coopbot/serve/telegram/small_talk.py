"""What people say that is no question: greetings, thanks, a thumb. Each gets one line."""

from __future__ import annotations

import re
from typing import Literal

Talk = Literal["greeting", "thanks"]

_GREETING_WORDS = """
hi hello hey yo greetings good morning afternoon evening day there bot
привет приветствую здравствуй здравствуйте салют хай добрый доброе доброго день дня утро утра вечер вечера времени суток бот
你好 您好 大家好 嗨 哈喽 早 早上好 早安 上午好 中午好 下午好 晚上好 在吗
"""
_THANKING_WORDS = """
thanks thank you thx ty very much so great good nice cool ok okay well done super perfect bye goodbye
спасибо благодарю большое огромное вам тебе отлично хорошо супер класс круто ок окей понятно понял поняла пока до свидания
谢谢 谢谢你 谢谢您 多谢 非常感谢 感谢 太好了 好的 好 不错 明白 明白了 知道了 再见 嗯
"""
_GREETINGS = frozenset(_GREETING_WORDS.split())
_THANKS = frozenset(_THANKING_WORDS.split())
# "good" and "day" are in greetings, "good" in thanks: what has only such words is one or the other.
_MOST_WORDS = 4


def small_talk(text: str) -> Talk | None:
    """What kind of small talk a message is; None if it may be a question."""
    words = re.findall(r"\w+", text.lower())
    if not any(character.isalnum() for word in words for character in word):
        return "thanks" if text.strip(" ?？!！.。…") else None
    if "?" in text or "？" in text or len(words) > _MOST_WORDS:
        return "greeting" if words and set(words) <= _GREETINGS else None
    if set(words) <= _GREETINGS:
        return "greeting"
    return "thanks" if set(words) <= _THANKS else None
