"""Runs the bot: as a process of its own, or in a thread beside the HTTP service."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

from coopbot.serve.telegram.kit import Library
from coopbot.serve.telegram.service import BotService, BotSettings

_log = logging.getLogger(__name__)


def run_bot(library: Library, settings: BotSettings) -> None:
    """Answer Telegram messages until SIGINT or SIGTERM, and end within `shutdown_s` after that.

    Messages that are unanswered by then are answered after the next start. A second signal ends the process at once. If an
    answer does not end in time, the process exits without waiting for its thread.

    Raises Misconfigured if the token is missing or refused, the API cannot be reached at the start, or the folder cannot be
    used; Busy while another process polls.
    """
    service = BotService(library, settings)

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
