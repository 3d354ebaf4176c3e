"""The deadline of a request, which holds whatever the server does."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Thread
from typing import TypeVar

from coopbot.errors import Unreachable

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """`ends_s` is in the clock's time; errors name the request as `source`."""

    source: str
    limit_s: float
    ends_s: float
    clock: Callable[[], float]

    def left_s(self) -> float:
        """Seconds left, more than 0. Raises Unreachable when time is up."""
        left = self.ends_s - self.clock()
        if left <= 0:
            raise self.passed()
        return left

    def passed(self) -> Unreachable:
        """The error for an operation that used up `left_s`."""
        return Unreachable(
            self.source, f"took longer than {self.limit_s:g} s; try again later, or save the page and add the file"
        )

    def within(self, call: Callable[[], _Answer]) -> _Answer:
        """The call's result, or the OSError it raises. Abandons a call without a timeout of its own when time is up."""
        answer: Future[_Answer] = Future()

        def run() -> None:
            try:
                answer.set_result(call())
            except OSError as error:
                answer.set_exception(error)

        left = self.left_s()
        Thread(target=run, daemon=True).start()  # not a pool: the program would wait for it on exit
        try:
            return answer.result(left)
        except TimeoutError as error:
            raise self.passed() from error
