"""Answers questions in chats, and again when a question is edited."""

from __future__ import annotations

from dataclasses import replace

from telegram import InlineKeyboardMarkup

from coopbot.ask.rank.retrieve import Watch
from coopbot.domain import Answer
from coopbot.serve.telegram.buttons import answer_keyboard, kind_of
from coopbot.serve.telegram.context import BotContext
from coopbot.serve.telegram.format import answer_parts
from coopbot.serve.telegram.inbox import Waiting
from coopbot.serve.telegram.outgoing import Outgoing, messages
from coopbot.serve.telegram.parts import Part
from coopbot.serve.telegram.records import Asked, Record


async def answer_question(context: BotContext, waiting: Waiting, asked: Asked, *, show_question: bool = False) -> None:
    """Answer a question and record it, so that buttons and edits work later."""
    answer = await _ask(context, asked)
    parts = answer_parts(answer, asked="" if show_question else asked.text)
    with context.state.write():
        record = context.records.add(asked, answer.searched_as, answer.question_language, len(parts))
        context.finish(waiting, messages(parts, under(record, keyboard_of(record, answer))))


async def answer_edited(context: BotContext, waiting: Waiting, record: Record, text: str) -> None:
    """Answer an edited question by editing the messages of the earlier answer."""
    asked = replace(record.asked, text=text)
    answer = await _ask(context, asked)
    edited = replace(record, asked=asked, searched_as=answer.searched_as, language=answer.question_language)
    show(context, waiting, edited, answer_parts(answer, asked=text), keyboard_of(edited, answer))


def show(
    context: BotContext, waiting: Waiting, record: Record, parts: list[Part], keyboard: InlineKeyboardMarkup | None
) -> None:
    """Replace the messages of an answer."""
    with context.state.write():
        context.records.change(replace(record, parts=len(parts)))
        context.finish(waiting, messages(parts, under(record, keyboard), replacing=record.parts))


def under(record: Record, keyboard: InlineKeyboardMarkup | None) -> Outgoing:
    """What all messages of an answer have in common."""
    return Outgoing(
        key=record.key,
        chat_id=record.asked.chat_id,
        language=record.language,
        topic_id=record.asked.topic_id,
        reply_to=record.asked.question_id or None,
        keyboard=keyboard,
    )


def keyboard_of(record: Record, answer: Answer) -> InlineKeyboardMarkup | None:
    """The buttons under an answer; none under what is no answer to a question."""
    return None if answer.notice else answer_keyboard(record.answer_id, record.language, kind_of(answer))


async def _ask(context: BotContext, asked: Asked) -> Answer:
    conversation_id = context.records.conversation_id(asked)

    def work(watch: Watch) -> Answer:
        return context.backend.answerer.ask(
            asked.text, conversation_id=conversation_id, client=f"tg{asked.user_id}", watch=watch
        )

    return await context.while_typing(asked, context.ask(asked.client, work))
