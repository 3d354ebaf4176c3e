"""Many users at once, within Telegram's limits; and one user with one question beside another with many."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.samples import QUESTIONS
from benchmarks.telegram.bot_api.flood import Flood
from benchmarks.telegram.bot_api.server import BotApi, bot_api
from benchmarks.telegram.bot_api.updates import message
from benchmarks.telegram.process import Asked, running

_USERS, _QUESTIONS_EACH = 200, 5
_WAITING, _TRIES = 200, 5
_LIMIT_S = 900.0


def measure_crowd(folder: Path) -> list[Figure]:
    """All figures, with a bot for each of the two. folder: for the state of the bots."""
    return _crowd(folder / "crowd") + _neighbour(folder / "neighbour")


def _crowd(folder: Path) -> list[Figure]:
    flood = Flood()
    with bot_api(flood) as api, running(api, folder):
        asked = Asked(api)
        start_s = time.perf_counter()
        for _ in range(_QUESTIONS_EACH):
            for chat_id in range(1, _USERS + 1):
                asked.ask(chat_id)
        api.wait_until(lambda: asked.answered, _LIMIT_S)
        took_s = time.perf_counter() - start_s
    outcome, questions = asked.outcome(), _USERS * _QUESTIONS_EACH
    return [
        Figure(
            name=f"Telegram: {questions:,} questions of {_USERS} users, lost",
            value=outcome.lost,
            unit="",
            goal="0",
        ),
        Figure(name="Telegram: questions answered twice", value=outcome.twice, unit="", goal="0"),
        Figure(name="Telegram: chats whose answers are out of order", value=outcome.swapped, unit="", goal="0"),
        Figure(name="Telegram: messages refused as too frequent", value=flood.refused, unit="", goal="0"),
        Figure(name="Telegram: answers per second", value=questions / took_s, unit="1/s"),
    ]


def _neighbour(folder: Path) -> list[Figure]:
    """How much longer a user waits for an answer while another has many questions waiting."""
    with bot_api(Flood()) as api, running(api, folder):
        alone_s = [_answer_s(api, 1000 + number) for number in range(_TRIES)]
        asked = Asked(api)
        for _ in range(_WAITING):
            asked.ask(1)
        beside_s = [_answer_s(api, 2000 + number) for number in range(_TRIES)]
    return [
        Figure(
            name=f"Telegram: delay by {_WAITING} questions of another user, longest",
            value=max(beside_s) - min(alone_s),
            unit="s",
            goal="< 2",
        )
    ]


def _answer_s(api: BotApi, chat_id: int) -> float:
    start_s = time.perf_counter()
    api.deliver(message(QUESTIONS[chat_id % len(QUESTIONS)], chat_id=chat_id, user_id=chat_id))
    api.wait_until(lambda: any(one.chat_id == chat_id for one in api.sent), 60)
    return time.perf_counter() - start_s
