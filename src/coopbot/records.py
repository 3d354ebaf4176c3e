"""Frozen records as JSON and back, for what is kept on disk or in a database."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

T = TypeVar("T")


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
