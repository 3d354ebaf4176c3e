"""Draws the pictures of docs/telegram.md from real answers: `python -m benchmarks.telegram.pictures docs/telegram`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from benchmarks.telegram.chat_picture import draw_chat
from coopbot.domain import Answer
from coopbot.serve.telegram.buttons import answer_keyboard, buttons, kind_of
from coopbot.serve.telegram.format import answer_parts
from coopbot.serve.telegram.outgoing import Outgoing, messages
from coopbot.serve.telegram.passages import context_parts
from coopbot.settings import load_settings
from coopbot.wiring import open_service

# Question and view by name of the picture: an answer in each language, one in its context, and one that no source gives.
SHOWN: dict[str, tuple[str, Literal["answer", "context"]]] = {
    "en": ("When did the Heihe–Blagoveshchensk bridge open to freight?", "answer"),
    "zh": ("黑河公路大桥什么时候开通货运？", "answer"),
    "ru": ("Когда открыли железнодорожный мост Нижнеленинское — Тунцзян?", "answer"),
    "context": ("When did the Heihe–Blagoveshchensk bridge open to freight?", "context"),
    "silent": ("Who won the chess tournament in Harbin in 2031?", "answer"),
}


def draw_pictures(ask: Callable[[str], Answer], folder: Path) -> list[Path]:
    """Draw each question with its answer as the bot would send it. The files, named as in `SHOWN`."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, (question, view) in SHOWN.items():
        file = folder / f"{name}.svg"
        file.write_text(draw_chat(question, _shown(ask(question), question, view)), encoding="utf-8")
        files.append(file)
    return files


def _shown(answer: Answer, question: str, view: str) -> list[Outgoing]:
    language = answer.question_language
    in_context = view == "context"
    heading = buttons()["context"].heading[language]
    parts = context_parts(answer, heading) if in_context else answer_parts(answer, asked=question)
    keyboard = answer_keyboard(1, language, kind_of(answer), "view" if in_context else "answer")
    return messages(parts, Outgoing(key="", chat_id=1, language=language, keyboard=keyboard))


if __name__ == "__main__":
    draw_pictures(open_service(load_settings()).answerer.ask, Path(sys.argv[1]))
