"""Telegram's limits on how often a bot may send."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.telegram.bot_api.checks import RefusedError


@dataclass(slots=True, kw_only=True)
class Flood:
    """Limits for one chat, for one group and for all together. refused: how many messages were."""

    chat_every_s: float = 1.0
    group_messages_per_minute: int = 20
    all_per_second: int = 30
    clock: Callable[[], float] = time.monotonic
    refused: int = 0
    _last: dict[int, float] = field(default_factory=dict)
    _groups: dict[int, deque[float]] = field(default_factory=dict)
    _all: deque[float] = field(default_factory=deque)

    def count(self, chat_id: int) -> None:
        """Count a message or an edit. Raises RefusedError with status 429 if it is over a limit."""
        now_s = self.clock()
        group = self._groups.setdefault(chat_id, deque())
        while self._all and self._all[0] <= now_s - 1.0:
            self._all.popleft()
        while group and group[0] <= now_s - 60.0:
            group.popleft()
        wait_s = self._last.get(chat_id, -math.inf) + self.chat_every_s - now_s
        if len(self._all) >= self.all_per_second:
            wait_s = max(wait_s, self._all[0] + 1.0 - now_s)
        if chat_id < 0 and len(group) >= self.group_messages_per_minute:
            wait_s = max(wait_s, group[0] + 60.0 - now_s)
        if wait_s > 0:
            self.refused += 1
            raise RefusedError(429, "Too Many Requests: retry later", retry_after_s=math.ceil(wait_s))
        self._last[chat_id] = now_s
        self._all.append(now_s)
        group.append(now_s)
