"""What the bot adds to the time of an answer."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.samples import QUESTIONS
from benchmarks.telegram.bot_api.flood import Flood
from benchmarks.telegram.bot_api.server import bot_api
from benchmarks.telegram.bot_api.updates import message
from benchmarks.telegram.process import running
from coopbot.ask.answer.answerer import Answerer

_ROUNDS = 5


def measure_speed(answerer: Answerer, folder: Path) -> list[Figure]:
    """All figures. Each question is asked in this process, then of the bot. folder: for the state of the bot."""
    ask_ms, bot_ms = [], []
    with bot_api(Flood()) as api, running(api, folder):
        for number, question in enumerate(QUESTIONS * (_ROUNDS + 1), start=1):
            start_s = time.perf_counter()
            answerer.ask(question)
            answered_s = time.perf_counter()
            api.deliver(message(question, chat_id=number, user_id=number))
            api.wait_for_sent(number)
            if number > len(QUESTIONS):  # the first round is a warm-up
                ask_ms.append((answered_s - start_s) * 1000)
                bot_ms.append((time.perf_counter() - answered_s) * 1000)
            time.sleep(0.05)
    ask, bot = statistics.median(ask_ms), statistics.median(bot_ms)
    return [
        Figure(name="Telegram: answering in this process, median", value=ask, unit="ms"),
        Figure(name="Telegram: from update to sent message, median", value=bot, unit="ms"),
        Figure(name="Telegram: what the bot adds", value=bot - ask, unit="ms", goal="<= 15"),
    ]
