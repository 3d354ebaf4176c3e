"""A complete, immutable state of the index: segments and their live articles. Implements `VectorStore`."""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import accumulate, groupby, islice
from pathlib import Path

import numpy as np

from coopbot.domain import LANGUAGES, Article, Filters, Language
from coopbot.index.arrays import MAPPED_BYTES
from coopbot.index.disk.lexical import best_rows, inverse_frequency, word_keys
from coopbot.index.disk.manifest import Manifest, Verified
from coopbot.index.disk.segment import Segment, open_segment
from coopbot.index.types import F32, I64, FirstStage, Sentences, StoredPassage

# Lexical candidates come from the rarest query terms: as many terms as have at most this many postings in all. In an index of a
# million passages, scoring all that contain a common word would take longer than everything else.
_MOST_POSTINGS = 20_000

# The rarer terms find this many times the number of passages wanted; these are then rescored with all terms.
_RESCORED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _QueryTerms:
    """Query terms looked up. places: in each segment's vocabulary. frequencies: how many passages contain each term."""

    places: Sequence[list[int]]
    frequencies: list[int]
    idf: dict[str, float]

    def rarest(self) -> list[int]:
        """Indices of the rarest terms that together have at most _MOST_POSTINGS postings."""
        by_frequency = sorted(range(len(self.frequencies)), key=self.frequencies.__getitem__)
        return by_frequency[: bisect_right([*accumulate(self.frequencies[i] for i in by_frequency)], _MOST_POSTINGS)]


class Shelf:
    """The live passages of one language across all segments of a snapshot; `live` counts them.

    Rows are numbered across segments, in order of the segments.
    """

    def __init__(self, language: Language, segments: Sequence[Segment]) -> None:
        self._language = language
        self._segments = [segment for segment in segments if language in segment.shards]
        self._shards = [segment.shards[language] for segment in self._segments]
        self._bases = [0, *accumulate(len(shard) for shard in self._shards)]
        self.live = sum(shard.live for shard in self._shards)
        self._average_length = sum(shard.words.words_total for shard in self._shards) / max(self.live, 1) or 1.0

    def first_stage(self, vector: F32, terms: Sequence[str], top_k: int, filters: Filters) -> FirstStage:
        """About `top_k` passages: those nearest to the vector, and more that match the terms."""
        allowed = [segment.passages.rows_matching(self._language, filters) for segment in self._segments]
        query = self._look_up(terms)
        weights, rarest = list(query.idf.values()), query.rarest()
        limit = max(1, top_k // 2)
        near: list[tuple[float, int]] = []
        matching: list[int] = []
        for base, shard, places, own in zip(self._bases, self._shards, query.places, allowed, strict=False):
            near += [(-cosine, base + row) for row, cosine in shard.vectors.search(vector, top_k, own, shard.removed)]
            matches = shard.words.matches([places[i] for i in rarest], [weights[i] for i in rarest], self._average_length)
            matching += (base + best_rows(*matches, limit * _RESCORED, own)).tolist()
        nearest = [row for _, row in sorted(near)[:top_k]]
        rows = list(dict.fromkeys([*nearest, *matching]))
        if len(self._shards) == 1 or not rows:
            pooled = self._shards[0].vectors.rows(rows)
        else:
            pooled = np.concatenate([self._shards[part].vectors.rows([row]) for part, row in map(self._locate, rows)])
        # BM25 by all terms, as a share of its maximum.
        scores = np.zeros(len(rows), dtype=np.float32)
        located = [self._locate(row) for row in rows]
        for part in {part for part, _ in located}:
            at = [i for i, (other, _) in enumerate(located) if other == part]
            within = np.array([located[i][1] for i in at], dtype=np.int64)
            scores[at] = self._shards[part].words.scores(within, query.places[part], weights, self._average_length)
        lexical = scores / np.float32(sum(weights) or 1.0)
        candidates = FirstStage(rows=np.array(rows, dtype=np.int64), pooled=pooled, lexical=lexical, idf=query.idf)
        return candidates.best(vector, nearest, matching, limit)

    def idf(self, terms: Sequence[str]) -> dict[str, float]:
        """The idf of each lexical token."""
        return self._look_up(terms).idf

    def sentences(self, rows: I64) -> Sentences:
        """All sentences of these passages."""
        places = [self._locate(row) for row in rows.tolist()]
        runs = groupby(places, key=lambda place: place[0])
        found = [self._shards[part].sentences([row for _, row in run]) for part, run in runs]
        return Sentences(
            starts=np.cumsum(np.concatenate([[0], *(np.diff(one.starts) for one in found)])),
            vectors=np.concatenate([one.vectors for one in found]),
            token_counts=np.concatenate([one.token_counts for one in found]),
            codes=np.concatenate([one.codes for one in found]),
        )

    def stored(self, rows: Sequence[int]) -> list[StoredPassage]:
        """The passages at these rows, in the order given."""
        places = [self._locate(row) for row in rows]
        found: dict[tuple[int, int], StoredPassage] = {}
        for part in {part for part, _ in places}:
            own = [row for at, row in places if at == part]
            stored = self._segments[part].passages.passages(self._language, own)
            found |= {(part, row): passage for row, passage in zip(own, stored, strict=True)}
        return [replace(found[place], row=row) for place, row in zip(places, rows, strict=True)]

    def _locate(self, row: int) -> tuple[int, int]:
        """(segment, row within it) of a row."""
        part = bisect_right(self._bases, row) - 1
        return part, row - self._bases[part]

    def _look_up(self, terms: Sequence[str]) -> _QueryTerms:
        terms = list(dict.fromkeys(terms))
        keys = word_keys(terms)
        places = [shard.words.places(keys) for shard in self._shards]
        frequencies = [shard.words.frequencies(own) for shard, own in zip(self._shards, places, strict=True)]
        totals = sum(frequencies, np.zeros(len(terms), np.int64)).tolist()
        idf = {term: inverse_frequency(self.live, total) for term, total in zip(terms, totals, strict=True)}
        return _QueryTerms(places=places, frequencies=totals, idf=idf)


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

    def cut_short(self) -> bool:
        """Whether a file that is large enough to be mapped has lost its end: reading there would end the process."""
        for name, entry in self.manifest.files.items():
            if int(entry["bytes"]) >= MAPPED_BYTES:
                with suppress(FileNotFoundError):  # deleted: what is mapped stays
                    if (self.segments[0].folder.parent / name).stat().st_size < int(entry["bytes"]):
                        return True
        return False

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
