"""Sends what is in the outbox: each chat's in its order, within Telegram's limits, again until it is accepted, never twice."""

from __future__ import annotations

import asyncio
import logging
import math
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import httpx
from telegram import Bot
from telegram.error import BadRequest, ChatMigrated, Forbidden, NetworkError, RetryAfter, TelegramError

from coopbot.serve.messages import message
from coopbot.serve.telegram.calls import TEXT_IS_THE_SAME, delete_if_there, edit, edit_if_there, send
from coopbot.serve.telegram.outbox import Outbox, Pending
from coopbot.serve.telegram.outgoing import Outgoing
from coopbot.serve.telegram.pace import Pace
from coopbot.serve.telegram.parts import MAX_TEXT_UNITS, Part, utf16_units
from coopbot.serve.telegram.spaces import OWN, space_of
from coopbot.serve.telegram.texts import bot_texts

# After a failure, doubled with each in a row.
_RETRY_S, _MAX_RETRY_S = 0.5, 30.0
# How often it is looked whether all is sent when the bot is to end.
_LOOK_S = 0.02
# What Telegram does not take for so long is given up.
_GIVEN_UP_S = 86_400.0
# A message that may have been sent has one of the ids that follow. Other messages that were under way have such ids too, and
# what users wrote; of that, so much may not have been seen yet. It is not looked for further than so many ids.
_UNSEEN_IDS, _MOST_IDS = 12, 150
# Where a message cannot be, for reasons that have nothing to do with what it says.
_NO_PLACE = ("topic_closed", "topic_deleted", "thread not found", "chat not found", "not enough rights", "have no rights")
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

_log = logging.getLogger(__name__)


class _NotLookedError(Exception):
    """Whether a message was sent could not be found out."""

    def __init__(self, cause: TelegramError) -> None:
        super().__init__()
        self.cause = cause


