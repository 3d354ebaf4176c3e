"""Whether the service can answer: the index files are intact, questions come to an end, and one of its own is answered."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus

import structlog
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import FastAPI
from starlette.exceptions import HTTPException

from coopbot.ask.store import LiveStore
from coopbot.errors import Busy, InvalidRequest
from coopbot.serve.admission import Admission
from coopbot.serve.http.problems import PROBLEM
from coopbot.serve.wire import ReadyOut

# After this many failures in a row, the service asks itself: the questions may be the cause, or the service.
_FAILURES = 3
# Files are checked, and the service asks itself, at most this often.
_LOOK_S = 5.0

_TROUBLES = {
    "questions_stuck": "questions_stuck: no question has come to an end for minutes; restart the service",
    "questions_fail": "questions_fail: the service cannot answer even its own question; the log says why",
    "index_damaged": "index_damaged: files of the current index were changed or are missing; run: coopbot index --force",
}
_TELEGRAM_SILENT = "the Telegram bot has had no response from Telegram for minutes; the log says why"

log = structlog.get_logger()


class Health:
    """Watches failing questions and checks the index files. Safe to share between threads."""

    def __init__(
        self,
        index: LiveStore,
        admission: Admission,
        ask_itself: Callable[[], object],
        clock: Callable[[], float] = time.monotonic,
        on_failure: Callable[[Exception], object] = lambda _: None,
    ) -> None:
        """ask_itself: answers a harmless question, and raises if that is impossible."""
        self._index = index
        self._admission = admission
        self._ask_itself = ask_itself
        self._clock = clock
        self._on_failure = on_failure
        self._failures = 0
        self._looking = threading.Lock()
        self._looked_at_s: float | None = None
        self._trouble = ""

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
            raise
        self._failures = 0

    def trouble(self) -> str:
        """Why questions should go to another instance: `index_damaged`, `questions_stuck`, `questions_fail`, or "".

        Reads files, and may ask.
        """
        # While another thread looks, its latest finding is used.
        if self._looking.acquire(blocking=False):
            try:
                now = self._clock()
                if self._looked_at_s is None or now - self._looked_at_s >= _LOOK_S:
                    self._looked_at_s = now
                    self._trouble = self._found(self._trouble)
            finally:
                self._looking.release()
        return self._trouble

    def _found(self, known: str) -> str:
        """The trouble there is; `known` was logged before."""
        damage = self._index.damage()
        if damage:
            if known != "index_damaged":
                log.error("index_damaged", reason=damage)
            return "index_damaged"
        if self._admission.stuck:
            return "questions_stuck"
        if self._failures >= _FAILURES:
            try:
                self._ask_itself()
            except Exception as exc:  # whatever it is, no question can be answered
                if known != "questions_fail":
                    log.error("questions_fail", error=type(exc).__name__)
                return "questions_fail"
            self._failures = 0
        return ""


def add_health(app: FastAPI, index: LiveStore, health: Health, alive: Callable[[], bool]) -> None:
    """Add the routes. alive: whether the bot works."""
    # Both respond even if questions occupy all threads: one needs no thread, the other has its own.
    looking = CapacityLimiter(1)

    @app.get("/healthz", summary="Alive")
    async def healthz() -> dict[str, str]:
        if not alive():
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, _TELEGRAM_SILENT)
        return {"status": "alive"}

    @app.get(
        "/readyz",
        summary="Able to answer",
        responses={503: {"description": "Questions fail, or the index is damaged.", **PROBLEM}},
    )
    async def readyz() -> ReadyOut:
        trouble = await run_sync(health.trouble, limiter=looking)
        if trouble:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, _TROUBLES[trouble])
        snapshot = await run_sync(index.current, limiter=looking)
        return ReadyOut(status="ready", snapshot=snapshot.snapshot_id)
