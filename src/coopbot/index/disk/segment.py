"""An immutable part of an index: articles with their passages, vectors and words. A snapshot consists of segments.

Articles changed or removed later stay in their segment; the snapshot lists them as removed.

A shard is one language of a segment: vectors, words, sentences in f16, tokens in 2 bits. Memory-mapped, or read when needed.
Rows number the passages from 0; sentences and tokens of a passage lie together, in order.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import numpy as np

from coopbot.domain import LANGUAGES, Article, Language
from coopbot.errors import IndexBroken
from coopbot.index.arrays import RowFile, mapped
from coopbot.index.disk.lexical import Postings, PostingsWriter
from coopbot.index.disk.manifest import describe_files
from coopbot.index.disk.passages import PassageStore, PassageWriter
from coopbot.index.disk.vectors import open_vectors, write_vectors
from coopbot.index.rows import lexical_words
from coopbot.index.types import ArticleRows, PassageVectors, Sentences, StoredPassage

# Files of 64-bit integers: where each passage's sentences and each sentence's tokens begin.
_PASSAGES = "passage_sentences.i64"
_SENTENCES = "sentence_tokens.i64"
_SENTENCE_VECTORS = "sentences.f16"
_TOKENS = "tokens.u8"
_POOLED = "pooled.f32"


class ShardWriter:
    """Appends passages of one language; `close` writes vectors and words."""

    def __init__(self, folder: Path, dim: int) -> None:
        folder.mkdir()
        self._folder = folder
        self._dim = dim
        self._words = PostingsWriter(folder)
        self._sentence_starts = [0]
        self._token_starts = [0]
        self._files: dict[str, BinaryIO] = {name: (folder / name).open("wb") for name in (_POOLED, _SENTENCE_VECTORS, _TOKENS)}

    def __len__(self) -> int:
        """The number of passages so far, which is the row of the next."""
        return len(self._sentence_starts) - 1

    def add(self, vectors: PassageVectors, words: Sequence[str]) -> None:
        """One passage at row `len(self)`; `words` are its lexical tokens."""
        self._words.add(words)
        self._files[_POOLED].write(vectors.pooled.astype("<f4").tobytes())
        self._files[_SENTENCE_VECTORS].write(vectors.sentences.astype("<f2").tobytes())
        self._files[_TOKENS].write(vectors.codes.tobytes())
        self._sentence_starts.append(self._sentence_starts[-1] + len(vectors.sentences))
        self._token_starts += (self._token_starts[-1] + np.cumsum(vectors.token_counts)).tolist()

    def close(self) -> None:
        """Finish all files."""
        for file in self._files.values():
            file.close()
        for name, starts in ((_PASSAGES, self._sentence_starts), (_SENTENCES, self._token_starts)):
            (self._folder / name).write_bytes(np.array(starts, dtype="<i8").tobytes())
        self._words.close()
        write_vectors(mapped(self._folder / _POOLED, np.float32).reshape(-1, self._dim), self._folder)
        (self._folder / _POOLED).unlink()

    def release(self) -> None:
        """Close all files, finished or not."""
        for file in self._files.values():
            with suppress(OSError):  # flushing to a full disk
                file.close()


class Shard:
    """Reads what a `ShardWriter` wrote; results exclude `removed` rows, and `live` counts the rest. Raises IndexBroken."""

    def __init__(self, folder: Path, dim: int, removed: Sequence[int] = ()) -> None:
        self.removed = np.array(sorted(removed), dtype=np.int64)
        self.vectors = open_vectors(folder)
        self.live = len(self.vectors) - len(self.removed)
        self.words = Postings(folder, self.removed)
        try:
            self._sentences = RowFile(folder / _SENTENCE_VECTORS, np.float16, dim)
            self._codes = RowFile(folder / _TOKENS, np.uint8, dim // 4)
            self._sentence_starts = mapped(folder / _PASSAGES, np.int64)
            self._token_starts = mapped(folder / _SENTENCES, np.int64)
        except (OSError, ValueError) as exc:
            raise IndexBroken(f"the vectors in {folder} cannot be read; run: coopbot index --force") from exc

    def __len__(self) -> int:
        """The number of rows, including removed ones."""
        return len(self.vectors)

    def passage(self, row: int) -> PassageVectors:
        """All stored vectors of one passage. Raises IndexBroken."""
        own = self.sentences([row])
        return PassageVectors(
            pooled=self.vectors.rows([row])[0],
            sentences=own.vectors.astype(np.float16),
            codes=own.codes,
            token_counts=own.token_counts,
        )

    def sentences(self, rows: Sequence[int]) -> Sentences:
        """The sentences of one or more passages. Raises IndexBroken."""
        spans = [(int(self._sentence_starts[row]), int(self._sentence_starts[row + 1])) for row in rows]
        tokens = [self._token_starts[first : end + 1] for first, end in spans]
        try:
            return Sentences(
                starts=np.cumsum([0, *(end - first for first, end in spans)]),
                vectors=self._sentences.read(spans).astype(np.float32),
                token_counts=np.concatenate([np.diff(starts) for starts in tokens]),
                codes=self._codes.read([(int(starts[0]), int(starts[-1])) for starts in tokens]),
            )
        except EOFError as exc:
            raise IndexBroken(f"{exc} while it was served; run: coopbot index --force") from exc


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
    """Open a folder that a `SegmentWriter` filled. Raises IndexBroken."""
    passages = PassageStore(folder / "passages.sqlite")
    removed_rows = passages.rows_of(removed)
    shards = {
        language: Shard(folder / language, dim, removed_rows.get(language, ()))
        for language in LANGUAGES
        if (folder / language).is_dir()
    }
    return Segment(folder=folder, passages=passages, shards=shards, removed=removed)
