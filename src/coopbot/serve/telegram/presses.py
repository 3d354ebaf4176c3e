"""What each button does when it is pressed: other views of an answer, votes, and the menus of commands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from telegram import CallbackQuery, InlineKeyboardMarkup, Message
from telegram.error import TelegramError

from coopbot.ask.answer.plain import MAX_CITATIONS
from coopbot.domain import INTERFACE_LANGUAGES, LANGUAGES, Answer, Filters
from coopbot.serve.feedback import Feedback, TooMuch, Verdict
from coopbot.serve.messages import first_questions
from coopbot.serve.telegram.answering import answer_question, keyboard_of, show, under
from coopbot.serve.telegram.buttons import (
    Place,
    answer_keyboard,
    buttons,
    read_answer,
    read_press,
    subjects_keyboard,
)
from coopbot.serve.telegram.catalogue import newest_shown, sources_shown
from coopbot.serve.telegram.context import BotContext
from coopbot.serve.telegram.format import answer_parts
from coopbot.serve.telegram.inbox import Waiting
from coopbot.serve.telegram.incoming import topic_of
from coopbot.serve.telegram.outgoing import Outgoing, messages
from coopbot.serve.telegram.parts import Part
from coopbot.serve.telegram.passages import context_parts, passage_parts
from coopbot.serve.telegram.records import Asked, Record, feedback_id
from coopbot.serve.telegram.subscriptions import subscribe, subscription_shown, unsubscribe
from coopbot.serve.telegram.texts import BotTexts, bot_texts

_MORE_PASSAGES = 5
_PAST_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A pressed button. name, value: from its data. message: the one that it is under."""

    context: BotContext
    waiting: Waiting
    query: CallbackQuery
    message: Message
    name: str
    value: str

    @property
    def texts(self) -> BotTexts:
        """In the language of who pressed."""
        return bot_texts(self.context.language_of(self.query.from_user))

    async def end(self, notice: str) -> None:
        """Show a notice over the chat, and nothing else."""
        await _notify(self.query, notice)
        self.context.finish(self.waiting)

    async def replace(self, shown: str | Sequence[Part], keyboard: InlineKeyboardMarkup | None = None) -> None:
        """Show something else in the message, or in a new one if the message is no longer known."""
        await _notify(self.query, "")
        key = self.context.outbox.key_of(self.message.chat.id, self.message.message_id)
        template = Outgoing(
            key=key or self.waiting.key,
            chat_id=self.message.chat.id,
            topic_id=topic_of(self.message),
            language=self.context.language_of(self.query.from_user),
            keyboard=keyboard,
        )
        self.context.finish(self.waiting, messages(shown, template, replacing=1 if key else 0))


async def handle_press(context: BotContext, waiting: Waiting, query: CallbackQuery) -> None:
    """Handle a press. An outdated button, or one pressed too often, shows a notice."""
    texts = bot_texts(context.language_of(query.from_user))
    name, value = read_press(query.data) or ("", "")
    if context.inbox.earlier(waiting, 60) >= context.settings.rate:
        await _notify(query, texts.slow_down.format(context.settings.rate))
        context.finish(waiting)
        return
    if isinstance(query.message, Message):
        press = Press(context=context, waiting=waiting, query=query, message=query.message, name=name, value=value)
        if name in UNDER_REPLIES:
            await UNDER_REPLIES[name](press)
            return
        # The answer that the button is under; it may be unknown by now, or in another chat.
        record = context.records.get(read_answer(value)[0]) if name in UNDER_ANSWERS else None
        if record is not None and record.asked.chat_id == query.message.chat.id:
            await UNDER_ANSWERS[name](press, record)
            return
    await _notify(query, texts.too_old)
    context.finish(waiting)


# Under an answer. A view is asked again, from the current index.


def _heading(press: Press, record: Record) -> str:
    return buttons()[press.name].heading[record.language]


async def _ask_again(press: Press, record: Record, filters: Filters | None = None) -> Answer:
    ask = press.context.backend.answerer.ask
    key = ("view", record.searched_as, filters)
    return await press.context.ask(
        record.asked.client, lambda watch: ask(record.searched_as, filters=filters, watch=watch), key=key
    )


async def _context(press: Press, record: Record) -> list[Part]:
    return context_parts(await _ask_again(press, record), _heading(press, record))


async def _filtered(press: Press, record: Record) -> list[Part]:
    match press.name:
        case "mine":
            filters = Filters(languages=(record.language,))
        case "languages":
            filters = Filters(languages=tuple(one for one in LANGUAGES if one != record.language))
        case _:
            filters = Filters(published_from=date.fromtimestamp(press.context.state.now_s()) - _PAST_YEAR)
    return answer_parts(await _ask_again(press, record, filters), heading=_heading(press, record))


async def _more(press: Press, record: Record) -> list[Part]:
    """Passages from which the answer does not quote."""
    shown = {citation.passage for citation in (await _ask_again(press, record)).citations}
    found = await press.context.search(record.asked.client, record.searched_as, MAX_CITATIONS + _MORE_PASSAGES)
    hits = [hit for hit in found.hits if hit.passage.text not in shown][:_MORE_PASSAGES]
    heading = _heading(press, record) if hits else bot_texts(record.language).nothing_more
    return passage_parts(found, hits, record.language, heading)


