"""The buttons under messages: their texts, where they stand, and their callback data, which has at most 64 bytes and a version.

A new one is an entry in buttons.json, its code in a table of `presses`, and a test.
"""

from __future__ import annotations

import importlib.resources
from collections.abc import Sequence
from functools import cache
from itertools import groupby
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, TypeAdapter
from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from coopbot.domain import INTERFACE_LANGUAGES, Answer, InterfaceLanguage, Language
from coopbot.serve.telegram.texts import bot_texts

# Increase when the meaning of the data changes; buttons of older versions then reply that they are too old.
_VERSION = "1"
_IN_A_ROW = 3

Kind = Literal["quoted", "foreign", "refused"]
"""Of an answer: it quotes the asker's language first, or another one first, or no article answers."""
Place = Literal["answer", "menu", "view"]
"""Under an answer, in its menu, or under another view of it."""


class Button(BaseModel):
    """label, heading: by language; the heading is that of what it shows. under: the places that have it, and for which answers.
    row: the row there, if there are several.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: dict[InterfaceLanguage, str]
    heading: dict[Language, str] = {}
    under: dict[Place, tuple[Kind, ...]] = {}
    row: int = 0


@cache
def buttons() -> dict[str, Button]:
    """All buttons with a fixed label, by name."""
    file = importlib.resources.files("coopbot.serve.telegram").joinpath("buttons.json")
    return TypeAdapter(dict[str, Button]).validate_json(file.read_text(encoding="utf-8"))


def kind_of(answer: Answer) -> Kind:
    """Which buttons are under an answer."""
    if not answer.claims:
        return "refused"
    languages = {citation.number: citation.language for citation in answer.citations}
    return "quoted" if languages[answer.claims[0].citations[0]] == answer.question_language else "foreign"


def read_press(data: str | None) -> tuple[str, str] | None:
    """The name of the pressed button and its argument; None for data of another version."""
    version, _, rest = (data or "").partition(":")
    name, _, value = rest.partition(":")
    return (name, value) if version == _VERSION and name else None


def answer_keyboard(answer_id: int, language: InterfaceLanguage, kind: Kind, place: Place = "answer") -> InlineKeyboardMarkup:
    """The buttons in a place under an answer; their argument is the id of the answer and its kind."""
    found = [(one.row, name) for name, one in buttons().items() if kind in one.under.get(place, ())]
    rows = [[name for _, name in row] for _, row in groupby(sorted(found, key=lambda one: one[0]), key=lambda one: one[0])]
    return InlineKeyboardMarkup([[named(name, language, f"{answer_id}.{kind}") for name in row] for row in rows])


def read_answer(value: str) -> tuple[int, Kind]:
    """The answer's id and kind in the argument of a button under it; the id is 0 if it is none."""
    number, _, given = value.partition(".")
    kinds: tuple[Kind, ...] = get_args(Kind)
    kind = next((one for one in kinds if one == given), kinds[0])
    return int(number) if number.isascii() and number.isdecimal() and len(number) < 16 else 0, kind


def example_keyboard(questions: Sequence[tuple[int, str]], language: InterfaceLanguage) -> InlineKeyboardMarkup | None:
    """Example questions, each with its index among the examples."""
    rows = [[_button(question, "example", f"{language}{place}")] for place, question in questions]
    return InlineKeyboardMarkup(rows) if rows else None


def language_keyboard(language: InterfaceLanguage) -> InlineKeyboardMarkup:
    """The choice of the language."""
    names = [_button(bot_texts(one).name, "language", one) for one in INTERFACE_LANGUAGES]
    return InlineKeyboardMarkup([names, [_button(bot_texts(language).language_auto, "language", "auto")]])


def subjects_keyboard(language: InterfaceLanguage) -> InlineKeyboardMarkup:
    """The choice of what to subscribe to."""
    subjects = [_button(subject, "subject", place) for place, subject in enumerate(bot_texts(language).subjects)]
    return in_rows([named("all_articles", language), *subjects])


def newest_keyboard(counts: dict[Language, int]) -> InlineKeyboardMarkup:
    """The newest articles in each language, with how many there are."""
    return in_rows([_button(f"{bot_texts(one).name} · {count}", "newest", one) for one, count in counts.items()])


def in_rows(shown: Sequence[InlineKeyboardButton]) -> InlineKeyboardMarkup:
    """The buttons, in rows of three."""
    return InlineKeyboardMarkup([shown[at : at + _IN_A_ROW] for at in range(0, len(shown), _IN_A_ROW)])


def named(name: str, language: InterfaceLanguage, value: object = "") -> InlineKeyboardButton:
    """The button of buttons.json with this name."""
    return _button(label(name, language), name, value)


def label(name: str, language: InterfaceLanguage = "en") -> str:
    """What such a button says."""
    return buttons()[name].label.get(language) or bot_texts(language).buttons[name]


def _button(label: str, name: str, value: object) -> InlineKeyboardButton:
    return InlineKeyboardButton(label, callback_data=f"{_VERSION}:{name}:{value}")
