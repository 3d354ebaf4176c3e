"""Where an index is kept, as others see it: Protocols that one machine (`local`) and Milvus (`milvus`) keep."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from coopbot.index.types import ArticleRows, Facts, State


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
