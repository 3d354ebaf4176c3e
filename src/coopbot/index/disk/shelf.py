"""One language across all segments of a snapshot. Rows are numbered through: those of the first segment, then the next."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby

import numpy as np

from coopbot.domain import Filters, Language
from coopbot.index.disk.lexical import rarity, word_keys
from coopbot.index.disk.segment import Segment
from coopbot.index.types import F32, I64, FirstStage, Sentences, StoredPassage

# Lexical candidates come from the rarest query terms, as many as have at most this many postings together. In an index of a
# million passages, scoring all that contain a common word would take longer than everything else.
_MOST_POSTINGS = 20_000

# This many times `top_k` of the passages found by the rarer terms are rescored with all terms.
_RANKED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """Query terms looked up: position in each segment, document frequency and idf."""

    places: Sequence[list[int]]
    having: list[int]
    idf: dict[str, float]

    def rarer(self) -> list[int]:
        """Indices of the rarest terms that together have at most _MOST_POSTINGS postings."""
        rarest = sorted(range(len(self.having)), key=self.having.__getitem__)
        return rarest[: bisect_right([*accumulate(self.having[i] for i in rarest)], _MOST_POSTINGS)]


class Shelf:
    """The live passages of one language; `live` counts them."""

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
        words = self._look_up(terms)
        near = self._near(vector, top_k, allowed)
        worded = self._with_words(words, max(1, top_k // 2) * _RANKED, allowed)
        rows = list(dict.fromkeys([*near, *worded]))
        pooled, lexical = self._pooled(rows), self._lexical(rows, words)
        place = {row: at for at, row in enumerate(rows)}
        cosines = pooled @ vector
        # Rank by all terms, not only the rarer; ties by cosine.
        worded.sort(key=lambda row: (-lexical[place[row]], -cosines[place[row]], row))
        kept = [place[row] for row in dict.fromkeys([*near, *worded[: max(1, top_k // 2)]])]
        return FirstStage(
            rows=np.array(rows, dtype=np.int64)[kept],
            pooled=pooled[kept],
            lexical=lexical[kept],
            idf=words.idf,
        )

    def idf(self, terms: Sequence[str]) -> dict[str, float]:
        """The idf of each lexical token."""
        return self._look_up(terms).idf

    def sentences(self, rows: I64) -> Sentences:
        """All sentences of these passages."""
        places = [self._place(row) for row in rows.tolist()]
        runs = groupby(places, key=lambda place: place[0])
        found = [self._shards[part].sentences([row for _, row in run]) for part, run in runs]
        counts = np.concatenate([one.counts for one in found])
        return Sentences(
            starts=np.concatenate([[0], np.cumsum(counts)]),
            vectors=np.concatenate([one.vectors for one in found]).astype(np.float32),
            token_counts=np.concatenate([one.token_counts for one in found]),
            codes=np.concatenate([one.codes for one in found]),
        )

    def stored(self, rows: Sequence[int]) -> list[StoredPassage]:
        """The passages at these rows, in the order given."""
        places = [self._place(row) for row in rows]
        found: dict[tuple[int, int], StoredPassage] = {}
        for part in {part for part, _ in places}:
            own = [row for at, row in places if at == part]
            stored = self._segments[part].passages.passages(self._language, own)
            found |= {(part, row): passage for row, passage in zip(own, stored, strict=True)}
        return [replace(found[place], row=row) for place, row in zip(places, rows, strict=True)]

    def _place(self, row: int) -> tuple[int, int]:
        """(segment, row within it) of a row."""
        part = bisect_right(self._bases, row) - 1
        return part, row - self._bases[part]

    def _pooled(self, rows: Sequence[int]) -> F32:
        if len(self._shards) == 1 or not rows:
            return self._shards[0].pooled(rows)
        return np.concatenate([self._shards[part].pooled([row]) for part, row in map(self._place, rows)])

    def _look_up(self, terms: Sequence[str]) -> _Words:
        terms = list(dict.fromkeys(terms))
        keys = word_keys(terms)
        places = [shard.words.places(keys) for shard in self._shards]
        having = sum(
            (shard.words.frequency(own) for shard, own in zip(self._shards, places, strict=True)),
            np.zeros(len(terms), np.int64),
        )
        idf = {term: rarity(self.live, count) for term, count in zip(terms, having.tolist(), strict=True)}
        return _Words(places=places, having=having.tolist(), idf=idf)

    def _near(self, vector: F32, top_k: int, allowed: Sequence[I64 | None]) -> list[int]:
        """The rows nearest to the vector, best first."""
        near: list[tuple[float, int]] = []
        for base, shard, some in zip(self._bases, self._shards, allowed, strict=False):
            near += [(-cosine, base + row) for row, cosine in shard.nearest(vector, top_k, some)]
        return [row for _, row in sorted(near)[:top_k]]

    def _with_words(self, words: _Words, top_k: int, allowed: Sequence[I64 | None]) -> list[int]:
        """The rows of each segment found by the rarer terms."""
        seeking, weights = words.rarer(), list(words.idf.values())
        found: list[int] = []
        for base, shard, own, some in zip(self._bases, self._shards, words.places, allowed, strict=False):
            matches = shard.words.matches([own[i] for i in seeking], [weights[i] for i in seeking], self._average_length)
            found += (base + matches.best(top_k, some)).tolist()
        return found

    def _lexical(self, rows: Sequence[int], words: _Words) -> F32:
        """(rows,): BM25 as a share of its maximum."""
        scores = np.zeros(len(rows), dtype=np.float32)
        weights = list(words.idf.values())
        places = [self._place(row) for row in rows]
        for part in {part for part, _ in places}:
            at = [i for i, (other, _) in enumerate(places) if other == part]
            own = np.array([places[i][1] for i in at], dtype=np.int64)
            scores[at] = self._shards[part].words.scores(own, words.places[part], weights, self._average_length)
        return scores / np.float32(sum(weights) or 1.0)
