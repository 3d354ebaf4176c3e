"""Receives updates over HTTP: checks their secret, and keeps the webhook registered."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import secrets
from collections.abc import Callable, Sequence

from telegram import Bot
from telegram.error import InvalidToken, TelegramError

from coopbot.errors import Misconfigured
from coopbot.serve.telegram.inbox import Json
from coopbot.serve.telegram.polling import TOKEN_REFUSED, WANTED

_LOOK_EVERY_S = 30.0
_REFUSALS = 5
_CONNECTIONS = 20

_log = logging.getLogger(__name__)


class Webhook:
    """url: the public https address for updates. The secret is new at each start. Safe to share between threads."""

    def __init__(self, url: str, keep: Callable[[Sequence[Json]], object]) -> None:
        self._url, self._keep = url, keep
        self._secret = secrets.token_urlsafe(32)

    def deliver(self, secret: str | None, body: bytes) -> bool:
        """Store an update, flushed to disk on return. Returns False for a wrong secret. Raises ValueError if it is not one."""
        if not hmac.compare_digest((secret or "").encode("utf-8", "surrogateescape"), self._secret.encode()):
            return False
        update = json.loads(body)
        if not isinstance(update, dict) or not isinstance(update.get("update_id"), int):
            raise ValueError("not an update")
        self._keep([update])
        return True

    async def watch(self, bot: Bot, heard: Callable[[bool], object]) -> None:
        """Register the webhook, and register it again whenever it was changed, until cancelled. Raises Misconfigured."""
        refusals = 0
        await self._set(bot)
        while True:
            heard(True)
            await asyncio.sleep(_LOOK_EVERY_S)
            try:
                if (await bot.get_webhook_info()).url != self._url:
                    _log.warning("The webhook was changed; it is set again")
                    await self._set(bot)
                refusals = 0
            except InvalidToken:
                refusals += 1
                if refusals > _REFUSALS:
                    raise Misconfigured(TOKEN_REFUSED) from None
            except TelegramError as error:
                _log.warning("Telegram cannot be asked about the webhook: %s", type(error).__name__)

    async def _set(self, bot: Bot) -> None:
        await bot.set_webhook(self._url, secret_token=self._secret, allowed_updates=WANTED, max_connections=_CONNECTIONS)
