"""Sends the messages of the outbox: in order in each chat, within Telegram's limits, until Telegram accepts them.

At least once: after a failure that leaves open whether a message arrived, it is sent again, with a note that says so.
"""

from __future__ import annotations

import asyncio
import logging
import math
from contextlib import suppress
from dataclasses import replace

import httpx
from telegram import Bot
from telegram.constants import MessageLimit
from telegram.error import BadRequest, ChatMigrated, Forbidden, NetworkError, RetryAfter, TelegramError

from coopbot.errors import CoopbotError
from coopbot.serve.messages import message
from coopbot.serve.telegram.outbox import Outbox, Pending
from coopbot.serve.telegram.outgoing import Outgoing, edit_or_delete, mentions, send
from coopbot.serve.telegram.pace import Pace
from coopbot.serve.telegram.parts import Part, utf16_units
from coopbot.serve.telegram.texts import bot_texts

# Wait after a failure; doubled with each further one in a row.
_RETRY_S, _MAX_RETRY_S = 0.5, 30.0
# How often a shutdown checks whether everything is sent.
_LOOK_S = 0.02
# A message that Telegram does not accept for this long is dropped.
_GIVEN_UP_S = 86_400.0
# Errors of chats that take no message, whatever its content.
_NO_PLACE = ("topic_closed", "topic_deleted", "thread not found", "chat not found", "not enough rights", "have no rights")
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

_log = logging.getLogger(__name__)


class Delivery:
    """Sends until it is cancelled. Call `settle` first, so that no message is in flight then."""

    def __init__(self, bot: Bot, outbox: Outbox, pace: Pace) -> None:
        self._bot, self._outbox, self._pace = bot, outbox, pace
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._failures: dict[int, int] = {}
        self._woken = asyncio.Event()
        self._settling = False

    def wake(self) -> None:
        """Call after adding to the outbox."""
        self._woken.set()

    async def run(self) -> None:
        """Send messages as they arrive in the outbox."""
        while True:
            self._woken.clear()
            wait_s = None if self._settling else self._begin_ready()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._woken.wait()

    async def settle(self, timeout_s: float) -> None:
        """Go on for `timeout_s`, or until all is sent, then cancel messages in flight, which the next start sends again."""
        until_s = self._pace.clock() + timeout_s
        while self._outbox.count() and self._pace.clock() < until_s:
            await asyncio.sleep(_LOOK_S)
        self._settling = True
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin_ready(self) -> float | None:
        """Start sending what may be sent now. Returns the seconds until the next may be sent, None if none waits."""
        now_s = self._pace.clock()
        times_s = []
        for chat_id in self._outbox.chats():
            if chat_id in self._under_way:
                continue
            ready_at_s = self._pace.ready_at_s(chat_id)
            pending = self._outbox.first(chat_id) if ready_at_s <= now_s else None
            if pending is None:
                times_s.append(ready_at_s)
                continue
            self._pace.began()
            self._under_way[chat_id] = asyncio.create_task(self._deliver(pending))
        next_at_s = min(times_s, default=math.inf)
        return None if next_at_s == math.inf else max(0.0, next_at_s - now_s)

    async def _deliver(self, pending: Pending) -> None:
        chat_id = pending.chat_id
        try:
            await self._attempt(pending)
            self._failures.pop(chat_id, None)
        except CoopbotError as error:  # a full disk: the message stays in the outbox
            self._wait(pending, error)
        except RetryAfter as error:
            self._outbox.not_sent(pending)
            self._wait(pending, error)
        except ChatMigrated as error:
            self._outbox.move_chat(chat_id, error.new_chat_id)
        except Forbidden as error:
            _log.info("A chat takes no messages: %s", type(error).__name__)
            self._outbox.drop_chat(chat_id)
        except BadRequest as error:
            # Telegram will never accept it. Unless it was plain, or the chat takes none, the bot apologises instead.
            _log.error("Telegram refused a message: %s", type(error).__name__)
            self._outbox.drop(pending)
            outgoing = pending.outgoing
            if outgoing.action == "send" and outgoing.content.entities and not mentions(error, *_NO_PLACE):
                sorry = Part(text=message(outgoing.language).went_wrong)
                self._outbox.put([replace(outgoing, content=sorry, keyboard=None)])
        except TelegramError as error:
            # The message may have been sent, unless no connection was made.
            if isinstance(error, NetworkError) and isinstance(error.__cause__, _NEVER_SENT):
                self._outbox.not_sent(pending)
            if pending.age_s > _GIVEN_UP_S:
                self._outbox.drop(pending)
            self._wait(pending, error)
        except Exception as error:  # the task's outermost edge: the next message of this chat must be sent
            _log.error("A message was dropped: %s", type(error).__name__)
            self._outbox.drop(pending)
        finally:
            del self._under_way[chat_id]
            self._pace.ended(chat_id)
            self._woken.set()

    async def _attempt(self, pending: Pending) -> None:
        outgoing = pending.outgoing
        shown_by = self._outbox.message_id(outgoing)
        if outgoing.action == "send" or (outgoing.action == "edit" and shown_by is None):
            self._outbox.begin(pending)
            sent = await send(self._bot, _as_repetition(outgoing) if pending.unclear else outgoing)
            self._outbox.accepted(pending, sent)
            return
        if shown_by is not None:
            await edit_or_delete(self._bot, outgoing, shown_by)
        self._outbox.drop(pending)

    def _wait(self, pending: Pending, error: BaseException) -> None:
        """Pause until the next attempt: as long as Telegram asks for, or longer with each failure in a row."""
        _log.warning("A message was not sent, trying again: %s", type(error).__name__)
        failures = self._failures[pending.chat_id] = self._failures.get(pending.chat_id, 0) + 1
        wait_s = min(_MAX_RETRY_S, _RETRY_S * 2 ** (failures - 1))
        if isinstance(error, RetryAfter):
            wait_s = error._retry_after.total_seconds()  # the public property warns that its type will change
        self._pace.pause(pending.chat_id, wait_s)


def _as_repetition(outgoing: Outgoing) -> Outgoing:
    """The message with a line which says that it may be a repetition."""
    note = f"\n\n{bot_texts(outgoing.language).sent_again}"
    text, entities = outgoing.content.text, outgoing.content.entities
    room = MessageLimit.MAX_TEXT_LENGTH - utf16_units(note)
    if utf16_units(text) > room:  # an earlier release left no room for it
        text = text.encode("utf-16-le")[: 2 * room].decode("utf-16-le", errors="ignore")
        entities = tuple(one for one in entities if one.offset + one.length <= utf16_units(text))
    return replace(outgoing, content=Part(text=text + note, entities=entities))
