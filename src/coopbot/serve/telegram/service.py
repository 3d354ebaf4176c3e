"""Assembles the bot, runs it until it is stopped, and ends it in time."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from telegram import Bot
from telegram.error import InvalidToken, TelegramError
from telegram.request import HTTPXRequest

from coopbot.errors import CoopbotError, Misconfigured
from coopbot.serve.telegram.commands import show_menu
from coopbot.serve.telegram.database import Database
from coopbot.serve.telegram.delivery import Delivery
from coopbot.serve.telegram.handling import Handler
from coopbot.serve.telegram.heartbeat import Heartbeat, healthz
from coopbot.serve.telegram.inbox import Inbox, Json
from coopbot.serve.telegram.kit import Kit, Library, Rules
from coopbot.serve.telegram.outbox import Outbox
from coopbot.serve.telegram.pace import Pace, Quota
from coopbot.serve.telegram.polling import TOKEN_REFUSED, Patience, PollingBot, poll
from coopbot.serve.telegram.records import Records
from coopbot.serve.telegram.subscriptions import note_articles, send_digests
from coopbot.serve.telegram.turns import Turns
from coopbot.serve.telegram.webhook import Webhook

TELEGRAM_API_URL = "https://api.telegram.org"

_TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]+")

# Threads that compute answers; more would only compete for processors.
_THREADS = 4
# How long Telegram may take to accept a message. Before that, the bot does not check whether it was sent.
_SEND_TIMEOUT_S = 30.0
_CONNECT_TIMEOUT_S = 5.0
_CONNECTIONS = 64
# Shares of the shutdown time for answers in progress, then for messages; the rest is for the process itself.
_SHARE_OF_ANSWERS, _SHARE_OF_MESSAGES = 0.6, 0.25
_DIGESTS_EVERY_S = 300.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class BotSettings:
    """folder: for the bot's files. webhook_url: where Telegram delivers updates; None to poll.

    health_port: the loopback port that answers `GET /healthz`; None for none.
    """

    token: str
    folder: Path
    api_url: str = TELEGRAM_API_URL
    rules: Rules = field(default_factory=Rules)
    shutdown_s: float = 10.0
    health_port: int | None = None
    webhook_url: str | None = None
    quota: Quota = field(default_factory=Quota)
    patience: Patience = field(default_factory=Patience)


class BotService:
    """The bot, which can be run once. `stop` and `deliver` may be called from any thread."""

    def __init__(self, library: Library, settings: BotSettings) -> None:
        if not _TOKEN.fullmatch(settings.token):
            raise Misconfigured("No usable Telegram token: set COOPBOT_TELEGRAM_TOKEN to the one that @BotFather gave you.")
        _quieten_libraries()
        self._library, self._settings = library, settings
        self._database = Database(settings.folder / "state.sqlite")
        self._inbox, self._outbox = Inbox(self._database), Outbox(self._database)
        self._heartbeat = Heartbeat(settings.folder / "heartbeat")
        self._webhook = Webhook(settings.webhook_url, self._keep) if settings.webhook_url else None
        self._executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="coopbot-answer")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._stopped_early = False
        self._turns: Turns | None = None
        self.stuck = False

    @property
    def alive(self) -> bool:
        """Whether Telegram responded recently."""
        return self._heartbeat.alive

    @property
    def waiting(self) -> dict[str, int]:
        """The number of updates to handle, and of messages to send."""
        return {"telegram_in": self._inbox.count(), "telegram_out": self._outbox.count()}

    def deliver(self, secret: str | None, body: bytes) -> bool:
        """Store an update received over HTTP. Returns False for a wrong secret. Raises ValueError if it is not an update."""
        return self._webhook is not None and self._webhook.deliver(secret, body)

    def stop(self) -> None:
        """Shut down in order. Does not wait."""
        self._stopped_early = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._stopping.set)

    async def run(self) -> None:
        """Run until `stop`. Raises what `run_bot` raises."""
        self._loop = asyncio.get_running_loop()
        if self._stopped_early:
            self._stopping.set()
        bot = _bot(self._settings)
        try:
            await _start(bot)
            async with healthz(self._settings.health_port, lambda: self.alive):
                await self._serve(bot)
        finally:
            await bot.shutdown()
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._database.close()

    def end_process_if_stuck(self) -> None:
        """Exit if an answer did not end in time, without waiting for its thread. It is answered after the next start."""
        if self.stuck:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            os._exit(0)

    async def _serve(self, bot: PollingBot) -> None:
        delivery = Delivery(bot, self._outbox, Pace(time.monotonic, self._settings.quota))
        loop = asyncio.get_running_loop()
        kit = self._kit(bot, lambda: loop.call_soon_threadsafe(delivery.wake))
        handler = Handler(kit)
        self._turns = turns = Turns(self._inbox, handler.handle, handler.give_up)
        _log.info("Telegram bot @%s is listening", bot.username)

        def heard(answered: bool) -> None:
            if answered:
                self._heartbeat.beat()
            delivery.hearing(answered)

        listening = self._webhook.watch(bot, heard) if self._webhook else self._poll(bot, heard)
        async with _running(turns.run(), delivery.run(), self._digests(kit), _menu(bot)) as others:
            hearing = asyncio.create_task(listening)
            stopping = asyncio.create_task(self._stopping.wait())
            try:
                await asyncio.wait({hearing, stopping, *others}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                stopping.cancel()
                hearing.cancel()
                settled = await turns.settle(self._settings.shutdown_s * _SHARE_OF_ANSWERS)
                await delivery.settle(self._settings.shutdown_s * _SHARE_OF_MESSAGES)
                self.stuck = not settled
            for task in (hearing, *others):
                if task.done() and not task.cancelled():
                    task.result()
            with suppress(asyncio.CancelledError):
                await hearing

    def _kit(self, bot: Bot, wake: Callable[[], object]) -> Kit:
        return Kit(
            bot=bot,
            library=self._library,
            rules=self._settings.rules,
            database=self._database,
            inbox=self._inbox,
            outbox=self._outbox,
            records=Records(self._database),
            executor=self._executor,
            wake=wake,
        )

    async def _poll(self, bot: PollingBot, heard: Callable[[bool], object]) -> None:
        with suppress(TelegramError):  # a webhook that is still set shows as a conflict
            await bot.delete_webhook()
        await poll(bot, self._keep, heard, self._settings.patience)

    def _keep(self, updates: Sequence[Json]) -> None:
        self._inbox.put(updates)
        if self._loop is not None and self._turns is not None:
            self._loop.call_soon_threadsafe(self._turns.wake)

    async def _digests(self, kit: Kit) -> None:
        """Record new articles, send digests and delete expired data, every few minutes."""
        seen = ""
        while True:
            try:
                store = self._library.index.current()
                if store.snapshot_id != seen:
                    await kit.in_thread(note_articles, self._database, store)
                    seen = store.snapshot_id
                await kit.in_thread(send_digests, kit)
                self._database.clear_up()
            except CoopbotError as error:  # the index cannot be read at the moment
                _log.warning("Digests were not sent, trying again later: %s", type(error).__name__)
            await asyncio.sleep(_DIGESTS_EVERY_S)


def _bot(settings: BotSettings) -> PollingBot:
    api_url = settings.api_url.rstrip("/")
    return PollingBot(
        settings.token,
        base_url=f"{api_url}/bot",
        base_file_url=f"{api_url}/file/bot",
        request=HTTPXRequest(
            connection_pool_size=_CONNECTIONS,
            read_timeout=_SEND_TIMEOUT_S,
            connect_timeout=_CONNECT_TIMEOUT_S,
            pool_timeout=_SEND_TIMEOUT_S,
        ),
    )


async def _start(bot: Bot) -> None:
    """Raises Misconfigured."""
    try:
        await bot.initialize()
    except InvalidToken:
        # Without the cause: the library's message contains the token.
        raise Misconfigured(TOKEN_REFUSED) from None
    except TelegramError as error:
        raise Misconfigured("Telegram cannot be reached: check the network and COOPBOT_TELEGRAM_API_URL.") from error


@asynccontextmanager
async def _running(*works: Coroutine[Any, Any, None]) -> AsyncIterator[list[asyncio.Task[None]]]:
    """A context in which coroutines run as tasks, which are cancelled on exit."""
    tasks: list[asyncio.Task[None]] = [asyncio.create_task(work) for work in works]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _menu(bot: Bot) -> None:
    """The bot works without a menu, so a failure is only logged."""
    try:
        await show_menu(bot)
    except TelegramError as error:
        _log.warning("The menu of commands was not set: %s", type(error).__name__)
    await asyncio.Event().wait()


def _quieten_libraries() -> None:
    """Silence libraries that log addresses, which contain the token, and whole messages. Their errors are raised as well."""
    for name in ("telegram", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
