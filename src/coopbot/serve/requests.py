"""The JSON of questions and searches: what is asked, and which articles it is limited to."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError

from coopbot.ask.answer.answerer import MAX_CITATIONS, MAX_HITS
from coopbot.domain import MAX_QUESTION_CHARS, Filters, Language
from coopbot.text.gazetteer import all_places, place_id

_FILTERS = TypeAdapter(Filters)

QuestionText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_QUESTION_CHARS)]

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


def _to_place_ids(names: list[str]) -> list[str]:
    ids = [found for name in names if (found := place_id(name)) is not None]
    if len(ids) < len(names):
        detail = "Input should be names of places on the map or their ids, which are {ids}"
        raise PydanticCustomError("place", detail, {"ids": ", ".join(sorted(all_places()))})
    return ids


Places = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=100)]],
    AfterValidator(_to_place_ids),
    Field(
        description="Places on the map that articles name: ids, such as heihe, or names in English, Chinese or Russian.",
        max_length=10,
    ),
]
"""Becomes the ids of the places in the gazetteer."""


class FiltersIn(_Request):
    """What a question is limited to; dates are inclusive. An article passes if it names one of the places."""

    languages: list[Language] = Field(default=[], max_length=10)
    publishers: list[Annotated[str, StringConstraints(min_length=1, max_length=200)]] = Field(default=[], max_length=50)
    published_from: date | None = None
    published_to: date | None = None
    places: Places = []

    def to_filters(self) -> Filters:
        """The same as a domain record."""
        return _FILTERS.validate_python(self.model_dump())


class AskIn(_Request):
    """A question."""

    question: QuestionText
    filters: FiltersIn = FiltersIn()
    conversation_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None
    max_citations: int | None = Field(default=None, ge=1, le=MAX_CITATIONS, strict=True)


class SearchIn(FiltersIn):
    """The query parameters of a search: a question and its filters."""

    q: QuestionText
    top_k: int = Field(default=10, ge=1, le=MAX_HITS)
