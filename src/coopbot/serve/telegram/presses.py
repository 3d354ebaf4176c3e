"""Handles presses of buttons."""

from __future__ import annotations

from contextlib import suppress

from telegram import CallbackQuery, Message
from telegram.error import TelegramError

from coopbot.domain import LANGUAGES, Language
from coopbot.serve.telegram.answering import answer_question, show_view
from coopbot.serve.telegram.buttons import Press, read_press, view_of
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
    press = read_press(query.data)
    if kit.inbox.earlier(waiting, 60) >= kit.rules.a_minute:
        await _notify(query, texts.slow_down.format(kit.rules.a_minute))
        kit.finish(waiting)
    elif press is None or not isinstance(query.message, Message):
        await _notify(query, texts.too_old)
        kit.finish(waiting)
    elif press.action in ("good", "bad") or view_of(press.action):
        await _about_answer(kit, waiting, query, press, language)
    else:
        await _notify(query, "")
        await _other(kit, waiting, query.from_user.id, query.message, press, language)


async def _about_answer(kit: Kit, waiting: Waiting, query: CallbackQuery, press: Press, language: Language) -> None:
    record = _record(kit, query, press)
    view = view_of(press.action)
    if record is None:
        await _notify(query, bot_texts(language).too_old)
        kit.finish(waiting)
    elif view is not None:
        await _notify(query, "")
        await show_view(kit, waiting, record, view)
    else:
        kit.records.vote(record.answer_id, query.from_user.id, good=press.action == "good")
        await _notify(query, bot_texts(language).thanks)
        kit.finish(waiting)


def _record(kit: Kit, query: CallbackQuery, press: Press) -> Record | None:
    """The answer that the button belongs to; None if it is unknown or in another chat."""
    record = kit.records.get(int(press.value)) if press.value.isdecimal() and len(press.value) < 16 else None
    at_home = record is not None and query.message is not None and record.asked.chat_id == query.message.chat.id
    return record if at_home else None


async def _other(kit: Kit, waiting: Waiting, user_id: int, message: Message, press: Press, language: Language) -> None:
    """Handle buttons under replies to commands."""
    if press.action == "example":
        question = _example(press.value)
        if question is not None:
            asked = Asked(chat_id=message.chat.id, topic_id=topic_of(message), user_id=user_id, question_id=0, text=question)
            await answer_question(kit, waiting, asked, show_question=True)
            return
    reply = ""
    if press.action == "language" and press.value in (*LANGUAGES, "auto"):
        chosen = next((one for one in LANGUAGES if one == press.value), None)
        kit.records.choose_language(user_id, chosen)
        reply = bot_texts(chosen).language_chosen if chosen else f"✅ {bot_texts(language).language_auto}"
    elif press.action == "subscribe" and press.value in ("1", "7"):
        reply = subscribe(kit, message.chat.id, user_id, int(press.value), "", language)
    like = Outgoing(key=waiting.key, chat_id=message.chat.id, topic_id=topic_of(message), language=language)
    kit.finish(waiting, messages(reply, like))


def _example(value: str) -> str | None:
    for language in LANGUAGES:
        place, questions = value.removeprefix(language), bot_texts(language).examples
        if place != value and place.isdecimal() and int(place) < len(questions):
            return questions[int(place)]
    return None


async def _notify(query: CallbackQuery, text: str) -> None:
    """Show a notice over the chat, or only stop the button's spinner. Telegram refuses this for old presses."""
    with suppress(TelegramError):
        await query.answer(text or None)
