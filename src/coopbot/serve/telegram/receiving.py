"""Receives updates, by long polling or over HTTP, and stores them before they are confirmed."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from telegram import Bot
from telegram.constants import UpdateType
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.request import HTTPXRequest

from coopbot.errors import Busy, Misconfigured
from coopbot.serve.telegram.inbox import Inbox, Json, update_id_of

# The updates requested. Blocking and unblocking the bot arrives as `my_chat_member`.
_WANTED = [
    UpdateType.MESSAGE,
    UpdateType.EDITED_MESSAGE,
    UpdateType.CALLBACK_QUERY,
    UpdateType.INLINE_QUERY,
    UpdateType.MY_CHAT_MEMBER,
]

_TOKEN_REFUSED = "Telegram refuses the token: set COOPBOT_TELEGRAM_TOKEN to a valid one."

# How long Telegram may take to accept a message, before it is sent again.
_SEND_TIMEOUT_S = 30.0
_CONNECT_TIMEOUT_S = 5.0
_CONNECTIONS = 64
# How long a response may take beyond the time that the poll waits.
_READ_S = 10.0

# Two processes that poll cut each other off, and each succeeds in between, so conflicts count for this long.
_CONFLICTS_S = 600.0

# How often the webhook is checked, how many refusals of the token in a row are tolerated, and how many deliveries at once.
_LOOK_EVERY_S = 30.0
_REFUSALS = 5
_DELIVERIES = 20

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """poll_s: how long a poll may wait. retry_s: pause after a failure, doubled up to `most_s`.

    refusals: how many refusals of the token are tolerated before a poll succeeds. conflicts: how many with another polling
    process are tolerated within ten minutes.
    """

    poll_s: int = 25
    retry_s: float = 1.0
    most_s: float = 30.0
    refusals: int = 5
    conflicts: int = 8


class RawBot(Bot):
    """A bot that returns updates as raw JSON: one that the library cannot parse must not block the others."""

    def __init__(self, token: str, api_url: str) -> None:
        request = HTTPXRequest(
            connection_pool_size=_CONNECTIONS,
            read_timeout=_SEND_TIMEOUT_S,
            connect_timeout=_CONNECT_TIMEOUT_S,
            pool_timeout=_SEND_TIMEOUT_S,
        )
        api_url = api_url.rstrip("/")
        super().__init__(token, base_url=f"{api_url}/bot", base_file_url=f"{api_url}/file/bot", request=request)

    async def connect(self) -> None:
        """Check the token. Raises Misconfigured."""
        try:
            await self.initialize()
        except InvalidToken:
            # Without the cause: the library's message contains the token.
            raise Misconfigured(_TOKEN_REFUSED) from None
        except TelegramError as error:
            raise Misconfigured("Telegram cannot be reached: check the network and COOPBOT_TELEGRAM_API_URL.") from error

    async def raw_updates(self, offset: int, wait_s: int) -> list[Json]:
        """The updates from `offset` on. Raises TelegramError."""
        asked = {"offset": offset, "timeout": wait_s, "allowed_updates": _WANTED}
        updates = await self._post("getUpdates", asked, read_timeout=wait_s + _READ_S)
        return updates if isinstance(updates, list) else []


async def poll(bot: RawBot, keep: Callable[[Sequence[Json]], object], beat: Callable[[], object], patience: Patience) -> None:
    """Poll until cancelled. `keep` stores updates before they are confirmed; `beat` is called after each poll that succeeds.

    The first poll, and the first after a failure, does not wait, so that it returns all updates so far.

    Raises Misconfigured if the token is refused, Busy while another process polls with it.
    """
    with suppress(TelegramError):  # a webhook that is still set shows as a conflict
        await bot.delete_webhook()
    offset, listening = 0, False
    failures: Counter[type[TelegramError]] = Counter()
    conflicts_at_s: list[float] = []
    while True:
        try:
            updates = await bot.raw_updates(offset, patience.poll_s if listening else 0)
        except TelegramError as error:
            failures[type(error)] += 1
            listening, now_s = False, time.monotonic()
            conflicts_at_s = [at_s for at_s in conflicts_at_s if now_s - at_s < _CONFLICTS_S]
            conflicts_at_s += [now_s] if isinstance(error, Conflict) else []
            _check(error, len(conflicts_at_s) if isinstance(error, Conflict) else failures[type(error)], patience)
            _log.warning("Telegram cannot be polled, trying again: %s", type(error).__name__)
            if isinstance(error, RetryAfter):
                await asyncio.sleep(error._retry_after.total_seconds())
            else:
                await asyncio.sleep(float(min(patience.most_s, patience.retry_s * 2 ** (failures.total() - 1))))
            continue
        failures.clear()
        listening = True
        beat()
        if updates:
            keep(updates)
            confirmed = max((number + 1 for one in updates if (number := update_id_of(one)) is not None), default=offset)
            if confirmed <= offset:  # none has a usable number
                await asyncio.sleep(patience.retry_s)
            offset = max(offset, confirmed)


def _check(error: TelegramError, failures: int, patience: Patience) -> None:
    """Raise the error that ends the bot, if this failure does. failures: how many of its kind count."""
    # Without the cause: the library's message contains the token.
    if isinstance(error, InvalidToken) and failures > patience.refusals:
        raise Misconfigured(_TOKEN_REFUSED) from None
    if isinstance(error, Conflict) and failures > patience.conflicts:
        raise Busy("Another process polls with this token, or a webhook was set: stop it, then start the bot again.") from None
    if not isinstance(error, InvalidToken | Conflict | NetworkError | RetryAfter):
        _log.error("Telegram returned an unexpected error to a poll: %s", type(error).__name__)


class Webhook:
    """url: the public https address for updates. Safe to share between threads.

    The secret is derived from the token, so that every process of the service knows it.
    """

    def __init__(self, url: str, token: str, inbox: Inbox) -> None:
        self._url, self._inbox = url, inbox
        self._secret = hashlib.sha256(f"webhook of {token}".encode()).hexdigest()

    def deliver(self, secret: str | None, body: bytes) -> bool:
        """Store an update, flushed to disk on return. Returns False for a wrong secret.

        What is not an update is dropped, since Telegram would send it for ever.
        """
        if not hmac.compare_digest((secret or "").encode("utf-8", "surrogateescape"), self._secret.encode()):
            return False
        try:
            update = json.loads(body)
        except (ValueError, RecursionError):
            self._inbox.drop()
        else:
            self._inbox.put([update])
        return True

    async def watch(self, bot: Bot, beat: Callable[[], object]) -> None:
        """Register the webhook, and register it again whenever it was changed, until cancelled. Raises Misconfigured."""
        refusals = 0
        await self._set(bot)
        while True:
            beat()
            await asyncio.sleep(_LOOK_EVERY_S)
            try:
                if (await bot.get_webhook_info()).url != self._url:
                    _log.warning("The webhook was changed; it is set again")
                    await self._set(bot)
                refusals = 0
            except InvalidToken:
                refusals += 1
                if refusals > _REFUSALS:
                    raise Misconfigured(_TOKEN_REFUSED) from None
            except TelegramError as error:
                _log.warning("Telegram cannot be asked about the webhook: %s", type(error).__name__)

    async def _set(self, bot: Bot) -> None:
        await bot.set_webhook(self._url, secret_token=self._secret, allowed_updates=_WANTED, max_connections=_DELIVERIES)
