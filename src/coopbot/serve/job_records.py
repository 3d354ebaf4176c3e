"""The state of every change, from when it is queued until long after it has ended."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import structlog

from coopbot.errors import Busy, CoopbotError, NotFound
from coopbot.index.build import BuildReport
from coopbot.serve.job import Job
from coopbot.serve.redact import without_secrets
from coopbot.serve.spool import Spool

log = structlog.get_logger()


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
