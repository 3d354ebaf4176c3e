"""Runs the bot beside the HTTP service in one process."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from types import TracebackType

from coopbot.serve.telegram.service import BotService

_log = logging.getLogger(__name__)


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

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.service.stop()
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self.service.run())
        except Exception as error:  # the thread's outermost edge: the process must not go on without its bot
            _log.critical("The Telegram bot has ended: %s", type(error).__name__)
            self.failure = error
            self._on_failure()
