"""Handles presses of buttons."""

from __future__ import annotations

from contextlib import suppress

from telegram import CallbackQuery, Message
from telegram.error import TelegramError

from coopbot.domain import LANGUAGES, Language
from coopbot.serve.telegram.answering import answer_question, show_view
from coopbot.serve.telegram.buttons import read_press, view_of
from coopbot.serve.telegram.inbox import Waiting
from coopbot.serve.telegram.incoming import topic_of
from coopbot.serve.telegram.kit import Kit
from coopbot.serve.telegram.outgoing import Outgoing, messages
from coopbot.serve.telegram.records import Asked, Record
from coopbot.serve.telegram.subscriptions import subscribe
from coopbot.serve.telegram.texts import bot_texts


async def handle_press(kit: Kit, waiting: Waiting, query: CallbackQuery) -> None:
    """Handle a press. An outdated button, or one pressed too often, shows a notice."""
    language = kit.language_of(query.from_user)
    texts = bot_texts(language)
    action, value = read_press(query.data) or ("", "")
    view = view_of(action)
    if kit.inbox.earlier(waiting, 60) >= kit.rules.a_minute:
        await _finish(kit, waiting, query, texts.slow_down.format(kit.rules.a_minute))
    elif not action or not isinstance(query.message, Message):
        await _finish(kit, waiting, query, texts.too_old)
    elif view is None and action not in ("good", "bad"):
        await _notify(query, "")
        await _other(kit, waiting, query.from_user.id, query.message, action, value, language)
    elif (record := _record(kit, query.message, value)) is None:
        await _finish(kit, waiting, query, texts.too_old)
    elif view is not None:
        await _notify(query, "")
        await show_view(kit, waiting, record, view)
    else:
        kit.records.vote(record.answer_id, query.from_user.id, good=action == "good")
        await _finish(kit, waiting, query, texts.thanks)


def _record(kit: Kit, message: Message, value: str) -> Record | None:
    """The answer that the button belongs to; None if it is unknown or in another chat."""
    record = kit.records.get(int(value)) if value.isdecimal() and len(value) < 16 else None
    return record if record is not None and record.asked.chat_id == message.chat.id else None


async def _other(
    kit: Kit, waiting: Waiting, user_id: int, message: Message, action: str, value: str, language: Language
) -> None:
    """Handle buttons under replies to commands."""
    question = _example(value) if action == "example" else None
    if question is not None:
        asked = Asked(chat_id=message.chat.id, topic_id=topic_of(message), user_id=user_id, question_id=0, text=question)
        await answer_question(kit, waiting, asked, show_question=True)
        return
    reply = ""
    if action == "language" and value in (*LANGUAGES, "auto"):
        chosen = next((one for one in LANGUAGES if one == value), None)
        kit.records.choose_language(user_id, chosen)
        reply = bot_texts(chosen).language_chosen if chosen else f"✅ {bot_texts(language).language_auto}"
    elif action == "subscribe" and value in ("1", "7"):
        reply = subscribe(kit, message.chat.id, user_id, int(value), "", language)
    like = Outgoing(key=waiting.key, chat_id=message.chat.id, topic_id=topic_of(message), language=language)
    kit.finish(waiting, messages(reply, like))


def _example(value: str) -> str | None:
    for language in LANGUAGES:
        place, questions = value.removeprefix(language), bot_texts(language).examples
        if place != value and place.isdecimal() and int(place) < len(questions):
            return questions[int(place)]
    return None


async def _finish(kit: Kit, waiting: Waiting, query: CallbackQuery, notice: str) -> None:
    await _notify(query, notice)
    kit.finish(waiting)


async def _notify(query: CallbackQuery, text: str) -> None:
    """Show a notice over the chat, or only stop the button's spinner. Telegram refuses this for old presses."""
    with suppress(TelegramError):
        await query.answer(text or None)
