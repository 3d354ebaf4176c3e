"""One language over all segments of a snapshot, numbered as one: the rows of the first segment, then those of the next."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np

from coopbot.domain import Filters, Language
from coopbot.index.embedder import F32
from coopbot.index.lexical import I64, rarity
from coopbot.index.passages import StoredPassage
from coopbot.index.segment import Segment
from coopbot.index.token_codes import U8

# Passages are sought by their rarer words, as many of these as at most so many passages have together. In an index of a
# million, to score every passage that has a common word would take longer than all the rest.
_MOST_POSTINGS = 20_000

# Of those that the rarer words find, so many times as many as are wanted are ranked by all words.
_RANKED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstStage:
    """Passages of one language worth a closer look. pooled: (passages, dim) unit vectors. lexical: (passages,), the passage's
    BM25 as a share of the most it could be, 0 to 1.
    """

    rows: I64
    pooled: F32
    lexical: F32

    def take(self, places: I64) -> FirstStage:
        """Some of them, in that order."""
        return FirstStage(rows=self.rows[places], pooled=self.pooled[places], lexical=self.lexical[places])


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentences:
    """Sentences of several passages, one passage after another.

    starts: (passages + 1,), the place of each passage's first sentence. vectors: (sentences, dim) of length 1, each embedded
    alone. token_counts: (sentences,). codes: (tokens, dim / 4), the tokens of all in order, read in their passage.
    """

    starts: I64
    vectors: F32
    token_counts: I64
    codes: U8


class Shelf:
    """The passages of one language that are alive; `live` counts them."""

    def __init__(self, language: Language, segments: Sequence[Segment]) -> None:
        self._language = language
        self._segments = [segment for segment in segments if language in segment.shards]
        self._shards = [segment.shards[language] for segment in self._segments]
        self._bases = [0, *accumulate(len(shard) for shard in self._shards)]
        self.live = sum(shard.live for shard in self._shards)
        self._average_length = sum(shard.words.words_total for shard in self._shards) / max(self.live, 1) or 1.0

    def first_stage(self, vector: F32, terms: Sequence[str], top_k: int, filters: Filters) -> FirstStage:
        """About `top_k` passages: those nearest to the vector, and some more that the words find."""
        allowed = [segment.passages.rows_matching(self._language, filters) for segment in self._segments]
        near: list[tuple[float, int]] = []
        for base, shard, some in zip(self._bases, self._shards, allowed, strict=False):
            near += [(-cosine, base + row) for row, cosine in shard.nearest(vector, top_k, some)]
        rows = [row for _, row in sorted(near)[:top_k]]
        having = self._having(terms)
        idf = self._rarity(having)
        known = set(rows)
        rows += [
            row for row in self._with_words(idf, _seeking(having), vector, max(1, top_k // 2), allowed) if row not in known
        ]
        return FirstStage(rows=np.array(rows, dtype=np.int64), pooled=self._pooled(rows), lexical=self._lexical(rows, idf))

    def idf(self, terms: Sequence[str]) -> dict[str, float]:
        """How rare each lexical token is among the passages."""
        return self._rarity(self._having(terms))

    def sentences(self, rows: I64) -> Sentences:
        """All sentences of these passages."""
        found = [self._shards[part].sentences(row) for part, row in map(self._place, rows.tolist())]
        return Sentences(
            starts=np.concatenate([[0], np.cumsum([len(vectors) for vectors, _, _ in found])]),
            vectors=np.concatenate([vectors for vectors, _, _ in found]).astype(np.float32),
            token_counts=np.concatenate([counts for _, _, counts in found]),
            codes=np.concatenate([codes for _, codes, _ in found]),
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
        if len(self._shards) == 1:
            return self._shards[0].pooled(rows)
        return np.concatenate([self._shards[part].pooled([row]) for part, row in map(self._place, rows)])

    def _having(self, terms: Sequence[str]) -> dict[str, int]:
        """How many passages have each word."""
        nothing = np.zeros(len(terms), dtype=np.int64)
        counts = sum((shard.words.frequency(terms) for shard in self._shards), nothing)
        return dict(zip(terms, counts.tolist(), strict=True))

    def _rarity(self, having: Mapping[str, int]) -> dict[str, float]:
        return {term: rarity(self.live, count) for term, count in having.items()}

    def _with_words(
        self, idf: Mapping[str, float], seeking: Sequence[str], vector: F32, top_k: int, allowed: Sequence[I64 | None]
    ) -> list[int]:
        """The rows that some of the words find, best first by all of them; of equals, the nearest to the vector."""
        sought = {term: idf[term] for term in seeking}
        found: list[tuple[float, float, int]] = []
        for base, shard, some in zip(self._bases, self._shards, allowed, strict=False):
            matches = shard.words.matches(sought, self._average_length)
            rows = matches.best(top_k * _RANKED, some)
            scores = shard.words.scores(rows, idf, self._average_length)
            cosines = shard.pooled(rows) @ vector
            found += zip((-scores).tolist(), (-cosines).tolist(), (base + rows).tolist(), strict=True)
        return [row for *_, row in sorted(found)[:top_k]]

    def _lexical(self, rows: Sequence[int], idf: Mapping[str, float]) -> F32:
        """(rows,): BM25 as a share of the most that a passage could have."""
        scores = np.zeros(len(rows), dtype=np.float32)
        places = [self._place(row) for row in rows]
        for part in {part for part, _ in places}:
            own = [at for at, (other, _) in enumerate(places) if other == part]
            scores[own] = self._shards[part].words.scores(
                np.array([places[at][1] for at in own], dtype=np.int64), idf, self._average_length
            )
        most = sum(idf.values())
        return scores / np.float32(most) if most else scores


def _seeking(having: Mapping[str, int]) -> list[str]:
    """The rarest words that together not too many passages have."""
    rarest = sorted(having, key=lambda term: having[term])
    return rarest[: bisect_right([*accumulate(having[term] for term in rarest)], _MOST_POSTINGS)]
