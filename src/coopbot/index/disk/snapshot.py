"""A complete, immutable state of the index: segments and their live articles. Implements `VectorStore`."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from coopbot.domain import LANGUAGES, Article, Filters, Language
from coopbot.index.disk.manifest import Manifest, Verified
from coopbot.index.disk.segment import Segment, open_segment
from coopbot.index.disk.shelf import Shelf
from coopbot.index.types import F32, I64, FirstStage, Sentences, StoredPassage


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """An open snapshot. fault: why a newer one was rejected, empty if none was."""

    snapshot_id: str
    manifest: Manifest
    segments: tuple[Segment, ...]
    shelves: dict[Language, Shelf]
    fault: str = ""

    @property
    def languages(self) -> tuple[Language, ...]:
        """The languages that have passages."""
        return tuple(self.shelves)

    def first_stage(self, language: Language, vector: F32, terms: Sequence[str], top_k: int, filters: Filters) -> FirstStage:
        """See `VectorStore`."""
        return self.shelves[language].first_stage(vector, terms, top_k, filters)

    def idf(self, language: Language, terms: Sequence[str]) -> dict[str, float]:
        """See `VectorStore`."""
        return self.shelves[language].idf(terms)

    def sentences(self, language: Language, rows: I64) -> Sentences:
        """See `VectorStore`."""
        return self.shelves[language].sentences(rows)

    def stored(self, language: Language, rows: Sequence[int]) -> list[StoredPassage]:
        """See `VectorStore`."""
        return self.shelves[language].stored(rows)

    def article(self, article_id: str) -> Article | None:
        """See `VectorStore`."""
        found = (segment.article(article_id) for segment in self.segments)
        return next((article for article in found if article is not None), None)

    def articles(self, offset: int, limit: int) -> list[Article]:
        """See `VectorStore`."""
        every = heapq.merge(*(sorted(segment.sha256_by_article) for segment in self.segments))
        wanted = islice(every, offset, offset + limit)
        return [article for article_id in wanted if (article := self.article(article_id)) is not None]

    def sha256_by_article(self) -> dict[str, str]:
        """The hash of each article's text and metadata when it was indexed."""
        return {a: digest for segment in self.segments for a, digest in segment.sha256_by_article.items()}

    def close(self) -> None:
        """Close all files."""
        for segment in self.segments:
            segment.passages.close()


def open_snapshot(folder: Path, verified: Verified | None = None, *, fault: str = "") -> Snapshot:
    """Open a snapshot folder after comparing checksums. Raises IndexBroken, IndexMismatch."""
    manifest = Manifest.read(folder)
    manifest.verify(folder, set() if verified is None else verified)
    segments = tuple(
        open_segment(folder / name, manifest.facts.dim, frozenset(removed)) for name, removed in manifest.segments.items()
    )
    return Snapshot(
        snapshot_id=folder.name,
        manifest=manifest,
        segments=segments,
        shelves={language: Shelf(language, segments) for language in LANGUAGES if language in manifest.passages},
        fault=fault,
    )
