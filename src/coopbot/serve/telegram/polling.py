"""Receives updates by long polling, and stores them before they are confirmed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from telegram import Bot
from telegram.constants import UpdateType
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError

from coopbot.errors import Busy, Misconfigured
from coopbot.serve.telegram.inbox import Json

# The updates requested. Blocking and unblocking the bot arrives as `my_chat_member`.
WANTED = [
    UpdateType.MESSAGE,
    UpdateType.EDITED_MESSAGE,
    UpdateType.CALLBACK_QUERY,
    UpdateType.INLINE_QUERY,
    UpdateType.MY_CHAT_MEMBER,
]

TOKEN_REFUSED = "Telegram refuses the token: set COOPBOT_TELEGRAM_TOKEN to a valid one."

# How long a response may take beyond the time that the poll waits.
_READ_S = 10.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """poll_s: how long a poll may wait. retry_s: pause after a failure, doubled up to `most_s`.

    refusals, conflicts: how many refusals of the token, or conflicts with another polling process, are tolerated in a row.
    """

    poll_s: int = 25
    retry_s: float = 1.0
    most_s: float = 30.0
    refusals: int = 5
    conflicts: int = 8


class PollingBot(Bot):
    """A bot that returns updates as raw JSON: one that the library cannot parse must not block the others."""

    async def raw_updates(self, offset: int, wait_s: int) -> list[Json]:
        """The updates from `offset` on. Raises TelegramError."""
        asked = {"offset": offset, "timeout": wait_s, "allowed_updates": WANTED}
        updates: list[Json] = await self._post("getUpdates", asked, read_timeout=wait_s + _READ_S)
        return updates


async def poll(
    bot: PollingBot, keep: Callable[[Sequence[Json]], object], heard: Callable[[bool], object], patience: Patience
) -> None:
    """Poll until cancelled. `keep` stores updates; `heard` is called with whether Telegram responded.

    The first poll, and the first after a failure, does not wait, so that it returns all updates so far.

    Raises Misconfigured if the token is refused, Busy while another process polls with it.
    """
    offset, failures, listening = 0, 0, False
    while True:
        try:
            updates = await bot.raw_updates(offset, patience.poll_s if listening else 0)
        except TelegramError as error:
            failures, listening = failures + 1, False
            heard(False)
            _check(error, failures, patience)
            _log.warning("Telegram cannot be polled, trying again: %s", type(error).__name__)
            await asyncio.sleep(_wait_s(error, failures, patience))
            continue
        failures, listening = 0, True
        if updates:
            keep(updates)
            offset = int(updates[-1]["update_id"]) + 1
        heard(True)


def _check(error: TelegramError, failures: int, patience: Patience) -> None:
    """Raise the error that ends the bot, if this failure does."""
    # Without the cause: the library's message contains the token.
    if isinstance(error, InvalidToken) and failures > patience.refusals:
        raise Misconfigured(TOKEN_REFUSED) from None
    if isinstance(error, Conflict) and failures > patience.conflicts:
        raise Busy("Another process polls with this token, or a webhook was set: stop it, then start the bot again.") from None
    if not isinstance(error, InvalidToken | Conflict | NetworkError | RetryAfter):
        _log.error("Telegram returned an unexpected error to a poll: %s", type(error).__name__)


def _wait_s(error: TelegramError, failures: int, patience: Patience) -> float:
    if isinstance(error, RetryAfter):
        return error._retry_after.total_seconds()
    return float(min(patience.most_s, patience.retry_s * 2 ** (failures - 1)))