async def _view(press: Press, record: Record, parts_of: Callable[[Press, Record], Awaitable[list[Part]]]) -> None:
    """Show parts in place of the answer, with the way back."""
    await _notify(press.query, "")
    back = answer_keyboard(record.answer_id, record.language, read_answer(press.value)[1], "view")
    show(press.context, press.waiting, record, await parts_of(press, record), back)


async def _answer(press: Press, record: Record) -> None:
    """Show the answer again."""
    await _notify(press.query, "")
    answer = await _ask_again(press, record)
    show(press.context, press.waiting, record, answer_parts(answer, asked=record.asked.text), keyboard_of(record, answer))


async def _other_buttons(press: Press, record: Record, place: Place) -> None:
    """Show other buttons under the answer."""
    await _notify(press.query, "")
    keyboard = answer_keyboard(record.answer_id, record.language, read_answer(press.value)[1], place)
    press.context.finish(press.waiting, [under(record, keyboard).only_keyboard(record.parts - 1)])


async def _vote(press: Press, record: Record, verdict: Verdict) -> None:
    """Store what somebody says about the answer; the question only if it is their own."""
    user_id = press.query.from_user.id
    own = record.asked.user_id == user_id
    feedback = Feedback(
        verdict=verdict,
        channel="telegram",
        language=record.language,
        question=record.asked.text if own else "",
        searched_as=record.searched_as if own else "",
    )
    try:
        press.context.feedback.add(feedback_id(user_id, record.answer_id), feedback, f"tg{user_id}")
    except TooMuch:
        await press.end(press.texts.slow_down.format(press.context.settings.rate))
    else:
        await press.end(press.texts.thanks)


# Under replies to commands.


async def _example(press: Press) -> None:
    question = _example_at(press.value)
    if question is None:
        await press.end(press.texts.too_old)
        return
    await _notify(press.query, "")
    asked = Asked(
        chat_id=press.message.chat.id,
        topic_id=topic_of(press.message),
        user_id=press.query.from_user.id,
        question_id=0,
        text=question,
    )
    await answer_question(press.context, press.waiting, asked, show_question=True)


def _example_at(value: str) -> str | None:
    for language in INTERFACE_LANGUAGES:
        place, questions = value.removeprefix(language), first_questions(language)
        if place != value and (at := _index(place)) is not None and at < len(questions):
            return questions[at]
    return None


async def _language(press: Press) -> None:
    if press.value not in (*INTERFACE_LANGUAGES, "auto"):
        await press.end(press.texts.too_old)
        return
    chosen = next((one for one in INTERFACE_LANGUAGES if one == press.value), None)
    press.context.records.choose_language(press.query.from_user.id, chosen)
    await press.replace(bot_texts(chosen).language_chosen if chosen else f"✅ {press.texts.language_auto}")


async def _subscription(press: Press) -> None:
    """Choose a subject, or how often; or stop."""
    context, chat_id, user_id = press.context, press.message.chat.id, press.query.from_user.id
    language = context.language_of(press.query.from_user)
    at = _index(press.value)
    if press.name == "unsubscribe":
        unsubscribe(context, chat_id, user_id)
    elif press.name == "subject" and (at is None or at >= len(press.texts.subjects)):
        await press.end(press.texts.too_old)
        return
    else:
        days = {"daily": 1, "weekly": 7}.get(press.name)
        subject = {"all_articles": "", "subject": list(press.texts.subjects)[at or 0]}.get(press.name)
        subscribe(context, chat_id, user_id, language, days=days, subject=subject)
    await press.replace(*subscription_shown(context, chat_id, user_id, language, ended=press.name == "unsubscribe"))


async def _subjects(press: Press) -> None:
    language = press.context.language_of(press.query.from_user)
    await press.replace(press.texts.subscribe_how, subjects_keyboard(language))


async def _sources(press: Press) -> None:
    language = press.context.language_of(press.query.from_user)
    await press.replace(*await press.context.in_thread(sources_shown, press.context.backend.index.current(), language))


async def _newest(press: Press) -> None:
    chosen = next((one for one in LANGUAGES if one == press.value), None)
    if chosen is None:
        await press.end(press.texts.too_old)
        return
    language, store = press.context.language_of(press.query.from_user), press.context.backend.index.current()
    await press.replace(*await press.context.in_thread(newest_shown, store, chosen, language))


def _index(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 4 else None


async def _notify(query: CallbackQuery, text: str) -> None:
    """Show a notice over the chat, or only stop the button's spinner. Telegram refuses this for old presses."""
    with suppress(TelegramError):
        await query.answer(text or None)


UNDER_ANSWERS: Mapping[str, Callable[[Press, Record], Awaitable[None]]] = {
    "answer": _answer,
    "context": partial(_view, parts_of=_context),
    "mine": partial(_view, parts_of=_filtered),
    "more": partial(_view, parts_of=_more),
    "year": partial(_view, parts_of=_filtered),
    "languages": partial(_view, parts_of=_filtered),
    "menu": partial(_other_buttons, place="menu"),
    "close": partial(_other_buttons, place="answer"),
    "good": partial(_vote, verdict="good"),
    "bad": partial(_vote, verdict="bad"),
    "wrong_language": partial(_vote, verdict="wrong_language"),
}
UNDER_REPLIES: Mapping[str, Callable[[Press], Awaitable[None]]] = {
    "example": _example,
    "language": _language,
    "subject": _subscription,
    "all_articles": _subscription,
    "daily": _subscription,
    "weekly": _subscription,
    "unsubscribe": _subscription,
    "subjects": _subjects,
    "sources": _sources,
    "newest": _newest,
}
"""By the name of the button."""
