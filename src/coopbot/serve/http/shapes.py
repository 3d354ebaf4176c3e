"""The JSON of changes: articles sent in, and the jobs that take them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from coopbot.domain import Language
from coopbot.errors import InvalidRequest
from coopbot.index.build import BuildReport
from coopbot.ingest.draft import Draft
from coopbot.serve.http.problems import ProblemOut, describe
from coopbot.serve.job import Job, JobChange, JobKind, JobState


def _has_words(text: str) -> str:
    if not any(map(str.isalnum, text)):
        raise PydanticCustomError("no_words", "There is not a word in it")
    return text


def _is_web_address(url: str) -> str:
    if not _is_plain(url):
        detail = "Input should be a web address such as https://site.example/article, without user and password"
        raise PydanticCustomError("web_address", detail)
    return url


def _is_plain(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    shown = url.isprintable() and " " not in url
    return shown and parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc and port != 0


Line = Annotated[str, StringConstraints(max_length=500)]
WebAddress = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000), AfterValidator(_is_web_address)]


class ArticleIn(BaseModel):
    """A new article: its address alone, or its text with a title and what else is known of it."""

    model_config = ConfigDict(extra="forbid")

    url: WebAddress | None = None
    text: Annotated[str, AfterValidator(_has_words)] | None = None
    title: Annotated[Line, AfterValidator(_has_words)] | None = None
    publisher: Line = ""
    authors: list[Line] = Field(default=[], max_length=50)
    published: date | None = Field(default=None, strict=True)
    language: Language | None = None

    def to_draft(self) -> Draft | None:
        """The text as ingest knows it; None if there is only an address. Raises InvalidRequest for a mixture of both."""
        if self.text is None:
            if self.url is None:
                raise InvalidRequest("url", "nothing to add; give url, or text and title, or a file")
            if self.model_fields_set != {"url"}:
                raise InvalidRequest(
                    "text", "an address goes alone, the rest is read from its page; add the text or leave the rest"
                )
            return None
        if self.title is None:
            raise InvalidRequest("title", "the text has no title; give one")
        return Draft(
            title=self.title,
            text=self.text,
            authors=tuple(self.authors),
            publisher=self.publisher,
            published=self.published,
            url=self.url or "",
            language=self.language,
        )


class ProgressOut(BaseModel):
    """Articles indexed, of those that changed; both 0 until indexing begins."""

    done: int
    total: int


class ReportOut(BaseModel):
    """What was done to the index: ids of articles; counts of articles left as they were and of passages embedded."""

    snapshot: str
    added: list[str]
    changed: list[str]
    removed: list[str]
    reused: int
    embedded: int


class JobOut(BaseModel):
    """A change to corpus and index. Where `change` is set the corpus has it, even if indexing failed afterwards."""

    job_id: str
    kind: JobKind
    state: JobState
    progress: ProgressOut
    article_id: str | None
    title: str | None
    change: JobChange | None
    report: ReportOut | None
    error: ProblemOut | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


def job_out(job: Job) -> JobOut:
    """A job as JSON has it."""
    return JobOut(
        job_id=job.job_id,
        kind=job.kind,
        state=job.state,
        progress=ProgressOut(done=job.done, total=job.total),
        article_id=job.article_id,
        title=job.title,
        change=job.change,
        report=_report_out(job.report) if job.report else None,
        error=describe(job.error) if job.error else None,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
    )


def _report_out(report: BuildReport) -> ReportOut:
    return ReportOut(
        snapshot=report.snapshot,
        added=list(report.added),
        changed=list(report.changed),
        removed=list(report.removed),
        reused=report.reused,
        embedded=report.embedded,
    )
