"""Answers questions in chats, again when a question is edited, and handles presses of buttons, such as for another view."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta

from telegram import CallbackQuery, Message
from telegram.error import TelegramError

from coopbot.ask.answer.answerer import MAX_CITATIONS
from coopbot.ask.rank.retrieve import Watch
from coopbot.domain import LANGUAGES, Answer, Filters, Language
from coopbot.serve.telegram.buttons import View, answer_keyboard, read_press, view_of
from coopbot.serve.telegram.format import answer_parts
from coopbot.serve.telegram.inbox import Waiting
from coopbot.serve.telegram.incoming import topic_of
from coopbot.serve.telegram.kit import Kit
from coopbot.serve.telegram.outgoing import Outgoing, messages
from coopbot.serve.telegram.parts import Part
from coopbot.serve.telegram.passages import context_parts, passage_parts
from coopbot.serve.telegram.records import Asked, Record
from coopbot.serve.telegram.subscriptions import subscribe
from coopbot.serve.telegram.texts import bot_texts

_MORE_PASSAGES = 5
_PAST_YEAR = timedelta(days=365)


async def answer_question(kit: Kit, waiting: Waiting, asked: Asked, *, show_question: bool = False) -> None:
    """Answer a question and record it, so that buttons and edits work later."""
    answer = await _ask(kit, asked)
    parts = answer_parts(answer, asked="" if show_question else asked.text)
    with kit.state.write():
        record = kit.records.add(asked, answer.searched_as, answer.question_language, len(parts))
        kit.finish(waiting, _shown(record, parts, answer, "answer"))


async def answer_edited(kit: Kit, waiting: Waiting, record: Record, text: str) -> None:
    """Answer an edited question by editing the messages of the earlier answer."""
    asked = replace(record.asked, text=text)
    answer = await _ask(kit, asked)
    edited = replace(record, asked=asked, searched_as=answer.searched_as, language=answer.question_language)
    _change(kit, waiting, edited, answer_parts(answer, asked=text), answer, "answer")


async def handle_press(kit: Kit, waiting: Waiting, query: CallbackQuery) -> None:
    """Handle a press. An outdated button, or one pressed too often, shows a notice."""
    language = kit.language_of(query.from_user)
    texts = bot_texts(language)
    action, value = read_press(query.data) or ("", "")
    view = view_of(action)
    if kit.inbox.earlier(waiting, 60) >= kit.settings.rate:
        await _finish_press(kit, waiting, query, texts.slow_down.format(kit.settings.rate))
    elif not action or not isinstance(query.message, Message):
        await _finish_press(kit, waiting, query, texts.too_old)
    elif view is None and action not in ("good", "bad"):
        await _notify(query, "")
        await _other_press(kit, waiting, query.from_user.id, query.message, action, value, language)
    elif (record := _record(kit, query.message, value)) is None:
        await _finish_press(kit, waiting, query, texts.too_old)
    elif view is not None:
        await _notify(query, "")
        await _show_view(kit, waiting, record, view)
    else:
        kit.records.vote(record.answer_id, query.from_user.id, good=action == "good")
        await _finish_press(kit, waiting, query, texts.thanks)


async def _show_view(kit: Kit, waiting: Waiting, record: Record, view: View) -> None:
    """Replace an answer by another view of it. The question is asked again, from the current index."""
    texts = bot_texts(record.language)
    filters = Filters()
    if view == "year":
        filters = Filters(published_from=date.fromtimestamp(kit.state.now_s()) - _PAST_YEAR)
    elif view == "languages":
        filters = Filters(languages=tuple(one for one in LANGUAGES if one != record.language))
    answer = await kit.ask(
        record.asked.client,
        lambda watch: kit.library.answers.ask(record.searched_as, filters=filters, watch=watch),
        key=("view", record.searched_as, filters),
    )
    match view:
        case "answer":
            parts = answer_parts(answer, asked=record.asked.text)
        case "context":
            parts = context_parts(answer, texts.heading_context)
        case "more":
            parts = await _more_parts(kit, record, answer)
        case "year":
            parts = answer_parts(answer, heading=texts.heading_past_year)
        case "languages":
            parts = answer_parts(answer, heading=texts.heading_other_languages)
    _change(kit, waiting, record, parts, answer, view)


async def _ask(kit: Kit, asked: Asked) -> Answer:
    conversation_id = kit.records.conversation_id(asked)

    def work(watch: Watch) -> Answer:
        return kit.library.answers.ask(asked.text, conversation_id=conversation_id, client=f"tg{asked.user_id}", watch=watch)

    return await kit.while_typing(asked, kit.ask(asked.client, work))


async def _more_parts(kit: Kit, record: Record, answer: Answer) -> list[Part]:
    """Passages from which the answer does not quote."""
    found = await kit.search(record.asked.client, record.searched_as, MAX_CITATIONS + _MORE_PASSAGES)
    shown = {citation.passage for citation in answer.citations}
    hits = [hit for hit in found.hits if hit.passage.text not in shown][:_MORE_PASSAGES]
    texts = bot_texts(record.language)
    return passage_parts(found, hits, record.language, texts.heading_more if hits else texts.nothing_more)


def _change(kit: Kit, waiting: Waiting, record: Record, parts: list[Part], answer: Answer, view: View) -> None:
    """Replace the messages of an answer."""
    with kit.state.write():
        kit.records.change(replace(record, parts=len(parts)))
        kit.finish(waiting, _shown(record, parts, answer, view, replacing=record.parts))


def _shown(record: Record, parts: list[Part], answer: Answer, view: View, *, replacing: int = 0) -> list[Outgoing]:
    keyboard = answer_keyboard(record.answer_id, record.language, view, answered=bool(answer.claims))
    like = Outgoing(
        key=record.key,
        chat_id=record.asked.chat_id,
        language=record.language,
        topic_id=record.asked.topic_id,
        reply_to=record.asked.question_id or None,
        keyboard=None if answer.notice else keyboard,
    )
    return messages(parts, like, replacing=replacing)


def _record(kit: Kit, message: Message, value: str) -> Record | None:
    """The answer that the button belongs to; None if it is unknown or in another chat."""
    record = kit.records.get(int(value)) if value.isdecimal() and len(value) < 16 else None
    return record if record is not None and record.asked.chat_id == message.chat.id else None


async def _other_press(
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


async def _finish_press(kit: Kit, waiting: Waiting, query: CallbackQuery, notice: str) -> None:
    await _notify(query, notice)
    kit.finish(waiting)


async def _notify(query: CallbackQuery, text: str) -> None:
    """Show a notice over the chat, or only stop the button's spinner. Telegram refuses this for old presses."""
    with suppress(TelegramError):
        await query.answer(text or None)
