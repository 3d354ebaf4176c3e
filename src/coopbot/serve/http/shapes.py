"""The JSON of changes: articles to add, and the changes themselves, which version 1 of the API calls jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter
from pydantic_core import PydanticCustomError

from coopbot.domain import Language
from coopbot.errors import InvalidRequest
from coopbot.ingest.addresses import is_web_address
from coopbot.ingest.draft import Draft
from coopbot.serve.changes import Change, ChangeState, Effect, Kind
from coopbot.serve.http.problems import ProblemOut, describe
from coopbot.serve.requests import Day
from coopbot.serve.wire import Shape
from coopbot.text.characters import LONGEST_ADDRESS, LONGEST_LINE


def _has_words(text: str) -> str:
    if not any(map(str.isalnum, text)):
        raise PydanticCustomError("no_words", "Input should contain words")
    return text


def _web_address(url: str) -> str:
    if not is_web_address(url):
        detail = "Input should be a web address such as https://site.example/article, without user and password"
        raise PydanticCustomError("web_address", detail)
    return url


Line = Annotated[str, StringConstraints(max_length=LONGEST_LINE)]
WebAddress = Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST_ADDRESS), AfterValidator(_web_address)]

_DRAFT = TypeAdapter(Draft)


class ArticleIn(BaseModel):
    """An article to add: either only its web address, or its text and title with optional metadata."""

    model_config = ConfigDict(extra="forbid")

    url: WebAddress | None = None
    text: Annotated[str, AfterValidator(_has_words)] | None = None
    title: Annotated[Line, AfterValidator(_has_words)] | None = None
    publisher: Line = ""
    authors: list[Line] = Field(default=[], max_length=50, fail_fast=True)
    published: Day | None = None
    language: Language | None = None

    def to_draft(self) -> Draft | None:
        """The draft of the text; None if only an address was sent. Raises InvalidRequest for a mixture of both."""
        if self.text is None:
            if self.url is None:
                raise InvalidRequest("url", "nothing to add; send url, or text and title, or a file")
            if self.model_fields_set != {"url"}:
                raise InvalidRequest(
                    "text",
                    "url without text must be the only field, as its page gives the rest; add text, or send url alone",
                )
            return None
        if self.title is None:
            raise InvalidRequest("title", "the text has no title; add one")
        return _DRAFT.validate_python({**self.model_dump(), "url": self.url or ""})


class ProgressOut(Shape):
    """Changed articles indexed so far, and in all; both 0 until indexing starts."""

    done: int
    total: int


class ReportOut(Shape):
    """What a rebuild did. added, changed, removed: ids of articles. reused: unchanged articles. embedded: passages."""

    snapshot: str
    added: list[str]
    changed: list[str]
    removed: list[str]
    reused: int
    embedded: int


class JobOut(Shape):
    """A change to corpus and index. If `change` is set, the corpus has the article, even if indexing then failed."""

    job_id: str
    kind: Kind
    state: ChangeState
    progress: ProgressOut
    article_id: str | None
    title: str | None
    change: Effect | None
    report: ReportOut | None
    error: ProblemOut | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


def job_out(change: Change) -> JobOut:
    """The JSON shape of a change."""
    error = describe(change.error) if change.error else None
    return JobOut.of(change, job_id=change.change_id, progress=ProgressOut.of(change), change=change.effect, error=error)
