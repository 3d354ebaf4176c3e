"""The buttons under messages, and their callback data: at most 64 bytes, with a version."""

from __future__ import annotations

from typing import Literal, get_args

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from coopbot.domain import LANGUAGES, Language
from coopbot.serve.telegram.texts import bot_texts

# Increase when the meaning of the data changes; buttons of older versions then reply that they are too old.
_VERSION = "1"

View = Literal["answer", "context", "more", "year", "languages"]


def read_press(data: str | None) -> tuple[str, str] | None:
    """Parse callback data; None for another version.

    Returns the action, which is a view, `good`, `bad`, `example`, `language` or `subscribe`, and its argument.
    """
    version, _, rest = (data or "").partition(":")
    action, _, value = rest.partition(":")
    return (action, value) if version == _VERSION and action else None


def view_of(action: str) -> View | None:
    """The view that an action shows; None if it is another action."""
    views: tuple[View, ...] = get_args(View)
    return next((view for view in views if view == action), None)


def answer_keyboard(answer_id: int, language: Language, view: View, *, answered: bool) -> InlineKeyboardMarkup:
    """The buttons under an answer: its other views and votes, or in another view, the way back."""
    texts = bot_texts(language)
    labels: dict[View, str] = {
        "context": texts.in_context,
        "more": texts.more_sources,
        "year": texts.past_year,
        "languages": texts.other_languages,
    }
    if view != "answer":
        return InlineKeyboardMarkup([[_button(texts.back, "answer", answer_id)]])
    shown = [view for view in labels if answered or view == "more"]
    buttons = [_button(labels[view], view, answer_id) for view in shown]
    votes = [_button("👍", "good", answer_id), _button("👎", "bad", answer_id)]
    return InlineKeyboardMarkup([*(buttons[at : at + 2] for at in range(0, len(buttons), 2)), votes])


def example_keyboard(questions: list[tuple[int, str]], language: Language) -> InlineKeyboardMarkup | None:
    """Example questions, each with its index among the examples."""
    rows = [[_button(question, "example", f"{language}{place}")] for place, question in questions]
    return InlineKeyboardMarkup(rows) if rows else None


def language_keyboard(language: Language) -> InlineKeyboardMarkup:
    """The choice of the language."""
    names = [_button(bot_texts(one).name, "language", one) for one in LANGUAGES]
    return InlineKeyboardMarkup([names, [_button(bot_texts(language).language_auto, "language", "auto")]])


def subscribe_keyboard(language: Language) -> InlineKeyboardMarkup:
    """The choice between daily and weekly."""
    texts = bot_texts(language)
    return InlineKeyboardMarkup([[_button(texts.daily, "subscribe", 1), _button(texts.weekly, "subscribe", 7)]])


def _button(label: str, action: str, value: object) -> InlineKeyboardButton:
    return InlineKeyboardButton(label, callback_data=f"{_VERSION}:{action}:{value}")
