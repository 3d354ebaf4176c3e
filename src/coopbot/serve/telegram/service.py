"""The whole bot: assembles it, runs it in a process or a thread of its own until it is stopped, and ends it in time."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from coopbot.errors import Busy, Misconfigured
from coopbot.sections import BotSettings
from coopbot.serve.telegram.commands import show_menu
from coopbot.serve.telegram.context import Backend, BotContext
from coopbot.serve.telegram.handling import Handler
from coopbot.serve.telegram.pace import Quota
from coopbot.serve.telegram.receiving import Patience, RawBot, Webhook, poll
from coopbot.serve.telegram.subscriptions import keep_digests
from coopbot.state import Lease, State

_TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]+")

# How often a process that stands by looks whether it may run the bot.
_LOOK_S = 0.5

# Shares of the shutdown time for answers in progress, then for messages; the rest is for the process itself.
_SHARE_OF_ANSWERS, _SHARE_OF_MESSAGES = 0.6, 0.25

# Several polls long, so that a single failure is no reason to restart.
_SILENT_AFTER_S = 120.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class BotProcess:
    """How a process runs the bot.

    heartbeat: the file touched whenever Telegram responds. webhook_path: the path, below the address in the settings, at which
    Telegram delivers updates; else the bot polls. lease_s: how long after its process was killed another runs the bot.
    """

    heartbeat: Path
    shutdown_s: float
    webhook_path: str | None = None
    quota: Quota = field(default_factory=Quota)
    patience: Patience = field(default_factory=Patience)
    lease_s: float = 6.0


class BotService:
    """The bot, which can be run once. `stop` and `deliver` may be called from any thread.

    Of several processes over the same state one runs the bot, by a lease; the others stand by, and store what is delivered to
    them. stuck: whether an answer did not end in time, so that the process has to exit without waiting for its thread. It is
    answered after the next start.
    """

    def __init__(self, backend: Backend, settings: BotSettings, process: BotProcess, state: State) -> None:
        token = settings.token.get_secret_value()
        if not _TOKEN.fullmatch(token):
            raise Misconfigured("No usable Telegram token: set COOPBOT_TELEGRAM_TOKEN to the one that @BotFather gave you.")
        # Silence libraries that log addresses, which contain the token, and whole messages. Their errors are raised as well.
        for name in ("telegram", "httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._settings, self._process = settings, process
        self._bot = RawBot(token, settings.api_url)
        self._state = state
        self._context = BotContext(self._bot, backend, settings, state, process.quota)
        self._handler = Handler(self._context)
        self._heartbeat = Heartbeat(process.heartbeat)
        self._webhook = None
        if settings.webhook_url and process.webhook_path:
            address = settings.webhook_url.rstrip("/") + process.webhook_path
            self._webhook = Webhook(address, token, self._context.inbox)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._stopped_early = False
        self._lost = False
        self.stuck = False

    @property
    def alive(self) -> bool:
        """Whether Telegram responded recently."""
        return self._heartbeat.alive

    @property
    def waiting(self) -> dict[str, int]:
        """The number of updates to handle, and of messages to send."""
        return {"telegram_in": self._context.inbox.count(), "telegram_out": self._context.outbox.count()}

    def deliver(self, secret: str | None, body: bytes) -> bool:
        """Store an update received over HTTP. Returns False for a wrong secret."""
        return self._webhook is not None and self._webhook.deliver(secret, body)

    def stop(self) -> None:
        """Begin a graceful shutdown. Does not wait."""
        self._stopped_early = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._stopping.set)

    async def run(self) -> None:
        """Run until `stop`. Raises what `run_bot` raises."""
        self._loop = asyncio.get_running_loop()
        if self._stopped_early:
            self._stopping.set()
        try:
            await self._bot.connect()
            async with healthz(self._settings.health_port, self._heartbeat):
                lease = await self._lease()
                if lease is not None:
                    with lease:
                        await self._serve()
        finally:
            await self._bot.shutdown()
            self._context.executor.shutdown(wait=False, cancel_futures=True)
        if self._lost:
            raise Busy("another process runs the bot, since this one did not respond for a while; start it again to stand by")

    async def _lease(self) -> Lease | None:
        """The right to run the bot; None if the bot is stopped while another process has it."""

        def on_lost() -> None:
            self._lost = True
            self.stop()

        while not self._stopping.is_set():
            lease = self._state.lease("telegram", self._process.lease_s, on_lost)
            if lease is not None:
                return lease
            self._heartbeat.beat()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._stopping.wait()
        return None

    async def _serve(self) -> None:
        """Run all parts until `stop`, or until one of them fails."""
        _log.info("Telegram bot @%s is listening", self._bot.username)
        delivery, shutdown_s = self._context.delivery, self._process.shutdown_s

        if self._webhook:
            receiving = asyncio.create_task(self._webhook.watch(self._bot, self._heartbeat.beat))
        else:
            receiving = asyncio.create_task(
                poll(self._bot, self._handler.receive, self._heartbeat.beat, self._process.patience)
            )
        stopping = asyncio.create_task(self._stopping.wait())
        parts = (self._handler.run(), delivery.run(), keep_digests(self._context))
        endless = [receiving, stopping, *map(asyncio.create_task, parts)]
        tasks = [*endless, asyncio.create_task(show_menu(self._bot))]
        try:
            await asyncio.wait(endless, return_when=asyncio.FIRST_COMPLETED)
        finally:
            receiving.cancel()
            self.stuck = not await self._handler.settle(shutdown_s * _SHARE_OF_ANSWERS)
            await delivery.settle(shutdown_s * _SHARE_OF_MESSAGES)
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result


class Heartbeat:
    """Records when Telegram last responded. Safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._beat_at_s = time.monotonic()

    def beat(self) -> None:
        """Record a response from Telegram."""
        self._beat_at_s = time.monotonic()
        with suppress(OSError):  # the health check does not need the file
            self._path.touch()

    @property
    def alive(self) -> bool:
        """Whether Telegram responded within _SILENT_AFTER_S."""
        return time.monotonic() - self._beat_at_s < _SILENT_AFTER_S


