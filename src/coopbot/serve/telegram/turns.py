"""Handles the inbox: a few updates at once, lanes in turn, each lane in order."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from coopbot.serve.telegram.handling import Handler
from coopbot.serve.telegram.inbox import Waiting
from coopbot.serve.telegram.kit import Kit

_AT_ONCE = 4
# An update during which the process crashed this many times is not tried again.
MOST_STARTS = 5

_log = logging.getLogger(__name__)


class Turns:
    """Handles updates until it is cancelled. Call `settle` first, so that those in progress are answered."""

    def __init__(self, kit: Kit) -> None:
        self._inbox, self._handler = kit.inbox, Handler(kit)
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._woken = asyncio.Event()
        self._settling = False

    def wake(self) -> None:
        """Call after adding to the inbox."""
        self._woken.set()

    async def run(self) -> None:
        """Handle updates as they arrive in the inbox."""
        while True:
            self._woken.clear()
            while len(self._under_way) < _AT_ONCE and not self._settling:
                waiting = self._inbox.take(self._under_way)
                if waiting is None:
                    break
                self._under_way[waiting.lane] = asyncio.create_task(self._one(waiting))
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
            await self._handler.handle(waiting)
        except asyncio.CancelledError:
            self._inbox.put_back(waiting)
            raise
        except Exception as error:  # the outermost edge: only the type is logged, and the user gets a text without details
            _log.error("An update was not answered: %s", type(error).__name__)
            with suppress(Exception):
                self._handler.give_up(waiting, error)
            self._inbox.done(waiting.update_id)
        finally:
            del self._under_way[waiting.lane]
            self._woken.set()
