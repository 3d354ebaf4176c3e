"""Handles what is in the inbox: a few updates at once, users in turn, each user's in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from coopbot.serve.telegram.inbox import Inbox, Waiting

_AT_ONCE = 4
# An update with which the process ended so often, other than in order, is not tried again.
MOST_STARTS = 5

_log = logging.getLogger(__name__)

Handle = Callable[[Waiting], Awaitable[None]]


class Turns:
    """Runs until it is cancelled; `settle` first, so that what is under way is answered."""

    def __init__(self, inbox: Inbox, handle: Handle, give_up: Callable[[Waiting, Exception], object]) -> None:
        """`handle` takes an update out of the inbox together with what came of it; if it raises, `give_up` must."""
        self._inbox, self._handle, self._give_up = inbox, handle, give_up
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._woken = asyncio.Event()
        self._settling = False

    def wake(self) -> None:
        """Something was put into the inbox."""
        self._woken.set()

    async def run(self) -> None:
        """Handle whatever is there and comes."""
        while True:
            self._woken.clear()
            while len(self._under_way) < _AT_ONCE and not self._settling:
                waiting = self._inbox.take(self._under_way)
                if waiting is None:
                    break
                self._under_way[waiting.lane] = asyncio.create_task(self._one(waiting))
            await self._woken.wait()

    async def settle(self, timeout_s: float) -> bool:
        """Begin nothing more and wait for what is under way; whether that came to an end. What did not is handled next time."""
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
            await self._handle(waiting)
        except asyncio.CancelledError:
            self._inbox.put_back(waiting)
            raise
        except Exception as error:  # the outermost edge: the log gets the type only, the user a text without details
            _log.error("An update was not answered: %s", type(error).__name__)
            with suppress(Exception):
                self._give_up(waiting, error)
            self._inbox.done(waiting.update_id)
        finally:
            del self._under_way[waiting.lane]
            self._woken.set()
