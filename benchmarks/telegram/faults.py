"""Broken connections, and a bot that is killed at any moment: whether every question is answered exactly once."""

from __future__ import annotations

import random
import time
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.telegram.bot_api.flood import Flood
from benchmarks.telegram.bot_api.server import BotApi, Fault, bot_api
from benchmarks.telegram.process import START_TIMEOUT_S, Asked, running, start

_FAULTS: tuple[Fault, ...] = ("drop before", "drop after", "error before", "error after", "slow")
_BREAKABLE = ("sendMessage", "editMessageText", "getUpdates", "sendChatAction")
# The share of calls that break, and how many break in all.
_SHARE, _MAX_FAULTS = 0.25, 1000
_CHATS = 100
_QUESTIONS_A_KILL = 30
_MAX_RUN_S = 1.5
_LIMIT_S = 1800.0


class _Faults:
    """Breaks calls at random, up to `_MAX_FAULTS`; the same ones in each run."""

    def __init__(self) -> None:
        self.count = 0
        self._random = random.Random(7)

    def __call__(self, method: str) -> Fault | None:
        if method not in _BREAKABLE or self.count >= _MAX_FAULTS or self._random.random() >= _SHARE:
            return None
        self.count += 1
        return self._random.choice(_FAULTS)


def measure_faults(folder: Path, kills: int) -> list[Figure]:
    """All figures. Questions arrive throughout; after the kills the bot has time to answer the rest. folder: for its state."""
    faults = _Faults()
    with bot_api(Flood()) as api:
        api.fault = faults
        asked = Asked(api)
        for kill in range(kills):
            _ask_some(asked, kill)
            _run_and_kill(api, folder, random.Random(kill).uniform(0, _MAX_RUN_S))
        with running(api, folder):
            for more in range(_MAX_FAULTS):
                if faults.count >= _MAX_FAULTS:
                    break
                _ask_some(asked, more)
                api.wait_until(lambda: asked.answered, _LIMIT_S)
            api.wait_until(lambda: asked.answered, _LIMIT_S)
            time.sleep(2)  # in case something is sent twice
        outcome = asked.outcome()
    return [
        Figure(name="Telegram: kills", value=kills, unit=""),
        Figure(name="Telegram: broken calls", value=faults.count, unit=""),
        Figure(name="Telegram: questions lost", value=outcome.lost, unit="", goal="0"),
        Figure(name="Telegram: questions answered twice", value=outcome.twice, unit="", goal="0"),
        Figure(name="Telegram: answers marked as possibly sent again", value=outcome.repeated, unit=""),
    ]


def _ask_some(asked: Asked, salt: int) -> None:
    for number in range(_QUESTIONS_A_KILL):
        asked.ask(1 + (salt * _QUESTIONS_A_KILL + number) % _CHATS)


def _run_and_kill(api: BotApi, folder: Path, after_s: float) -> None:
    """Start the bot, wait for its first poll, and kill it `after_s` later."""
    polls = len(api.called("getUpdates"))
    process = start(api, folder)
    try:
        api.wait_until(lambda: len(api.called("getUpdates")) > polls, START_TIMEOUT_S)
        time.sleep(after_s)
    finally:
        process.kill()
        process.wait()
