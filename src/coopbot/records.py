"""Frozen records as JSON and back, for what is kept on disk or in a database; and the types of settings that are lists."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any, TypeVar, cast

from pydantic import BeforeValidator, Field, SecretStr, TypeAdapter

T = TypeVar("T")

LEAST_SECRET_CHARS = 16


def _split_at_commas(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Listed = Annotated[tuple[str, ...], BeforeValidator(_split_at_commas)]
SecretsListed = Annotated[
    tuple[Annotated[SecretStr, Field(min_length=LEAST_SECRET_CHARS)], ...], BeforeValidator(_split_at_commas)
]
NumbersListed = Annotated[frozenset[int], BeforeValidator(_split_at_commas)]


def to_json(kind: type[T], record: T) -> bytes:
    """A record of a kind, such as `Article` or `tuple[Source, ...]`."""
    return _adapter(cast(Any, kind)).dump_json(record)


def from_json(kind: type[T], data: bytes | str) -> T:
    """The record that `to_json` wrote as `data`. Raises ValueError if the data are not such a record."""
    record: T = _adapter(cast(Any, kind)).validate_json(data)
    return record


@lru_cache  # making one takes milliseconds
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
