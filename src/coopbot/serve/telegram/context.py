"""What every handler of an update gets: the service behind the bot, its stores, and how to reply."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import ParamSpec, Protocol, TypeVar

from telegram import Bot, InlineKeyboardMarkup, User
from telegram.constants import ChatAction
from telegram.error import TelegramError

from coopbot.ask.answer.answerer import SearchResult
from coopbot.ask.rank.retrieve import Watch
from coopbot.ask.store import LiveStore
from coopbot.domain import Answer, Filters, InterfaceLanguage
from coopbot.sections import BotSettings
from coopbot.serve.admission import Admission
from coopbot.serve.changes import Changes
from coopbot.serve.feedback import FeedbackBox
from coopbot.serve.messages import language_of_locale
from coopbot.serve.telegram.delivery import Delivery
from coopbot.serve.telegram.inbox import Inbox, Waiting
from coopbot.serve.telegram.incoming import Incoming
from coopbot.serve.telegram.outbox import Outbox
from coopbot.serve.telegram.outgoing import Outgoing, messages
from coopbot.serve.telegram.pace import Pace, Quota
from coopbot.serve.telegram.parts import Part
from coopbot.serve.telegram.records import Asked, Records
from coopbot.state import State

# Threads for what is slow but asks nothing, such as counting articles.
_THREADS = 4

# A quick answer needs no "typing". Telegram shows it for five seconds at a time. It is sent at most _MOST_TYPING times.
_TYPING_AFTER_S, _TYPING_EVERY_S = 0.25, 4.5
_MOST_TYPING = 6


class BotAnswerer(Protocol):
    """The part of `ask.answer.answerer.Answerer` that the bot needs."""

    def ask(
        self,
        question: str,
        *,
        filters: Filters | None = None,
        conversation_id: str | None = None,
        client: str = "",
        watch: Watch,
    ) -> Answer:
        """The answer to a question, which may follow earlier ones of its conversation."""

    def find(self, question: str, *, watch: Watch) -> Answer:
        """The answer in quotes, outside any conversation."""

    def search(self, question: str, *, top_k: int) -> SearchResult:
        """The nearest passages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """The service that the bot uses. admission: shared with the other interfaces. Without `changes`, nothing can be added."""

    answerer: BotAnswerer
    index: LiveStore
    admission: Admission
    changes: Changes | None = None


_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


class BotContext:
    """Given to every handler. executor: runs slow functions."""

    def __init__(self, bot: Bot, backend: Backend, settings: BotSettings, state: State, quota: Quota) -> None:
        self.bot, self.backend, self.settings, self.state = bot, backend, settings, state
        self.inbox, self.outbox, self.records = Inbox(state), Outbox(state), Records(state)
        self.feedback = FeedbackBox(state)
        self.delivery = Delivery(bot, self.outbox, Pace(time.monotonic, quota))
        self.executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="coopbot-telegram")

    def in_thread(self, work: Callable[_Given, _Result], *args: _Given.args, **kwargs: _Given.kwargs) -> Awaitable[_Result]:
        """Run a slow function outside the event loop."""
        return asyncio.get_running_loop().run_in_executor(self.executor, partial(work, *args, **kwargs))

    async def ask(self, client: str, work: Callable[[Watch], _Result], *, key: Hashable = None) -> _Result:
        """The result of work that asks or searches, when it is the client's turn among those of all interfaces.

        If the same work, by its `key`, is being done, its result is shared. Raises Busy if too many wait.
        """
        asked = self.backend.admission.ask(client, work, key=key)
        try:
            return await asyncio.wrap_future(asked.result)
        finally:
            asked.leave()

    async def search(self, client: str, question: str, top_k: int) -> SearchResult:
        """The nearest passages, when it is the client's turn. Raises Busy."""
        search = self.backend.answerer.search
        return await self.ask(client, lambda _: search(question, top_k=top_k), key=("search", question, top_k))

    async def while_typing(self, asked: Asked, work: Awaitable[_Result]) -> _Result:
        """The result of `work`, which shows "typing" if it takes long.

        Errors of the "typing" requests are ignored; they do not count against the rate limits. A request in flight is not
        cancelled: it could reach the chat after the answer, and leak its connection.
        """
        task = asyncio.ensure_future(work)
        pause_s, shown = _TYPING_AFTER_S, 0
        while not (await asyncio.wait({task}, timeout=pause_s if shown < _MOST_TYPING else None))[0]:
            with suppress(TelegramError):
                await self.bot.send_chat_action(asked.chat_id, ChatAction.TYPING, message_thread_id=asked.topic_id)
            pause_s, shown = _TYPING_EVERY_S, shown + 1
        return task.result()

    def finish(self, waiting: Waiting, outgoing: Sequence[Outgoing] = ()) -> None:
        """Record an update as handled and queue its messages, in one transaction."""
        with self.state.write():
            self.outbox.put(outgoing)
            self.inbox.done(waiting.update_id)
        self.delivery.wake()

    def language(self, incoming: Incoming) -> InterfaceLanguage:
        """The language for fixed texts: the one the user chose, else that of the message."""
        return self.records.language(incoming.user_id) or incoming.language

    def language_of(self, user: User) -> InterfaceLanguage:
        """The language for fixed texts without a message: the one the user chose, else that of the user's client."""
        return self.records.language(user.id) or language_of_locale(user.language_code)

    def reply(
        self, waiting: Waiting, incoming: Incoming, shown: str | Sequence[Part], keyboard: InlineKeyboardMarkup | None = None
    ) -> None:
        """Finish a message with a reply, the keyboard under its last part. An empty text is no reply."""
        template = Outgoing(
            key=waiting.key,
            chat_id=incoming.chat_id,
            topic_id=incoming.topic_id,
            reply_to=incoming.message.message_id,
            language=self.language(incoming),
            keyboard=keyboard,
        )
        self.finish(waiting, messages(shown, template))
