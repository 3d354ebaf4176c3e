"""Speed and reliability of the Telegram bot: the real process, against the Bot API server of `bot_api`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.telegram.crowd import measure_crowd
from benchmarks.telegram.faults import measure_faults
from benchmarks.telegram.speed import measure_speed
from coopbot.index.model.conversion import Step
from coopbot.settings import Settings
from coopbot.wiring import open_service


def run_telegram(settings: Settings, kills: int, on_step: Step = lambda _: None) -> list[Figure]:
    """All figures, with the index of `settings`. The bot is killed `kills` times."""
    service = open_service(settings, on_step)
    with tempfile.TemporaryDirectory(prefix="coopbot-bench-") as folder:
        on_step("asking one by one")
        figures = measure_speed(service.answerer, Path(folder) / "speed")
        on_step("asking, 200 users at once")
        figures += measure_crowd(Path(folder))
        on_step(f"breaking connections, killing the bot {kills} times")
        figures += measure_faults(Path(folder) / "faults", kills)
    return figures
