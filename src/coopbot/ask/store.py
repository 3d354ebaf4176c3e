"""What answering asks of an index. `index.snapshot.Snapshot` keeps this contract on one machine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from coopbot.domain import Article, Filters, Language
from coopbot.index.embedder import F32
from coopbot.index.passages import StoredPassage
from coopbot.index.shard import U16
from coopbot.index.token_codes import U8


class VectorStore(Protocol):
    """One complete state of the index; never changes while it is held. Safe to call from several threads."""

    @property
    def snapshot_id(self) -> str:
        """Names this state."""
        ...

    @property
    def languages(self) -> tuple[Language, ...]:
        """The languages that have passages."""
        ...

    def nearest(self, language: Language, vector: F32, top_k: int, filters: Filters) -> list[tuple[int, float]]:
        """(row, cosine) of the passages of one language nearest to a unit vector, best first, only such as pass the filters."""
        ...

    def stored(self, language: Language, rows: Iterable[int]) -> list[StoredPassage]:
        """The passages at these rows, in the order given."""
        ...

    def sentence_vectors(self, stored: StoredPassage) -> F32:
        """(sentences, dim) unit vectors of a passage's sentences."""
        ...

    def token_codes(self, stored: StoredPassage) -> tuple[U8, U16]:
        """Codes (tokens, dim / 4) of a passage's tokens, and where each begins, in characters from the passage's start."""
        ...

    def article(self, article_id: str) -> Article | None:
        """One article by its id."""
        ...

    def articles(self, offset: int, limit: int) -> list[Article]:
        """Articles in the order of their ids."""
        ...
