"""One change of the corpus: its progress, the function that makes it, and the Protocol of what it is made with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Protocol

from coopbot.index.build import BuildReport
from coopbot.index.model.embedder import Progress
from coopbot.ingest.corpus.arrival import Arrival
from coopbot.ingest.draft import Draft
from coopbot.serve.spool import JobChange, Order

JobKind = Literal["add", "remove", "rebuild", "feed"]
JobState = Literal["queued", "running", "done", "failed"]


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
