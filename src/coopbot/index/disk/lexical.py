"""BM25 in NumPy over postings in files, memory-mapped if large.

Scores follow Lucene: tf / (tf + k1 * (1 - b + b * length / average)) * idf. The idf and average length are those of the whole
language, not of one segment, so they are passed in: scores do not depend on how the index was built.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np
import numpy.typing as npt

from coopbot.errors import IndexBroken
from coopbot.index.arrays import mapped
from coopbot.index.types import F32, I32, I64

U64 = npt.NDArray[np.uint64]

# The usual values; measured no worse than their neighbours on XQuAD-R.
K1 = 1.2
B = 0.75

# A smaller index is padded to this size with passages that contain no query term: among three passages no term would be rare.
LEAST_ROWS = 50

# With this many times more rows than matches, sorting the matches is faster than summing into an array of all rows.
_SPARSE = 8

_KEYS = "words.u64"
_STARTS = "word_starts.i64"
_ROWS = "word_rows.i32"
_COUNTS = "word_counts.u16"
_LENGTHS = "lengths.i32"
_MOST = np.iinfo(np.uint16).max


class PostingsWriter:
    """Collects the words of passages, row by row; `close` writes them. Until then it takes 14 bytes per word of a passage."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keys: list[npt.NDArray[np.uint64]] = []
        self._counts: list[npt.NDArray[np.uint16]] = []
        self._lengths: list[int] = []

    def add(self, words: Sequence[str]) -> None:
        """The lexical tokens of the next row."""
        counted = Counter(words)
        self._keys.append(word_keys(counted))
        self._counts.append(np.minimum(np.fromiter(counted.values(), np.int64, len(counted)), _MOST).astype(np.uint16))
        self._lengths.append(len(words))

    def close(self) -> None:
        """Sort by word and write."""
        rows = np.repeat(np.arange(len(self._keys), dtype=np.int32), [len(keys) for keys in self._keys])
        keys = np.concatenate([np.zeros(0, np.uint64), *self._keys])
        counts = np.concatenate([np.zeros(0, np.uint16), *self._counts])
        order = np.argsort(keys, kind="stable")
        words, starts = np.unique(keys[order], return_index=True)
        for name, values, kind in (
            (_KEYS, words, "<u8"),
            (_STARTS, np.append(starts, len(keys)), "<i8"),
            (_ROWS, rows[order], "<i4"),
            (_COUNTS, counts[order], "<u2"),
            (_LENGTHS, np.array(self._lengths), "<i4"),
        ):
            # Not `tofile`, which can silently truncate a file on a full disk.
            (self._folder / name).write_bytes(values.astype(kind).tobytes())


