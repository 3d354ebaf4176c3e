"""Handles the inbox: a few updates at once, lanes in turn, each lane in order, and each update by its kind."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

from telegram import Message, Update

from coopbot.domain import MAX_QUESTION_CHARS
from coopbot.errors import Busy
from coopbot.serve.messages import error_text, message
from coopbot.serve.telegram.answering import answer_edited, answer_question
from coopbot.serve.telegram.commands import Commands
from coopbot.serve.telegram.context import BotContext
from coopbot.serve.telegram.inbox import Json, Waiting
from coopbot.serve.telegram.incoming import Incoming, read_message
from coopbot.serve.telegram.inline import handle_inline
from coopbot.serve.telegram.outgoing import Outgoing, messages
from coopbot.serve.telegram.presses import handle_press
from coopbot.serve.telegram.texts import BotTexts, bot_texts
from coopbot.text.small_talk import find_small_talk

# Most of them wait for their turn in `Admission`, which is fair between the users of all interfaces only if it sees them.
_AT_ONCE = 16
_LOOK_S = 0.25
# An update during which the process crashed this many times is not tried again.
MOST_STARTS = 5
# An edited message without an answer is answered if it is edited within this time.
_EDITED_WITHIN_S = 900

_log = logging.getLogger(__name__)


class Handler:
    """Handles updates until it is cancelled. Call `settle` first, so that those in progress are answered.

    An update leaves the inbox in the same transaction that queues its replies.
    """

    def __init__(self, context: BotContext) -> None:
        self._context = context
        self._commands = Commands(context)
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._woken = asyncio.Event()
        self._settling = False

    def receive(self, updates: Sequence[Json]) -> None:
        """Store updates, flushed to disk on return, so that they can be confirmed; they are handled from then on."""
        self._context.inbox.put(updates)
        self._woken.set()

    async def run(self) -> None:
        """Handle updates as they arrive in the inbox."""
        while True:
            self._woken.clear()
            while len(self._under_way) < _AT_ONCE and not self._settling:
                waiting = self._context.inbox.take(self._under_way)
                if waiting is None:
                    break
                self._under_way[waiting.lane] = asyncio.create_task(self._one(waiting))
            # Another process may have stored updates that were delivered to it.
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._woken.wait()

    async def settle(self, timeout_s: float) -> bool:
        """Start nothing more, and wait for updates in progress. Returns whether all ended; the others are handled next time."""
        self._settling = True
        under_way = list(self._under_way.values())
        if not under_way:
            return True
        _, late = await asyncio.wait(under_way, timeout=timeout_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        return not late

    async def _one(self, waiting: Waiting) -> None:
        try:
            if waiting.starts > MOST_STARTS:
                raise RuntimeError("the process ended each time")
            update = Update.de_json(waiting.body, self._context.bot)
            if update.message is not None:
                await self._message(waiting, update.message)
            elif update.edited_message is not None:
                await self._edited(waiting, update.edited_message)
            elif update.callback_query is not None:
                await handle_press(self._context, waiting, update.callback_query)
            elif update.inline_query is not None:
                await handle_inline(self._context, waiting, update.inline_query)
            else:
                if update.my_chat_member is not None and update.my_chat_member.new_chat_member.status in ("left", "kicked"):
                    self._context.outbox.drop_chat(update.my_chat_member.chat.id)
                self._context.finish(waiting)
        except asyncio.CancelledError:
            self._context.inbox.put_back(waiting)
            raise
        except Busy as error:
            if self._settling:
                self._context.inbox.put_back(waiting)  # nobody answers any more until the next start
            else:
                self._fail(waiting, error)
        except Exception as error:  # the outermost edge: only the type is logged, and the user gets a text without details
            _log.error("An update was not answered: %s", type(error).__name__)
            self._fail(waiting, error)
        finally:
            del self._under_way[waiting.lane]
            self._woken.set()

    def _fail(self, waiting: Waiting, error: Exception) -> None:
        """Finish an update that cannot be handled, with a reply if possible."""
        with suppress(Exception):
            update = Update.de_json(waiting.body, self._context.bot)
            incoming = read_message(update.message, self._context.bot.bot) if update.message else None
            if incoming is not None:
                self._context.reply(waiting, incoming, error_text(error, self._context.language(incoming)))
            elif update.callback_query is not None and update.callback_query.message is not None:
                language = self._context.language_of(update.callback_query.from_user)
                template = Outgoing(key=waiting.key, chat_id=update.callback_query.message.chat.id, language=language)
                self._context.finish(waiting, messages(error_text(error, language), template))
        self._context.inbox.done(waiting.update_id)

    async def _message(self, waiting: Waiting, received: Message) -> None:
        incoming = read_message(received, self._context.bot.bot)
        if incoming is None:
            self._context.finish(waiting)
            return
        if incoming.wordless:
            # No reply in groups, and only one to an album.
            album = incoming.message.media_group_id
            if not incoming.private or (album and not self._context.inbox.speaks_for_album(waiting.update_id, album)):
                self._context.finish(waiting)
                return
        refusal = self._refusal(waiting, incoming)
        if refusal is not None:
            self._context.reply(waiting, incoming, refusal)
        elif incoming.command not in ("", "ask"):
            await self._commands.handle(waiting, incoming)
        else:
            await self._question(waiting, incoming)

    async def _question(self, waiting: Waiting, incoming: Incoming) -> None:
        text = self._fixed_reply(incoming)
        if text is None:
            await answer_question(self._context, waiting, incoming)
        elif incoming.wordless:
            self._context.reply(
                waiting, incoming, text, await self._commands.examples(incoming, self._context.language(incoming))
            )
        else:
            self._context.reply(waiting, incoming, text)

    async def _edited(self, waiting: Waiting, received: Message) -> None:
        """Answer an edited question again, in place, or one that was not a question before."""
        incoming = read_message(received, self._context.bot.bot)
        record = self._context.records.of_question(received.chat.id, received.message_id)
        age_s = ((received.edit_date or received.date) - received.date).total_seconds()
        if incoming is None or incoming.command not in ("", "ask") or self._refusal(waiting, incoming) is not None:
            self._context.finish(waiting)
        elif record is None and incoming.text and age_s <= _EDITED_WITHIN_S:
            await self._question(waiting, incoming)
        elif record is not None and incoming.text != record.asked.text and self._fixed_reply(incoming) is None:
            await answer_edited(self._context, waiting, record, incoming.text)
        else:
            self._context.finish(waiting)

    def _refusal(self, waiting: Waiting, incoming: Incoming) -> str | None:
        """The reply to a sender who is refused, "" for none; None if the sender is not refused."""
        settings = self._context.settings
        if settings.allowed and not {incoming.user_id, incoming.chat_id} & (settings.allowed | settings.admins):
            return bot_texts(self._context.language(incoming)).private_bot.format(incoming.user_id) if incoming.private else ""
        earlier = self._context.inbox.earlier(waiting, 60)
        if earlier < settings.rate:
            return None
        return bot_texts(self._context.language(incoming)).slow_down.format(settings.rate) if earlier == settings.rate else ""

    def _fixed_reply(self, incoming: Incoming) -> str | None:
        """The fixed reply to a message that is not a question; None for a question."""
        if 0 < len(incoming.text) <= MAX_QUESTION_CHARS:
            talk = find_small_talk(incoming.text)
            return message(self._context.language(incoming)).notices[talk] if talk else None
        language = self._context.language(incoming)
        if incoming.wordless:
            is_file = incoming.message.document is not None and incoming.user_id in self._context.settings.admins
            return bot_texts(language).add_hint if is_file else _instead(incoming.message, bot_texts(language))
        if not incoming.text:
            return bot_texts(language).ask_what if incoming.command else message(language).question_empty
        return message(language).question_too_long


def _instead(received: Message, texts: BotTexts) -> str:
    """What the bot cannot do with a message without words, and what it can do instead."""
    if received.voice or received.audio or received.video or received.video_note:
        cannot = texts.cannot_listen
    else:
        cannot = texts.cannot_see if received.photo else texts.cannot_read
    return f"{cannot}\n\n{texts.instead}"
