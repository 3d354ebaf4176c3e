"""Whether the service can answer: what the last questions met, and whether the files of the index are whole."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from coopbot.ask.store import LiveStore
from coopbot.errors import Busy, InvalidRequest

# One error may be of the question; so many in a row are ours.
_FAILURES = 3
# After so long without one, questions are let in again, to see.
_FORGET_S = 30.0
# How often the files are looked at, however often somebody asks.
_LOOK_S = 5.0

log = structlog.get_logger()


class Health:
    """Counts failed questions, and looks at the files. Safe to share between threads."""

    def __init__(
        self,
        index: LiveStore,
        clock: Callable[[], float] = time.monotonic,
        on_failure: Callable[[Exception], object] = lambda _: None,
    ) -> None:
        self._index = index
        self._clock = clock
        self._on_failure = on_failure
        self._failures = 0
        self._failed_at_s = 0.0
        self._looking = threading.Lock()
        self._looked_at_s: float | None = None
        self._damage = ""

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Around the answering of a question: note whether it could be answered."""
        try:
            yield
        except (InvalidRequest, Busy):
            raise
        except Exception as exc:  # counted and raised again
            self._on_failure(exc)
            self._failures += 1
            self._failed_at_s = self._clock()
            raise
        self._failures = 0

    def trouble(self) -> str:
        """Why questions should go elsewhere: `questions_fail` or `index_damaged`; empty if they need not. Reads files."""
        if self._is_damaged():
            return "index_damaged"
        failing = self._failures >= _FAILURES and self._clock() - self._failed_at_s < _FORGET_S
        return "questions_fail" if failing else ""

    def _is_damaged(self) -> bool:
        # Whoever comes while another one looks is given what was seen last.
        if self._looking.acquire(blocking=False):
            try:
                now = self._clock()
                if self._looked_at_s is None or now - self._looked_at_s >= _LOOK_S:
                    self._looked_at_s = now
                    self._note(self._index.damage())
            finally:
                self._looking.release()
        return bool(self._damage)

    def _note(self, damage: str) -> None:
        if damage and damage != self._damage:
            log.error("index_damaged", reason=damage)
        self._damage = damage
