"""The end of a request's time, whatever the other side does meanwhile."""

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
    """`ends_s` by the clock; `source` is what errors call the request."""

    source: str
    limit_s: float
    ends_s: float
    clock: Callable[[], float]

    def left_s(self) -> float:
        """How long there is left, more than 0. Unreachable when there is nothing left."""
        left = self.ends_s - self.clock()
        if left <= 0:
            raise self.passed()
        return left

    def passed(self) -> Unreachable:
        """The error to raise when an operation was given `left_s` and took it all."""
        return Unreachable(
            self.source, f"took longer than {self.limit_s:g} s; try again later, or save the page and add the file"
        )

    def within(self, call: Callable[[], _Answer]) -> _Answer:
        """A call's answer, or the OSError it raises. One that has no limit of its own is left behind when time is up."""
        answer: Future[_Answer] = Future()

        def run() -> None:
            try:
                answer.set_result(call())
            except OSError as error:
                answer.set_exception(error)

        left = self.left_s()
        Thread(target=run, daemon=True).start()  # not a pool: leaving the program would wait for it
        try:
            return answer.result(left)
        except TimeoutError as error:
            raise self.passed() from error
