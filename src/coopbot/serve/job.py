"""One change of the corpus with its progress, and what it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Literal

from coopbot.index.build import BuildReport
from coopbot.ingest.corpus.arrival import Arrival, Change
from coopbot.serve.editor import Editor
from coopbot.serve.spool import Order

JobKind = Literal["add", "remove", "rebuild", "feed"]
JobState = Literal["queued", "running", "done", "failed"]
JobChange = Change | Literal["removed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One change. Where `change` is set, the corpus has it, even if the job failed afterwards, at the index.

    `done` of `total` articles that changed are indexed. `report` is the index's, which jobs that came together share.
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


Step = Callable[[Job], Job | None]
"""Makes a change and gives the job with what changed; None if nothing did and the index may stay as it is."""


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
    """What an order asks for; nothing where the corpus has it already."""
    if order.change is not None:
        return lambda job: job
    if order.remove is not None:
        return _removing(partial(editor.remove, order.remove))
    if order.file is not None:
        return _adding(partial(editor.add_file, data, order.file))
    if order.draft is not None:
        return _adding(partial(editor.add_draft, order.draft))
    return _adding(partial(editor.add_url, order.url or ""))


def _adding(add: Callable[[], Arrival]) -> Step:
    def step(job: Job) -> Job:
        arrival = add()
        return replace(job, article_id=arrival.article.article_id, title=arrival.article.title, change=arrival.change)

    return step


def _removing(remove: Callable[[], None]) -> Step:
    def step(job: Job) -> Job:
        remove()
        return replace(job, change="removed")

    return step
