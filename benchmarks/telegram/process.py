"""A real `coopbot telegram` to measure, and the fate of the questions that it gets."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.samples import QUESTIONS
from benchmarks.telegram.bot_api.server import BotApi
from benchmarks.telegram.bot_api.updates import TOKEN, message
from coopbot.domain import LANGUAGES
from coopbot.serve.telegram.texts import bot_texts

START_TIMEOUT_S = 120.0


def start(api: BotApi, folder: Path) -> subprocess.Popen[bytes]:
    """Start the bot. folder: for its state."""
    environ = {
        **os.environ,
        "COOPBOT_QUESTIONS_KEPT": "0",
        "COOPBOT_TELEGRAM_TOKEN": TOKEN,
        "COOPBOT_TELEGRAM_API_URL": api.url,
        "COOPBOT_STATE_DIR": str(folder),
        "COOPBOT_TELEGRAM_RATE": "1000",
    }
    command = [sys.executable, "-m", "coopbot", "telegram"]
    return subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@contextmanager
def running(api: BotApi, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A bot that polls, stopped afterwards. folder: for its state."""
    polls = len(api.called("getUpdates"))
    process = start(api, folder)
    try:
        api.wait_until(lambda: len(api.called("getUpdates")) > polls, START_TIMEOUT_S)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """lost: questions without an answer. twice: messages that repeat an answer without saying so. repeated: messages that say
    they may have been sent before. swapped: chats whose answers are not in the order of their questions.
    """

    lost: int
    twice: int
    repeated: int
    swapped: int


class Asked:
    """Questions that were delivered to the bot."""

    def __init__(self, api: BotApi) -> None:
        self._api = api
        self._ids: list[tuple[int, int]] = []

    def ask(self, chat_id: int) -> None:
        """Deliver one more question in a chat."""
        question = QUESTIONS[len(self._ids) % len(QUESTIONS)]
        with self._api.changed:
            self._api.deliver(message(question, chat_id=chat_id, user_id=chat_id))
            self._ids.append((chat_id, self._api.last_received_id(chat_id)))

    @property
    def answered(self) -> bool:
        """Whether all have an answer."""
        return not self._missing()

    def outcome(self) -> Outcome:
        """The outcome so far."""
        notes = tuple(bot_texts(language).sent_again for language in LANGUAGES)
        plain = [one for one in self._api.sent if not one.text.endswith(notes)]
        counts = Counter((one.chat_id, one.reply_to, one.text.splitlines()[0]) for one in plain)
        order: dict[int, list[int]] = {}
        for one in self._api.sent:
            order.setdefault(one.chat_id, []).append(one.reply_to or 0)
        return Outcome(
            lost=len(self._missing()),
            twice=sum(count - 1 for count in counts.values()),
            repeated=len(self._api.sent) - len(plain),
            swapped=sum(ids != sorted(ids) for ids in order.values()),
        )

    def _missing(self) -> set[tuple[int, int]]:
        return set(self._ids) - {(one.chat_id, one.reply_to or 0) for one in self._api.sent}
