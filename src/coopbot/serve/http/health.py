"""Whether the service can answer: whether the latest questions failed, and whether the index files are intact."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from coopbot.ask.store import LiveStore
from coopbot.errors import Busy, InvalidRequest

# A single error may be due to the question; this many in a row are not.
_FAILURES = 3
# After this long without a failure, the service reports ready again, to be tried.
_FORGET_S = 30.0
# Files are checked at most this often.
_LOOK_S = 5.0

log = structlog.get_logger()


class Health:
    """Counts failed questions and checks the index files. Safe to share between threads."""

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
        """A context around answering a question, which records whether it failed."""
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
        """Why questions should go to another instance: `questions_fail`, `index_damaged`, or "". Reads files."""
        if self._is_damaged():
            return "index_damaged"
        failing = self._failures >= _FAILURES and self._clock() - self._failed_at_s < _FORGET_S
        return "questions_fail" if failing else ""

    def _is_damaged(self) -> bool:
        # While another thread checks, the latest result is used.
        if self._looking.acquire(blocking=False):
            try:
                now = self._clock()
                if self._looked_at_s is None or now - self._looked_at_s >= _LOOK_S:
                    self._looked_at_s = now
                    damage, known = self._index.damage(), self._damage
                    self._damage = damage
                    if damage and damage != known:
                        log.error("index_damaged", reason=damage)
            finally:
                self._looking.release()
        return bool(self._damage)
