"""What answering asks of an index: `index.snapshot` and `index.live` keep it on one machine, `index.milvus` past it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from coopbot.domain import Article, Filters, Language
from coopbot.index.disk.lexical import I64
from coopbot.index.disk.passages import StoredPassage
from coopbot.index.disk.shelf import FirstStage, Sentences
from coopbot.index.model.embedder import F32
from coopbot.index.target import Contents


class VectorStore(Protocol):
    """One complete state of the index; never changes while it is held. Safe to call from several threads."""

    @property
    def snapshot_id(self) -> str:
        """Names this state."""
        ...

    @property
    def manifest(self) -> Contents:
        """What it says of itself."""
        ...

    @property
    def languages(self) -> tuple[Language, ...]:
        """The languages that have passages."""
        ...

    def first_stage(self, language: Language, vector: F32, terms: Sequence[str], top_k: int, filters: Filters) -> FirstStage:
        """About `top_k` passages of one language that a vector or words find, only such as pass the filters."""
        ...

    def idf(self, language: Language, terms: Sequence[str]) -> dict[str, float]:
        """How rare each lexical token is among the passages of a language."""
        ...

    def sentences(self, language: Language, rows: I64) -> Sentences:
        """All sentences of these passages of a language."""
        ...

    def stored(self, language: Language, rows: Sequence[int]) -> list[StoredPassage]:
        """The passages at these rows, in the order given."""
        ...

    def article(self, article_id: str) -> Article | None:
        """One article by its id."""
        ...

    def articles(self, offset: int, limit: int) -> list[Article]:
        """Articles in the order of their ids."""
        ...


class LiveStore(Protocol):
    """The state in force. `fault` says why a newer one is not, empty if none was passed over."""

    fault: str

    def current(self) -> VectorStore:
        """The state to answer from; hold it for the whole of a question."""
        ...

    def damage(self) -> str:
        """What is wrong with the files of the state in force as they are now; empty if nothing is. May take seconds."""
        ...
