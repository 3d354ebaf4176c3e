"""The queue of changes to corpus and index, and the thread that makes them one after another."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar
from uuid import uuid4

import structlog

from coopbot.errors import Busy, Unreadable
from coopbot.ingest.draft import Draft
from coopbot.serve.job import Editor, Job, JobKind, JobRecords, Step, Stopping, job_of, step_of
from coopbot.serve.spool import MOST_STARTS, Order, Spool

_BUSY_RETRY_S = 0.5

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """waiting, waiting_bytes: how many changes may wait, and how large all of them may be. remembered: finished jobs kept.

    busy_s: how long a change is retried while another process writes. share_s: changes of one kind made within this time share
    a rebuild. stop_s: how long a shutdown waits for the running change.
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
    job: Job
    step: Step
    size_bytes: int


class Jobs:
    """A context manager: the thread runs within `with`. On exit the running change ends at its next safe point.

    If it reaches none within `stop_s` after `stop`, `still_running` is true and the process has to exit without joining the
    thread. With a `spool`, unfinished changes are stored on disk and resumed, with the same ids, the next time.

    Methods that request a change return a queued job at once. They raise Busy if too many changes are waiting.
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
        self._records = JobRecords(spool, self._limits.remembered, now)
        self._condition = threading.Condition()
        self._stopped_at_s = 0.0
        # A daemon, so that a document that takes minutes to read does not keep the process alive.
        self._thread = threading.Thread(target=self._work, name="coopbot-jobs", daemon=True)

    def __enter__(self) -> Jobs:
        if self._spool is not None:
            with self._condition:
                for order, data in self._spool.unfinished():
                    self._resume(order, data)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._thread.join(max(0.0, self._stopped_at_s + self._limits.stop_s - self._clock()))
        if self.still_running:
            log.warning("job_left", reason="it did not end in time; corpus and index are intact")
        while self._waiting:
            self._records.fail(self._waiting.popleft().job.job_id, Stopping())

    def stop(self) -> None:
        """Refuse further changes and stop the running one. Does not wait."""
        with self._condition:
            if not self._stop.is_set():
                self._stopped_at_s = self._clock()
            self._stop.set()
            self._condition.notify_all()
        self._editor.stop()

    @property
    def still_running(self) -> bool:
        """Whether a change is still running after `stop`."""
        return self._stop.is_set() and self._thread.is_alive()

    def add_url(self, url: str) -> Job:
        """Add the article at a web address to corpus and index."""
        return self._submit_order(Order(created_at=self._now(), url=url))

    def add_file(self, data: bytes, name: str) -> Job:
        """Add the article in a file. name: with its extension."""
        return self._submit_order(Order(created_at=self._now(), file=name), data)

    def add_draft(self, draft: Draft) -> Job:
        """Add an article given as text."""
        return self._submit_order(Order(created_at=self._now(), draft=draft))

    def remove(self, article_id: str) -> Job:
        """Remove an article from corpus and index."""
        return self._submit_order(Order(created_at=self._now(), remove=article_id))

    def visit(self, read: Callable[[], int]) -> Job:
        """Read a feed and index its new articles. `read` adds them to the corpus and returns how many there were."""
        return self._submit("feed", lambda job: job if read() else None)

    def rebuild(self) -> Job:
        """Update the index from the corpus. Returns the waiting rebuild if there is one, so there is always room."""
        with self._condition:
            waiting = next((task for task in self._waiting if task.job.kind == "rebuild"), None)
            return self.get(waiting.job.job_id) if waiting else self._submit("rebuild", lambda job: job)

    def get(self, job_id: str) -> Job:
        """The current state of a job. Raises NotFound if there is none, or it finished too long ago."""
        return self._records.get(job_id)

    @property
    def idle(self) -> bool:
        """Whether no change is waiting or running."""
        return self.unfinished == 0

    @property
    def unfinished(self) -> int:
        """The number of changes that are waiting or running."""
        return self._records.unfinished

    def _submit_order(self, order: Order, data: bytes = b"") -> Job:
        """Queue an order, written to disk first, so that an accepted one is never lost."""
        size_bytes = len(data) + (len(order.draft.text) if order.draft else 0)
        with self._condition:
            self._require_room(size_bytes)
            if self._spool is not None:
                self._spool.put(order, data)
            return self._queue(job_of(order), step_of(order, data, self._editor), size_bytes)

    def _submit(self, kind: JobKind, step: Step) -> Job:
        with self._condition:
            if kind != "rebuild":
                self._require_room(0)
            elif self._stop.is_set():
                raise Stopping
            return self._queue(Job(job_id=uuid4().hex, kind=kind, created_at=self._now()), step, 0)

    def _resume(self, order: Order, data: bytes) -> None:
        """Queue an order that an earlier process left unfinished."""
        job = job_of(order)
        if order.starts < MOST_STARTS:
            self._queue(job, step_of(order, data, self._editor), len(data))
        else:
            self._records.add(job)
            reason = "the service ended each time it was read; send another file"
            self._records.fail(job.job_id, Unreadable(order.file or "the article", reason))

    def _require_room(self, size_bytes: int) -> None:
        if self._stop.is_set():
            raise Stopping
        waiting_bytes = size_bytes + sum(task.size_bytes for task in self._waiting)
        if len(self._waiting) >= self._limits.waiting or waiting_bytes > self._limits.waiting_bytes:
            raise Busy("too many changes are waiting; try again when some are done")

    def _queue(self, job: Job, step: Step, size_bytes: int) -> Job:
        self._records.add(job)
        self._waiting.append(_Task(job=job, step=step, size_bytes=size_bytes))
        self._condition.notify_all()
        return job

    def _work(self) -> None:
        while (task := self._wait()) is not None:
            share_until = self._clock() + self._limits.share_s
            changed = [task.job.job_id] if self._change(task) else []
            while self._clock() < share_until and (more := self._next(task.job.kind)) is not None:
                changed += [more.job.job_id] if self._change(more) else []
            if changed:
                self._index(changed)

    def _wait(self) -> _Task | None:
        with self._condition:
            self._condition.wait_for(lambda: self._waiting or self._stop.is_set())
            return None if self._stop.is_set() else self._waiting.popleft()

    def _next(self, kind: JobKind) -> _Task | None:
        """The next task if it is of this kind; another kind gets a rebuild of its own."""
        with self._condition:
            alike = self._waiting and self._waiting[0].job.kind == kind and not self._stop.is_set()
            return self._waiting.popleft() if alike else None

    def _change(self, task: _Task) -> bool:
        """Make a task's change to the corpus. Returns whether the index must be rebuilt."""
        job_id = task.job.job_id
        try:
            job = self._records.start(job_id)
            changed = self._retried(lambda: task.step(job))
            if changed is not None:
                self._records.made(changed)
        except Exception as exc:  # the thread's outermost edge: the job reports the error, and the next one runs
            self._records.fail(job_id, exc)
            return False
        if changed is None:
            self._records.finish(job_id)
        return changed is not None

    def _index(self, job_ids: list[str]) -> None:
        def progress(done: int, total: int) -> None:
            if self._stop.is_set():
                raise Stopping
            for job_id in job_ids:
                self._records.update(job_id, lambda job: replace(job, done=done, total=total))

        try:
            report = self._retried(lambda: self._editor.rebuild(progress))
        except Exception as exc:  # as above
            for job_id in job_ids:
                self._records.fail(job_id, exc)
            return
        for job_id in job_ids:
            self._records.finish(job_id, report)
        log.info("indexed", jobs=len(job_ids), snapshot=report.snapshot, written=report.written, embedded=report.embedded)

    def _retried(self, action: Callable[[], _Result]) -> _Result:
        """The result of `action`, retried for up to `busy_s` while another process writes."""
        give_up_at = self._clock() + self._limits.busy_s
        while True:
            try:
                return action()
            except Busy as exc:
                if self._stop.is_set():
                    raise Stopping from exc
                if self._clock() >= give_up_at:
                    raise Busy(f"gave up after {self._limits.busy_s:.0f} s: {exc}") from exc
            self._sleep(_BUSY_RETRY_S)
