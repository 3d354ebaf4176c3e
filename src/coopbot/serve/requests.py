"""The JSON of questions, searches and feedback: what is asked, and which articles it is limited to."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    FailFast,
    Field,
    StringConstraints,
    TypeAdapter,
    create_model,
    model_validator,
)
from pydantic_core import PydanticCustomError

from coopbot.ask.answer.answerer import MAX_HITS
from coopbot.ask.answer.plain import MAX_CITATIONS
from coopbot.domain import MAX_QUESTION_CHARS, Filters, Language, Outcome
from coopbot.index.filters import VALUE_FILTERS, ValueFilter
from coopbot.serve.feedback import MAX_COMMENT_CHARS, MAX_FEEDBACK_ARTICLES, Channel, Feedback, Verdict
from coopbot.serve.further import Shown
from coopbot.text.characters import LONGEST_LINE, has_meaning, plain_characters

_FILTERS = TypeAdapter(Filters)

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def _plain(value: object) -> object:
    return plain_characters(value).strip() if isinstance(value, str) else value


def _readable(text: str) -> str:
    if not has_meaning(text):
        raise PydanticCustomError("unreadable", "Input should have letters or digits")
    return text


def _day(value: object) -> object:
    # A number, also as text, would be taken as seconds since 1970.
    if value is not None and not isinstance(value, date) and not (isinstance(value, str) and _DAY.fullmatch(value.strip())):
        raise PydanticCustomError("day", "Input should be a day such as 2025-05-10")
    return value


QuestionText = Annotated[
    str,
    BeforeValidator(_plain),
    StringConstraints(min_length=1, max_length=MAX_QUESTION_CHARS),
    AfterValidator(_readable),
]
Name = Annotated[str, BeforeValidator(_plain), StringConstraints(min_length=1, max_length=LONGEST_LINE)]
# Checking ends at the first wrong one: a body has room for tens of thousands.
_Names = Annotated[list[Name], FailFast()]
Day = Annotated[date, BeforeValidator(_day)]

_QUOTES, _QUOTE_CHARS = 20, 4000

# Up to this many unknown fields are each named in the error; a request with more is refused as a whole.
_STRAY_FIELDS = 10


class _Request(BaseModel):
    """Refuses unknown fields and wrong types."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _few_fields(cls, data: object) -> object:
        most = len(cls.model_fields) + _STRAY_FIELDS
        if isinstance(data, dict) and len(data) > most:
            raise PydanticCustomError("too_many_fields", "Input should have at most {most} fields", {"most": most})
        return data


class _Filters(_Request):
    """What a question is limited to; dates are inclusive. An article passes if it names one of the places."""

    languages: list[Language] = Field(default=[], max_length=10, fail_fast=True)
    published_from: Day | None = None
    published_to: Day | None = None

    def to_filters(self) -> Filters:
        """The same as a domain record."""
        return _FILTERS.validate_python(self.model_dump())


def _values(one: ValueFilter) -> tuple[object, object]:
    """The type and default of a filter's field."""

    def to_ids(names: list[str]) -> list[str]:
        try:
            return one.to_ids(names)
        except ValueError as exc:
            raise PydanticCustomError("unknown", str(exc)) from exc

    return Annotated[_Names, Field(max_length=one.most), AfterValidator(to_ids), Field(description=one.description)], []


if TYPE_CHECKING:
    FiltersIn = _Filters
else:
    FiltersIn = create_model(
        "FiltersIn", __base__=_Filters, __doc__=_Filters.__doc__, **{one.field: _values(one) for one in VALUE_FILTERS}
    )


class AskIn(_Request):
    """A question."""

    question: QuestionText
    filters: FiltersIn = FiltersIn()
    conversation_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None
    max_citations: int | None = Field(default=None, ge=1, le=MAX_CITATIONS, strict=True)
    quoted_before: _Names = Field(default=[], max_length=MAX_CITATIONS)


class ShownIn(_Request):
    """What the asker has seen: the question as it was searched, and the sentences quoted for it. refused: nothing answered."""

    question: QuestionText
    filters: FiltersIn = FiltersIn()
    quotes: list[Annotated[str, StringConstraints(max_length=_QUOTE_CHARS)]] = Field(
        default=[], max_length=_QUOTES, fail_fast=True
    )
    refused: bool = False

    def to_shown(self) -> Shown:
        """The same as a record."""
        return Shown(question=self.question, filters=self.filters.to_filters(), quotes=tuple(self.quotes))


class FeedbackIn(_Request):
    """What somebody says about an answer. Only the first two are needed; the question is stored only if it is sent.

    feedback_id: made by the sender; the same again replaces what was sent before.
    """

    feedback_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{16,64}$")]
    verdict: Verdict
    comment: Annotated[str, BeforeValidator(_plain), StringConstraints(max_length=MAX_COMMENT_CHARS)] = ""
    language: Language | None = None
    outcome: Outcome | None = None
    question: Annotated[str, BeforeValidator(_plain), StringConstraints(max_length=MAX_QUESTION_CHARS)] = ""
    searched_as: Annotated[str, BeforeValidator(_plain), StringConstraints(max_length=2 * MAX_QUESTION_CHARS)] = ""
    filters: FiltersIn = FiltersIn()
    articles: _Names = Field(default=[], max_length=MAX_FEEDBACK_ARTICLES)
    snapshot: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{0,100}$")] = ""

    def to_feedback(self, channel: Channel) -> Feedback:
        """The same as it is stored."""
        own = self.model_dump(exclude={"feedback_id", "filters", "articles"})
        return Feedback(**own, channel=channel, filters=self.filters.to_filters(), articles=tuple(self.articles))


class SearchIn(FiltersIn):
    """The query parameters of a search: a question and its filters."""

    q: QuestionText
    top_k: int = Field(default=10, ge=1, le=MAX_HITS)