@asynccontextmanager
async def healthz(port: int | None, heartbeat: Heartbeat) -> AsyncIterator[None]:
    """A context in which `GET /healthz` on loopback answers 200 while Telegram responds, else 503. port: None for no server."""
    if port is None:
        yield
        return

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(5):
                request = await reader.readline()
                status = "200 OK" if heartbeat.alive else "503 Service Unavailable"
                if b" /healthz " not in request:
                    status = "404 Not Found"
                writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
                await writer.drain()
        except (OSError, ValueError, TimeoutError):
            pass  # the client is gone, or does not speak HTTP
        finally:
            writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", port):
        yield


def run_bot(service: BotService) -> None:
    """Answer Telegram messages until SIGINT or SIGTERM, and end within `shutdown_s` after that.

    Messages that are unanswered by then are answered after the next start. A second signal ends the process at once. If an
    answer does not end in time, the process exits without waiting for its thread.

    Raises Misconfigured if the token is missing or refused, or the API cannot be reached at the start; Busy while a process
    with another state polls.
    """

    def on_signal(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        service.stop()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        asyncio.run(service.run())
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if service.stuck:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


class BackgroundBot:
    """A context in which the bot runs in a thread of its own. If it fails, `on_failure` is called, to end the process."""

    def __init__(self, service: BotService, on_failure: Callable[[], object]) -> None:
        self.service = service
        self.failure: Exception | None = None
        self._on_failure = on_failure
        self._thread = threading.Thread(target=self._run, name="coopbot-telegram")

    def __enter__(self) -> BackgroundBot:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.service.stop()
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self.service.run())
        except Exception as error:  # the thread's outermost edge: the process must not go on without its bot
            _log.critical("The Telegram bot has ended: %s", type(error).__name__)
            self.failure = error
            self._on_failure()