class Delivery:
    """Runs until it is cancelled; `settle` first, so that nothing is under way any more."""

    def __init__(self, bot: Bot, outbox: Outbox, pace: Pace, clock: Callable[[], float], now_s: Callable[[], float]) -> None:
        """clock: as of `pace`; now_s: as of the outbox."""
        self._bot, self._outbox, self._pace = bot, outbox, pace
        self._clock, self._now_s = clock, now_s
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._failures: dict[int, int] = {}
        self._woken = asyncio.Event()
        self._settling = False
        self._hearing = False

    def hearing(self, hears: bool) -> None:
        """Whether the bot sees what users write. While it does not, it is not looked for what may have been sent: the ids that
        users' messages have taken are not known.
        """
        self._hearing = hears
        self._woken.set()

    def wake(self) -> None:
        """Something was put into the outbox."""
        self._woken.set()

    async def run(self) -> None:
        """Send whatever is there and comes."""
        while True:
            self._woken.clear()
            wait_s = None if self._settling else self._begin_ready()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), wait_s)

    async def settle(self, timeout_s: float) -> None:
        """Go on for so long, or until all is sent; then end what is under way. It is looked for at the next start."""
        until_s = self._clock() + timeout_s
        while self._outbox.count() and self._clock() < until_s:
            await asyncio.sleep(_LOOK_S)
        self._settling = True
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin_ready(self) -> float | None:
        """Begin what may be sent now; the seconds until the next may be, None if none waits."""
        now_s = self._clock()
        times_s = []
        for chat_id in self._outbox.chats():
            if chat_id in self._under_way:
                continue
            ready_at_s = self._pace.ready_at_s(chat_id)
            pending = self._outbox.first(chat_id) if ready_at_s <= now_s else None
            if pending is None:
                times_s.append(ready_at_s)
                continue
            if pending.after_id is not None and not self._hearing:
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
        except _NotLookedError as error:
            self._wait(pending, error.cause)
        except RetryAfter as error:
            self._outbox.not_sent(pending)
            self._wait(pending, error)
        except ChatMigrated as error:
            self._outbox.move_chat(chat_id, error.new_chat_id)
        except Forbidden as error:
            _log.info("A chat takes no messages: %s", type(error).__name__)
            self._outbox.drop_chat(chat_id)
        except BadRequest as error:
            self._refused(pending, error)
        except TelegramError as error:
            self._failed(pending, error)
        except sqlite3.Error as error:  # a full disk: what is in the outbox stays there
            self._wait(pending, error)
        except Exception as error:  # the edge of the task: the next message of this chat must be sent
            _log.error("A message was dropped: %s", type(error).__name__)
            self._outbox.drop(pending)
        finally:
            del self._under_way[chat_id]
            self._pace.ended(chat_id)
            self._woken.set()

    async def _attempt(self, pending: Pending) -> None:
        outgoing = pending.outgoing
        shown_by = self._outbox.message_id(outgoing)
        if outgoing.action == "delete":
            await delete_if_there(self._bot, outgoing, shown_by)
            self._outbox.drop(pending)
        elif outgoing.action == "edit" and shown_by is not None:
            await edit_if_there(self._bot, outgoing, shown_by)
            self._outbox.drop(pending)
        else:
            self._outbox.accepted(pending, await self._sent_once(pending))

    async def _sent_once(self, pending: Pending) -> int:
        """The id of the message, sent unless it was sent before."""
        found, unsure = await self._look_for(pending) if pending.after_id is not None else (None, False)
        if found is not None:
            return found
        self._outbox.begin(pending)
        return await send(self._bot, _as_repetition(pending.outgoing) if unsure else pending.outgoing)

    async def _look_for(self, pending: Pending) -> tuple[int | None, bool]:
        """The id of a message that may have been sent, or None; and whether it may be there though it was not found.

        No bot can read what is in a chat, but an edit without a change is refused with words of its own. Where it is not
        refused, what is there was ours and shows now what is to be sent, which will do as well.
        """
        assert pending.after_id is not None
        latest = self._outbox.latest_id(pending.chat_id)
        likely = pending.after_id + self._outbox.under_way() + _UNSEEN_IDS
        last = max(likely, min(latest + _UNSEEN_IDS, pending.after_id + _MOST_IDS)) if latest > likely else likely
        ids = range(pending.after_id + 1, last + 1)
        known = self._outbox.known_ids(pending.chat_id, ids)
        for message_id in ids:
            if message_id not in known and await self._is_at(pending.outgoing, message_id):
                return message_id, False
        return None, space_of(pending.chat_id) != OWN or latest > last

    async def _is_at(self, outgoing: Outgoing, message_id: int) -> bool:
        try:
            await edit(self._bot, outgoing, message_id)
        except BadRequest as error:
            return TEXT_IS_THE_SAME in error.message.lower()
        except (NetworkError, RetryAfter) as error:
            raise _NotLookedError(error) from error
        return True

    def _refused(self, pending: Pending, error: BadRequest) -> None:
        """Telegram will never take it. In place of a message there comes a plain line, if that is not what was refused."""
        _log.error("Telegram refused a message: %s", type(error).__name__)
        self._outbox.drop(pending)
        outgoing = pending.outgoing
        hopeless = any(words in error.message.lower() for words in _NO_PLACE)
        if outgoing.action == "send" and outgoing.content.entities and not hopeless:
            sorry = Part(text=message(outgoing.language).went_wrong)
            self._outbox.put([replace(outgoing, content=sorry, keyboard=None)])

    def _failed(self, pending: Pending, error: TelegramError) -> None:
        """It may have been sent, unless it never left this machine."""
        if isinstance(error, NetworkError) and isinstance(error.__cause__, _NEVER_SENT):
            self._outbox.not_sent(pending)
        if self._now_s() - pending.created_at_s > _GIVEN_UP_S:
            self._outbox.drop(pending)
        self._wait(pending, error)

    def _wait(self, pending: Pending, error: Exception) -> None:
        """Until the next attempt: as long as Telegram says, or longer with each failure in a row."""
        _log.warning("A message was not sent, trying again: %s", type(error).__name__)
        failures = self._failures[pending.chat_id] = self._failures.get(pending.chat_id, 0) + 1
        wait_s = min(_MAX_RETRY_S, _RETRY_S * 2 ** (failures - 1))
        if isinstance(error, RetryAfter):
            wait_s = error._retry_after.total_seconds()  # the property warns of the type that it will have one day
        self._pace.pause(pending.chat_id, wait_s)


def _as_repetition(outgoing: Outgoing) -> Outgoing:
    """With a line that it may be the second of its kind."""
    text = f"{outgoing.content.text}\n\n{bot_texts(outgoing.language).sent_again}"
    if utf16_units(text) > MAX_TEXT_UNITS:
        return outgoing
    return replace(outgoing, content=replace(outgoing.content, text=text))