class Postings:
    """Reads what a `PostingsWriter` wrote, without the `removed` rows. Raises IndexBroken."""

    def __init__(self, folder: Path, removed: I64) -> None:
        try:
            self._words, self._starts = mapped(folder / _KEYS, np.uint64), mapped(folder / _STARTS, np.int64)
            self._rows, self._counts = mapped(folder / _ROWS, np.int32), mapped(folder / _COUNTS, np.uint16)
            self._lengths = mapped(folder / _LENGTHS, np.int32)
        except (OSError, ValueError) as exc:
            raise IndexBroken(f"the words in {folder} cannot be read; run: coopbot index --force") from exc
        self._removed = removed
        self.words_total = int(self._lengths.sum(dtype=np.int64)) - int(self._lengths[removed].sum(dtype=np.int64))

    def places(self, keys: U64) -> list[int]:
        """The position of each key (see `word_keys`) in this vocabulary, or -1."""
        places = np.searchsorted(self._words, keys)
        known = places < len(self._words)
        known[known] = self._words[places[known]] == keys[known]
        return [int(place) for place in np.where(known, places, -1)]

    def frequencies(self, places: Sequence[int]) -> I64:
        """(places,): the number of passages that contain each word."""
        counts = np.zeros(len(places), dtype=np.int64)
        for number, place in enumerate(places):
            rows, _ = self._span(place)
            counts[number] = len(rows)
            if len(rows) and len(self._removed):
                at = np.minimum(np.searchsorted(rows, self._removed), len(rows) - 1)
                counts[number] -= np.count_nonzero(rows[at] == self._removed)
        return counts

    def matches(self, places: Sequence[int], weights: Sequence[float], average_length: float) -> tuple[I64, F32]:
        """(the rows of the passages that contain any of these words, ascending; the BM25 of each). weights: their idf."""
        every_row, every_score = [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
        for place, weight in zip(places, weights, strict=True):
            stored_rows, stored_counts = self._span(place)
            rows, counts = stored_rows.astype(np.int64), stored_counts.astype(np.float32)
            if len(self._removed):
                live = ~np.isin(rows, self._removed)
                rows, counts = rows[live], counts[live]
            every_row.append(rows)
            every_score.append(np.float32(weight) * self._saturated(rows, counts, average_length))
        return _summed(np.concatenate(every_row), np.concatenate(every_score), len(self._lengths))

    def scores(self, rows: I64, places: Sequence[int], weights: Sequence[float], average_length: float) -> F32:
        """(rows,): BM25 of the given passages."""
        counts = np.zeros((len(places), len(rows)), dtype=np.float32)
        wanted = rows.astype(self._rows.dtype)  # with another dtype, searchsorted would copy the whole array
        for of_word, place in zip(counts, places, strict=True):
            found, frequencies = self._span(place)
            if len(found):
                at = np.minimum(np.searchsorted(found, wanted), len(found) - 1)
                of_word[:] = np.where(found[at] == wanted, frequencies[at], 0)
        shares = self._saturated(rows, counts, average_length)
        return np.array(weights, dtype=np.float32) @ shares

    def _saturated(self, rows: I64, counts: F32, average_length: float) -> F32:
        """The saturated term frequency of each passage, 0 to 1."""
        length_share = self._lengths[rows].astype(np.float32) / np.float32(average_length)
        return (counts / (counts + (K1 * (1 - B) + K1 * B * length_share))).astype(np.float32, copy=False)

    def _span(self, place: int) -> tuple[I32, npt.NDArray[np.uint16]]:
        """(rows, counts) of the word at this place including removed rows."""
        start, end = (int(self._starts[place]), int(self._starts[place + 1])) if place >= 0 else (0, 0)
        return self._rows[start:end], self._counts[start:end]


def _summed(rows: I64, scores: F32, of_rows: int) -> tuple[I64, F32]:
    """(distinct rows, ascending; the sum of scores of each). All rows are below `of_rows`."""
    if of_rows <= _SPARSE * len(rows):
        totals = np.bincount(rows, scores, of_rows).astype(np.float32)
        found = np.flatnonzero(totals)
        return found, totals[found]
    found, places = np.unique(rows, return_inverse=True)
    return found, np.bincount(places, scores, len(found)).astype(np.float32)


def best_rows(rows: I64, scores: F32, count: int, allowed: I64 | None) -> I64:
    """The `count` rows with the highest scores, best first, ties by lowest row. allowed: the eligible rows, None for all."""
    if allowed is not None:
        eligible = np.isin(rows, allowed)
        rows, scores = rows[eligible], scores[eligible]
    if len(rows) > count:  # a common word matches thousands; sorting them all takes a millisecond
        top = np.flatnonzero(scores >= np.partition(scores, -count)[-count])
        rows, scores = rows[top], scores[top]
    best: I64 = rows[np.argsort(-scores, kind="stable")[:count]]
    return best


def inverse_frequency(rows: int, frequency: int) -> float:
    """The idf of a word that `frequency` of `rows` passages contain; largest for 0."""
    return math.log(1 + (max(rows, LEAST_ROWS) - frequency + 0.5) / (frequency + 0.5))


def word_keys(tokens: Iterable[str]) -> U64:
    """A 64-bit hash per word. Two of a million words collide in one of 37 million indexes."""
    return np.array([int.from_bytes(blake2b(t.encode(), digest_size=8).digest(), "little") for t in tokens], dtype=np.uint64)
