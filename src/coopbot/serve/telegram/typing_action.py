"""Shows "typing" while an answer takes long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import TypeVar

from telegram import Bot
from telegram.constants import ChatAction
from telegram.error import TelegramError

from coopbot.serve.telegram.records import Asked

# A quick answer needs no "typing". Telegram shows it for five seconds at a time.
_AFTER_S = 0.25
_EVERY_S = 4.5
# Sent at most this often.
_MOST = 6

_Result = TypeVar("_Result")


async def while_typing(bot: Bot, asked: Asked, work: Awaitable[_Result]) -> _Result:
    """The result of `work`. Errors of the "typing" requests are ignored; they do not count against the rate limits.

    A request in flight is not cancelled: it could reach the chat after the answer, and leak its connection.
    """
    task = asyncio.ensure_future(work)
    pause_s, shown = _AFTER_S, 0
    while not (await asyncio.wait({task}, timeout=pause_s if shown < _MOST else None))[0]:
        with suppress(TelegramError):
            await bot.send_chat_action(asked.chat_id, ChatAction.TYPING, message_thread_id=asked.topic_id)
        pause_s, shown = _EVERY_S, shown + 1
    return task.result()
