"""The index interface that answering uses. Implemented on local disk by `index.disk` and in Milvus by `index.milvus`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from coopbot.domain import Article, Filters, Language
from coopbot.index.types import F32, I64, Contents, FirstStage, Sentences, StoredPassage


class VectorStore(Protocol):
    """One complete, immutable state of the index. Safe to call from several threads."""

    @property
    def snapshot_id(self) -> str:
        """Id of this state."""

    @property
    def manifest(self) -> Contents:
        """How the index was made, and its counts."""

    @property
    def languages(self) -> tuple[Language, ...]:
        """The languages that have passages."""

    def first_stage(self, language: Language, vector: F32, terms: Sequence[str], top_k: int, filters: Filters) -> FirstStage:
        """About `top_k` passages of one language, found by vector or by terms, that pass the filters."""

    def idf(self, language: Language, terms: Sequence[str]) -> dict[str, float]:
        """The idf of each lexical token among the passages of a language."""

    def sentences(self, language: Language, rows: I64) -> Sentences:
        """All sentences of these passages of a language."""

    def stored(self, language: Language, rows: Sequence[int]) -> list[StoredPassage]:
        """The passages at these rows, in the order given."""

    def article(self, article_id: str) -> Article | None:
        """One article by its id."""

    def articles(self, offset: int, limit: int) -> list[Article]:
        """Articles in the order of their ids."""


class LiveStore(Protocol):
    """Follows the current state. `fault`: why a newer state was rejected, empty if none was."""

    fault: str

    def current(self) -> VectorStore:
        """The state to answer from; use the same one for a whole question."""

    def damage(self) -> str:
        """What is wrong with the current state's files now, empty if nothing. May take seconds."""
