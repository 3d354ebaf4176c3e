"""Runs the bot as a process of its own."""

from __future__ import annotations

import asyncio
import signal
from types import FrameType

from coopbot.serve.telegram.kit import Library
from coopbot.serve.telegram.service import BotService, BotSettings


def run_bot(library: Library, settings: BotSettings) -> None:
    """Answer Telegram messages until SIGINT or SIGTERM, and end within `shutdown_s` after that.

    Messages that are unanswered by then are answered after the next start. A second signal ends the process at once.
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
    service.end_process_if_stuck()
