"""Where an index is kept, as others see it: Protocols that one machine (`local`) and Milvus (`milvus`) keep."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from coopbot.domain import Language
from coopbot.index.disk.manifest import Facts
from coopbot.index.rows import ArticleRows


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is in force. `whole` is false where something newer is damaged, so that even the same articles are written anew."""

    snapshot_id: str
    facts: Facts
    sha256_by_article: dict[str, str]
    passages: int
    whole: bool


class Contents(Protocol):
    """How an index was made, and its counts."""

    @property
    def facts(self) -> Facts:
        """How it was made."""
        ...

    @property
    def articles(self) -> int:
        """How many there are."""
        ...

    @property
    def passages(self) -> dict[Language, int]:
        """How many there are in each language that has some."""
        ...

    @property
    def sentences(self) -> int:
        """How many there are."""
        ...


class Target(Protocol):
    """Where an index is kept. Whatever a method raises, what was in force stays so."""

    def lock(self) -> AbstractContextManager[None]:
        """Be the only writer. Raises Busy, Misconfigured."""
        ...

    def state(self, fingerprint: str) -> State | None:
        """The current state, or None if there is none that this model can extend."""
        ...

    def write(self, gone: frozenset[str], rows: Iterator[ArticleRows], facts: Facts) -> State:
        """Publish the last `state` without the `gone` articles and with these rows."""
        ...
