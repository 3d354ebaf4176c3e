"""The Protocol of a place where an index is stored. Implemented by `disk.local` and `milvus.target`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from coopbot.index.types import ArticleRows, Facts, State


class Target(Protocol):
    """Where an index is stored. If a method raises, the current snapshot stays current."""

    def lock(self) -> AbstractContextManager[None]:
        """Hold the lock of the one writer. Raises Busy, Misconfigured."""
        ...

    def state(self, fingerprint: str) -> State | None:
        """The current state, or None if there is none that this model can extend."""
        ...

    def write(self, removed: frozenset[str], rows: Iterator[ArticleRows], facts: Facts) -> State:
        """Publish the last `state` without the `removed` articles and with the rows of new ones. A changed article is both."""
        ...
