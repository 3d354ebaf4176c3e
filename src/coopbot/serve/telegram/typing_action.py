"""Shows that the bot is at work while an answer takes long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import TypeVar

from telegram import Bot
from telegram.constants import ChatAction
from telegram.error import TelegramError

# An answer that is there at once needs no "typing"; Telegram shows it for five seconds at a time.
_AFTER_S = 0.25
_EVERY_S = 4.5
# Whoever waits longer has understood.
_MOST = 6

_Result = TypeVar("_Result")


async def while_typing(bot: Bot, chat_id: int, topic_id: int | None, work: Awaitable[_Result]) -> _Result:
    """The result of `work`. Telegram does not count these among messages; what goes wrong with them is of no account.

    A request in flight is let finish: cancelled, it could reach the chat after the answer and leak its connection.
    """
    task = asyncio.ensure_future(work)
    pause_s, shown = _AFTER_S, 0
    while not (await asyncio.wait({task}, timeout=pause_s if shown < _MOST else None))[0]:
        with suppress(TelegramError):
            await bot.send_chat_action(chat_id, ChatAction.TYPING, message_thread_id=topic_id)
        pause_s, shown = _EVERY_S, shown + 1
    return task.result()
