"""Telegram's rate limits: about one message a second to a chat, 20 a minute to a group, 30 a second in all."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """The limits that Telegram documents. A self-hosted Bot API server may allow more."""

    chat_every_s: float = 1.0
    group_messages_per_minute: int = 20
    all_per_second: int = 30


class Pace:
    """Computes when the next message may be sent to each chat, in the clock's seconds. For one thread.

    A message in flight counts as sent now, a finished one as sent when it finished, so that the limits hold however long
    messages take.
    """

    def __init__(self, clock: Callable[[], float], quota: Quota) -> None:
        self.clock, self._quota = clock, quota
        self._under_way = 0
        self._all: deque[float] = deque(maxlen=quota.all_per_second)
        self._groups: dict[int, deque[float]] = {}
        self._next: dict[int, float] = {}

    def ready_at_s(self, chat_id: int) -> float:
        """The earliest time to send to a chat, in the past if that is now; infinite while too many messages are in flight."""
        at_s = self._next.get(chat_id, 0.0)
        free = self._quota.all_per_second - self._under_way
        if free <= 0:
            return math.inf
        if len(self._all) >= free:
            at_s = max(at_s, self._all[-free] + 1.0)
        group = self._groups.get(chat_id)
        if group is not None and len(group) == self._quota.group_messages_per_minute:
            at_s = max(at_s, group[0] + 60.0)
        return at_s

    def began(self) -> None:
        """Record the start of a message or an edit."""
        self._under_way += 1

    def ended(self, chat_id: int) -> None:
        """Record that a message has arrived, or may have."""
        now_s = self.clock()
        self._under_way -= 1
        self._all.append(now_s)
        if chat_id < 0:
            self._groups.setdefault(chat_id, deque(maxlen=self._quota.group_messages_per_minute)).append(now_s)
        self.pause(chat_id, self._quota.chat_every_s)
        if len(self._next) > 10_000:  # forget idle chats
            self._next = {chat_id: at_s for chat_id, at_s in self._next.items() if at_s > now_s}
            self._groups = {chat_id: times for chat_id, times in self._groups.items() if times[-1] > now_s - 60}

    def pause(self, chat_id: int, wait_s: float) -> None:
        """Send nothing to a chat for this long; other chats are not affected."""
        self._next[chat_id] = max(self._next.get(chat_id, 0.0), self.clock() + wait_s)
