"""Answers questions in chats, again when a question is edited or a button requests another view."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from coopbot.ask.answer.answerer import MAX_CITATIONS
from coopbot.domain import LANGUAGES, Answer, Filters
from coopbot.serve.telegram.buttons import View, answer_keyboard
from coopbot.serve.telegram.format import answer_parts, context_parts, passage_parts
from coopbot.serve.telegram.inbox import Waiting
from coopbot.serve.telegram.kit import Kit
from coopbot.serve.telegram.outgoing import Outgoing, messages
from coopbot.serve.telegram.parts import Part
from coopbot.serve.telegram.records import Asked, Record
from coopbot.serve.telegram.texts import bot_texts

_MORE_PASSAGES = 5
_PAST_YEAR = timedelta(days=365)


async def answer_question(kit: Kit, waiting: Waiting, asked: Asked, *, show_question: bool = False) -> None:
    """Answer a question and record it, so that buttons and edits work later."""
    answer = await _ask(kit, asked)
    parts = answer_parts(answer, asked="" if show_question else asked.text)
    with kit.database.write():
        record = kit.records.add(asked, answer.searched_as, answer.question_language, len(parts))
        kit.finish(waiting, _shown(record, parts, answer, "answer"))


async def answer_edited(kit: Kit, waiting: Waiting, record: Record, text: str) -> None:
    """Answer an edited question by editing the messages of the earlier answer."""
    asked = replace(record.asked, text=text)
    answer = await _ask(kit, asked)
    edited = replace(record, asked=asked, searched_as=answer.searched_as, language=answer.question_language)
    _change(kit, waiting, edited, answer_parts(answer, asked=text), answer, "answer")


async def show_view(kit: Kit, waiting: Waiting, record: Record, view: View) -> None:
    """Replace an answer by another view of it. The question is asked again, from the current index."""
    texts = bot_texts(record.language)
    filters = Filters()
    if view == "year":
        filters = Filters(published_from=date.fromtimestamp(kit.database.now_s()) - _PAST_YEAR)
    elif view == "languages":
        filters = Filters(languages=tuple(one for one in LANGUAGES if one != record.language))
    answer = await kit.in_thread(kit.library.answers.ask, record.searched_as, filters=filters)
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
    work = kit.in_thread(kit.library.answers.ask, asked.text, conversation_id=conversation_id, client=f"tg{asked.user_id}")
    return await kit.while_typing(asked, work)


async def _more_parts(kit: Kit, record: Record, answer: Answer) -> list[Part]:
    """Passages from which the answer does not quote."""
    found = await kit.in_thread(kit.library.answers.search, record.searched_as, top_k=MAX_CITATIONS + _MORE_PASSAGES)
    shown = {citation.passage for citation in answer.citations}
    hits = [hit for hit in found.hits if hit.passage.text not in shown][:_MORE_PASSAGES]
    texts = bot_texts(record.language)
    return passage_parts(found, hits, record.language, texts.heading_more if hits else texts.nothing_more)


def _change(kit: Kit, waiting: Waiting, record: Record, parts: list[Part], answer: Answer, view: View) -> None:
    """Replace the messages of an answer."""
    with kit.database.write():
        kit.records.change(replace(record, parts=len(parts)))
        kit.finish(waiting, _shown(record, parts, answer, view, replacing=record.parts))


def _shown(record: Record, parts: list[Part], answer: Answer, view: View, *, replacing: int = 0) -> list[Outgoing]:
    keyboard = answer_keyboard(record.answer_id, record.language, view, answered=answer.outcome == "answered")
    like = Outgoing(
        key=record.key,
        chat_id=record.asked.chat_id,
        language=record.language,
        topic_id=record.asked.topic_id,
        reply_to=record.asked.question_id or None,
        keyboard=None if answer.notice else keyboard,
    )
    return messages(parts, like, replacing=replacing)
