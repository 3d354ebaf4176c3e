"""Runs the bot beside something else in one process."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from types import TracebackType

from coopbot.serve.telegram.service import BotService

_log = logging.getLogger(__name__)


class BackgroundBot:
    """The bot in a thread and a loop of its own, while within. If it fails, `on_failure` is to end the rest."""

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
        except Exception as error:  # the edge of the thread: a bot that is deaf must not look alive
            _log.critical("The Telegram bot has ended: %s", type(error).__name__)
            self.failure = error
            self._on_failure()
