"""Draws the pictures of docs/telegram.md from real answers: `python -m coopbot.measure.telegram_pictures docs/telegram`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from coopbot.domain import Answer
from coopbot.measure.chat_picture import draw_chat
from coopbot.serve.telegram.buttons import answer_keyboard
from coopbot.serve.telegram.format import answer_parts
from coopbot.serve.telegram.kit import messages
from coopbot.settings import load_settings
from coopbot.wiring import open_service

# By the name of the picture: one answer in each language, sources that differ, sources that do not say.
SHOWN = {
    "en": "When did the Heihe–Blagoveshchensk bridge open?",
    "zh": "同江铁路大桥的设计年过货能力是多少？",
    "ru": "Какова длина моста Благовещенск — Хэйхэ?",
    "differ": "How long is the Blagoveshchensk–Heihe bridge?",
    "silent": "Who won the chess tournament in Harbin in 2031?",
}


def draw_pictures(ask: Callable[[str], Answer], folder: Path) -> list[Path]:
    """One file a question, as the bot would answer it."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, question in SHOWN.items():
        answer = ask(question)
        keyboard = answer_keyboard(1, answer.question_language, "answer", answered=answer.outcome == "answered")
        shown = messages(
            answer_parts(answer, asked=question), key=name, chat_id=1, language=answer.question_language, keyboard=keyboard
        )
        file = folder / f"{name}.svg"
        file.write_text(draw_chat(question, shown), encoding="utf-8")
        files.append(file)
    return files


if __name__ == "__main__":
    draw_pictures(open_service(load_settings()).answerer.ask, Path(sys.argv[1]))
