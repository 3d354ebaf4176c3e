"""Changes of the corpus: the state of each, the function that makes it, and the Protocol of what it is made with."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Protocol

import structlog

from coopbot.errors import Busy, CoopbotError, NotFound
from coopbot.index.build import BuildReport
from coopbot.index.model.embedder import Progress
from coopbot.ingest.corpus.arrival import Arrival
from coopbot.ingest.draft import Draft
from coopbot.serve.redact import without_secrets
from coopbot.serve.spool import JobChange, Order, Spool

JobKind = Literal["add", "remove", "rebuild", "feed"]
JobState = Literal["queued", "running", "done", "failed"]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One change. If `change` is set, the corpus has the article, even if indexing then failed.

    done, total: changed articles indexed so far, and in all. report: of the rebuild, which several jobs may share.
    """

    job_id: str
    kind: JobKind
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    state: JobState = "queued"
    done: int = 0
    total: int = 0
    article_id: str | None = None
    title: str | None = None
    change: JobChange | None = None
    report: BuildReport | None = None
    error: Exception | None = None


class Editor(Protocol):
    """Changes to corpus and index. Each call succeeds completely or changes nothing, and may raise Busy or Misconfigured.

    Answers change only with `rebuild`. Calls come from one thread at a time, except `stop`.
    """

    def add_url(self, url: str) -> Arrival:
        """Fetch a page, clean it and add it to the corpus. Raises InvalidRequest, Unreachable, Unreadable, Duplicate."""

    def add_file(self, data: bytes, name: str) -> Arrival:
        """Add the article in a file. The extension of `name` decides the format. Raises Unreadable, Duplicate."""

    def add_draft(self, draft: Draft) -> Arrival:
        """Add an article given as clean text. Raises InvalidRequest, Duplicate."""

    def remove(self, article_id: str) -> None:
        """Remove an article from the corpus. Raises NotFound."""

    def rebuild(self, progress: Progress, /) -> BuildReport:
        """Update the index from the corpus. An error raised by `progress` ends the build; the old snapshot stays current."""

    def stop(self) -> None:
        """Stop reading documents at once, from any thread. Later calls that have to read one raise Busy."""


Step = Callable[[Job], Job | None]
"""Makes a change and returns the job with its result; None if nothing changed, so that no rebuild is needed."""


def job_of(order: Order) -> Job:
    """The queued job of an order."""
    return Job(
        job_id=order.job_id,
        kind="add" if order.remove is None else "remove",
        created_at=order.created_at,
        article_id=order.article_id or order.remove,
        title=order.title,
        change=order.change,
    )


def step_of(order: Order, data: bytes, editor: Editor) -> Step:
    """The function that makes an order's change; it does nothing if the corpus already has it."""

    def step(job: Job) -> Job:
        if order.change is not None:
            return job
        if order.remove is not None:
            editor.remove(order.remove)
            return replace(job, change="removed")
        arrival = _arrival(order, data, editor)
        return replace(job, article_id=arrival.article.article_id, title=arrival.article.title, change=arrival.change)

    return step


def _arrival(order: Order, data: bytes, editor: Editor) -> Arrival:
    if order.file is not None:
        return editor.add_file(data, order.file)
    if order.draft is not None:
        return editor.add_draft(order.draft)
    return editor.add_url(order.url or "")


class Stopping(Busy):
    """The service is shutting down."""

    def __init__(self) -> None:
        super().__init__("the service is stopping; try again when it is back")


class JobRecords:
    """Unfinished jobs, and the latest `remembered` finished ones, by id. Safe to share between threads.

    spool: where unfinished jobs are stored on disk; a finished one is deleted there.
    """

    def __init__(self, spool: Spool | None, remembered: int, now: Callable[[], datetime]) -> None:
        self._spool, self._remembered, self._now = spool, remembered, now
        self._jobs: dict[str, Job] = {}
        self._finished: deque[str] = deque()
        self._lock = threading.Lock()

    @property
    def unfinished(self) -> int:
        """The number of jobs that are queued or running."""
        with self._lock:
            return len(self._jobs) - len(self._finished)

    def get(self, job_id: str) -> Job:
        """The current state of a job. Raises NotFound if there is none, or it finished too long ago."""
        with self._lock:
            job = self._jobs.get(job_id)
        if job is None:
            raise NotFound("there is no job of that id; the latest ones are kept until the service stops")
        return job

    def add(self, job: Job) -> Job:
        """A new job."""
        with self._lock:
            self._jobs[job.job_id] = job
            return job

    def update(self, job_id: str, change: Callable[[Job], Job]) -> Job:
        """The job after `change`."""
        with self._lock:
            job = self._jobs[job_id] = change(self._jobs[job_id])
            return job

    def start(self, job_id: str) -> Job:
        """Record a job as running."""
        job = self.update(job_id, lambda job: replace(job, state="running", started_at=self._now()))
        if self._spool is not None:
            self._spool.begin(job_id)
        return job

    def made(self, job: Job) -> None:
        """Record that the corpus has the change of a job; the index does not have it yet."""
        if self._spool is not None and job.change is not None:
            self._spool.made(job.job_id, job.change, job.article_id, job.title)
        self.update(job.job_id, lambda _: job)

    def finish(self, job_id: str, report: BuildReport | None = None) -> None:
        """Record a job as done. report: that of the rebuild, if there was one."""
        if self._spool is not None:
            self._spool.drop(job_id)
        self._end(job_id, lambda job: replace(job, state="done", report=report))

    def fail(self, job_id: str, error: Exception) -> None:
        """Record a job as failed, and log why. A job that a shutdown stopped stays in the spool for the next process."""
        if self._spool is not None:
            self._spool.put_off(job_id) if isinstance(error, Stopping) else self._spool.drop(job_id)
        self._end(job_id, lambda job: replace(job, state="failed", error=error))
        # The text of an unexpected error may contain anything, so only its type is logged.
        reason = without_secrets(str(error)) if isinstance(error, CoopbotError) else ""
        log.warning("job_failed", job_id=job_id, error=type(error).__name__, reason=reason)

    def _end(self, job_id: str, change: Callable[[Job], Job]) -> None:
        with self._lock:
            self._jobs[job_id] = replace(change(self._jobs[job_id]), finished_at=self._now())
            self._finished.append(job_id)
            while len(self._finished) > self._remembered:
                del self._jobs[self._finished.popleft()]
