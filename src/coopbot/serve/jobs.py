"""Changes while the service runs: done one after another in a thread of their own, each with its progress."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import TypeVar
from uuid import uuid4

import structlog

from coopbot.errors import Busy, CoopbotError, NotFound, Unreadable
from coopbot.ingest.draft import Draft
from coopbot.serve.editor import Editor
from coopbot.serve.job import Job, JobKind, Step, job_of, step_of
from coopbot.serve.redact import without_secrets
from coopbot.serve.spool import MOST_STARTS, Order, Spool

_BUSY_RETRY_S = 0.5

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much may wait and for how long, and how many finished jobs are remembered.

    Changes of one kind that are waiting together share a rebuild, if they are made within `share_s`. `stop_s` is how long a
    change under way is waited for when all is to stop.
    """

    waiting: int = 100
    waiting_bytes: int = 100_000_000
    remembered: int = 1000
    busy_s: float = 60.0
    share_s: float = 1.0
    stop_s: float = 8.0


_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    job_id: str
    kind: JobKind
    step: Step
    size_bytes: int


class _Stopping(Busy):
    """The service is on its way down."""

    def __init__(self) -> None:
        super().__init__("the service is stopping; try again when it is back")


class Jobs:
    """The queue and its thread, which runs within `with`. On leaving, a change under way ends at its next safe point.

    One that reaches none within `stop_s` of `stop` is left: `left` is true, and the process has to end without its thread.
    With a `spool`, what was asked for over HTTP and is not done is done when jobs are entered again, as the same jobs.

    Whatever is asked for returns at once with a queued job; Busy when too much is waiting.
    """

    def __init__(
        self,
        editor: Editor,
        *,
        limits: Limits | None = None,
        spool: Spool | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._editor = editor
        self._limits = limits or Limits()
        self._spool = spool
        self._stop = threading.Event()
        self._clock, self._sleep, self._now = clock, sleep or self._stop.wait, now
        self._waiting: deque[_Task] = deque()
        self._jobs: dict[str, Job] = {}
        self._finished: deque[str] = deque()
        self._changed = threading.Condition()
        self._stopped_at_s = 0.0
        # A daemon, so that a document that is read for minutes does not keep the process.
        self._thread = threading.Thread(target=self._work, name="coopbot-jobs", daemon=True)

    def __enter__(self) -> Jobs:
        if self._spool is not None:
            with self._changed:
                for order, data in self._spool.left():
                    self._resume(order, data)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
        self._thread.join(max(0.0, self._stopped_at_s + self._limits.stop_s - self._clock()))
        if self.left:
            log.warning("job_left", reason="it did not come to an end in time; the corpus and the index are whole")
        while self._waiting:
            self._fail(self._waiting.popleft().job_id, _Stopping())

    def stop(self) -> None:
        """Take no more changes and end what runs; does not wait."""
        with self._changed:
            if not self._stop.is_set():
                self._stopped_at_s = self._clock()
            self._stop.set()
            self._changed.notify_all()
        self._editor.stop()

    @property
    def left(self) -> bool:
        """Whether all was to stop, and a change is still under way."""
        return self._stop.is_set() and self._thread.is_alive()

    def add_url(self, url: str) -> Job:
        """Put the article at an address into the corpus and the index."""
        return self._submit_order(self._order(url=url))

    def add_file(self, data: bytes, name: str) -> Job:
        """The same with a file."""
        return self._submit_order(self._order(file=name), data)

    def add_draft(self, draft: Draft) -> Job:
        """The same with a text."""
        return self._submit_order(self._order(draft=draft))

    def remove(self, article_id: str) -> Job:
        """Take an article out of the corpus and the index."""
        return self._submit_order(self._order(remove=article_id))

    def visit(self, read: Callable[[], int]) -> Job:
        """Read a feed and index what it brought: `read` puts new articles into the corpus and tells how many."""
        return self._submit("feed", lambda job: job if read() else None)

    def rebuild(self) -> Job:
        """Bring the index in line with the corpus. If one is waiting already, that one will do; so this is never too much."""
        with self._changed:
            waiting = next((task for task in self._waiting if task.kind == "rebuild"), None)
            return self._jobs[waiting.job_id] if waiting else self._submit("rebuild", lambda job: job)

    def get(self, job_id: str) -> Job:
        """A job as it is now. NotFound when there is none, or when it was finished too long ago."""
        with self._changed:
            job = self._jobs.get(job_id)
        if job is None:
            raise NotFound("there is no job of that id; the latest ones are kept until the service stops")
        return job

    @property
    def idle(self) -> bool:
        """Whether all is done that was asked for."""
        with self._changed:
            return len(self._jobs) == len(self._finished)

    @property
    def unfinished(self) -> int:
        """How many changes are waiting or under way."""
        with self._changed:
            return len(self._jobs) - len(self._finished)

    def _order(
        self, *, url: str | None = None, draft: Draft | None = None, file: str | None = None, remove: str | None = None
    ) -> Order:
        return Order(job_id=uuid4().hex, created_at=self._now(), url=url, draft=draft, file=file, remove=remove)

    def _submit_order(self, order: Order, data: bytes = b"") -> Job:
        """Queue what somebody asked for; on disk first, so that it is not lost once it is accepted."""
        size_bytes = len(data) + (len(order.draft.text) if order.draft else 0)
        with self._changed:
            self._require_room(size_bytes)
            if self._spool is not None:
                self._spool.put(order, data)
            return self._queue(job_of(order), step_of(order, data, self._editor), size_bytes)

    def _submit(self, kind: JobKind, step: Step) -> Job:
        with self._changed:
            if kind != "rebuild":
                self._require_room(0)
            elif self._stop.is_set():
                raise _Stopping
            return self._queue(Job(job_id=uuid4().hex, kind=kind, created_at=self._now()), step, 0)

    def _resume(self, order: Order, data: bytes) -> None:
        """Queue what an earlier process left."""
        job = job_of(order)
        if order.starts < MOST_STARTS:
            self._queue(job, step_of(order, data, self._editor), len(data))
        else:
            self._jobs[job.job_id] = job
            reason = "the service ended each time it was read; give another"
            self._fail(job.job_id, Unreadable(order.file or "the article", reason))

    def _require_room(self, size_bytes: int) -> None:
        if self._stop.is_set():
            raise _Stopping
        waiting_bytes = size_bytes + sum(task.size_bytes for task in self._waiting)
        if len(self._waiting) >= self._limits.waiting or waiting_bytes > self._limits.waiting_bytes:
            raise Busy("too many changes are waiting; try again when some are done")

    def _queue(self, job: Job, step: Step, size_bytes: int) -> Job:
        self._jobs[job.job_id] = job
        self._waiting.append(_Task(job_id=job.job_id, kind=job.kind, step=step, size_bytes=size_bytes))
        self._changed.notify_all()
        return job

    def _work(self) -> None:
        while (task := self._wait()) is not None:
            share_until = self._clock() + self._limits.share_s
            changed = [task.job_id] if self._change(task) else []
            while self._clock() < share_until and (more := self._next(task.kind)) is not None:
                changed += [more.job_id] if self._change(more) else []
            if changed:
                self._index(changed)

    def _wait(self) -> _Task | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stop.is_set())
            return None if self._stop.is_set() else self._waiting.popleft()

    def _next(self, kind: JobKind) -> _Task | None:
        """The next task if it is of this kind. Others wait, so that the index passes through what each job says."""
        with self._changed:
            alike = self._waiting and self._waiting[0].kind == kind and not self._stop.is_set()
            return self._waiting.popleft() if alike else None

    def _change(self, task: _Task) -> bool:
        """Do a task's own part; whether the index must follow."""
        job = self._update(task.job_id, lambda job: replace(job, state="running", started_at=self._now()))
        try:
            if self._spool is not None:
                self._spool.begin(task.job_id)
            changed = self._patiently(lambda: task.step(job))
            if self._spool is not None and changed is not None and changed.change is not None:
                self._spool.made(task.job_id, changed.change, changed.article_id, changed.title)
        except Exception as exc:  # the edge of the thread: whatever goes wrong is reported in the job, and the next one runs
            self._fail(task.job_id, exc)
            return False
        if changed is None:
            self._finish(task.job_id, lambda job: replace(job, state="done"))
            return False
        self._update(task.job_id, lambda _: changed)
        return True

    def _index(self, job_ids: list[str]) -> None:
        def progress(done: int, total: int) -> None:
            if self._stop.is_set():
                raise _Stopping
            for job_id in job_ids:
                self._update(job_id, lambda job: replace(job, done=done, total=total))

        try:
            report = self._patiently(lambda: self._editor.rebuild(progress))
        except Exception as exc:  # as above
            for job_id in job_ids:
                self._fail(job_id, exc)
            return
        for job_id in job_ids:
            self._finish(job_id, lambda job: replace(job, state="done", report=report))
        log.info("indexed", jobs=len(job_ids), snapshot=report.snapshot, written=report.written, embedded=report.embedded)

    def _patiently(self, action: Callable[[], _Result]) -> _Result:
        """Again and again while another process writes, up to `busy_s`."""
        give_up_at = self._clock() + self._limits.busy_s
        while True:
            try:
                return action()
            except Busy as exc:
                if self._stop.is_set():
                    raise _Stopping from exc
                if self._clock() >= give_up_at:
                    raise Busy(f"gave up after {self._limits.busy_s:.0f} s: {exc}") from exc
            self._sleep(_BUSY_RETRY_S)

    def _update(self, job_id: str, change: Callable[[Job], Job]) -> Job:
        with self._changed:
            job = self._jobs[job_id] = change(self._jobs[job_id])
            return job

    def _finish(self, job_id: str, change: Callable[[Job], Job], *, done: bool = True) -> None:
        """`done` unless the next process is to go on with it."""
        if self._spool is not None:
            self._spool.drop(job_id) if done else self._spool.put_off(job_id)
        with self._changed:
            self._update(job_id, lambda job: replace(change(job), finished_at=self._now()))
            self._finished.append(job_id)
            while len(self._finished) > self._limits.remembered:
                del self._jobs[self._finished.popleft()]

    def _fail(self, job_id: str, error: Exception) -> None:
        self._finish(job_id, lambda job: replace(job, state="failed", error=error), done=not isinstance(error, _Stopping))
        # What is not one of our own errors may hold anything, and is reported by type only.
        reason = without_secrets(str(error)) if isinstance(error, CoopbotError) else ""
        log.warning("job_failed", job_id=job_id, error=type(error).__name__, reason=reason)
