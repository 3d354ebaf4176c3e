"""An immutable part of an index: articles with their passages, vectors and words. A snapshot consists of segments.

Articles changed or removed later stay in their segment; the snapshot lists them as removed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from coopbot.domain import LANGUAGES, Article, Language
from coopbot.errors import IndexBroken
from coopbot.index.disk.manifest import describe_files
from coopbot.index.disk.passages import PassageStore, PassageWriter
from coopbot.index.disk.shard import Shard, ShardWriter
from coopbot.index.rows import lexical_words
from coopbot.index.types import ArticleRows, StoredPassage


class SegmentWriter:
    """Appends articles to a new folder; `close` makes it complete. `articles` counts them."""

    def __init__(self, folder: Path, dim: int) -> None:
        folder.mkdir()
        self._folder = folder
        self._dim = dim
        self._passages = PassageWriter(folder / "passages.sqlite")
        self._shards: dict[Language, ShardWriter] = {}
        self.articles = 0

    def __len__(self) -> int:
        """The number of passages so far."""
        return sum(map(len, self._shards.values()))

    def add(self, rows: ArticleRows) -> None:
        """One article with its passages."""
        self.articles += 1
        language = rows.article.language
        if language not in self._shards and rows.passages:
            self._shards[language] = ShardWriter(self._folder / language, self._dim)
        stored = []
        for passage, vectors in zip(rows.passages, rows.vectors, strict=True):
            shard = self._shards[language]
            stored.append(StoredPassage(passage=passage, language=language, row=len(shard)))
            shard.add(vectors, lexical_words(rows.article, passage))
        self._passages.add(rows.article, stored, rows.places)

    def close(self) -> str:
        """Finish all files; returns a name derived from their content."""
        self._passages.close()
        for shard in self._shards.values():
            shard.close()
        return hashlib.sha256(json.dumps(describe_files(self._folder), sort_keys=True).encode()).hexdigest()[:12]

    def release(self) -> None:
        """Close all files, finished or not."""
        self._passages.release()
        for shard in self._shards.values():
            shard.release()


@dataclass(frozen=True)
class Segment:
    """An open segment. removed: ids of its removed articles."""

    folder: Path
    passages: PassageStore
    shards: dict[Language, Shard]
    removed: frozenset[str]

    @property
    def name(self) -> str:
        """Its folder's name."""
        return self.folder.name

    def article(self, article_id: str) -> Article | None:
        """One article by its id, unless it is removed or absent."""
        return None if article_id in self.removed else self.passages.article(article_id)

    @cached_property
    def sha256_by_article(self) -> dict[str, str]:
        """The hash of text and metadata of each live article."""
        return {a: digest for a, digest in self.passages.sha256_by_article().items() if a not in self.removed}

    @property
    def live_passages(self) -> int:
        """The number of passages of live articles."""
        return sum(shard.live for shard in self.shards.values())

    @property
    def removed_share(self) -> float:
        """The share of its passages that are removed, 0 to 1."""
        rows = sum(map(len, self.shards.values()))
        return 1 - self.live_passages / rows if rows else 0.0

    def rows_of(self, article_id: str) -> ArticleRows:
        """An article with all its rows, ready to add to another segment. Raises IndexBroken if it is not here."""
        article = self.article(article_id)
        if article is None:
            raise IndexBroken(f"segment {self.name} has no article {article_id}; run: coopbot index --force")
        stored = self.passages.passages_of(article_id)
        return ArticleRows(
            article=article,
            passages=[one.passage for one in stored],
            vectors=[self.shards[one.language].passage(one.row) for one in stored],
            places=self.passages.places_of(article_id),
        )


def open_segment(folder: Path, dim: int, removed: frozenset[str]) -> Segment:
    """Map a folder that a `SegmentWriter` filled. Raises IndexBroken."""
    passages = PassageStore(folder / "passages.sqlite")
    removed_rows = passages.rows_of(removed)
    shards = {
        language: Shard(folder / language, dim, removed_rows.get(language, ()))
        for language in LANGUAGES
        if (folder / language).is_dir()
    }
    return Segment(folder=folder, passages=passages, shards=shards, removed=removed)
