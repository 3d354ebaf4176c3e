"""BM25 over one language's passages, by bm25s: scores are precomputed per word and passage, and memory-mapped."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from coopbot.errors import IndexBroken
from coopbot.index.embedder import F32

if TYPE_CHECKING:
    from bm25s import BM25

# The usual values; measured no worse than their neighbours on XQuAD-R.
_K1 = 1.2
_B = 0.75

# A smaller index is judged as if it were filled up with passages that have none of the words: in one of three passages, no word
# would be rare and nothing could stand out.
_LEAST_ROWS = 50


class Lexical:
    """Tokens in, a score for every passage out. Tokens are those of `text.tokens`."""

    def __init__(self, index: BM25, rows: int) -> None:
        self._index = index
        self._rows = rows
        self._vocabulary: Mapping[str, int] = index.vocab_dict

    @classmethod
    def write(cls, passages: Sequence[Sequence[str]], folder: Path) -> None:
        """Index the tokens of each passage, in the order of rows."""
        from bm25s import BM25

        index = BM25(k1=_K1, b=_B)
        # An empty first document would leave bm25s without a vocabulary; a passage always has a token of its own.
        index.index([list(tokens) or [""] for tokens in passages], show_progress=False)
        index.save(folder, corpus=None)

    @classmethod
    def open(cls, folder: Path, rows: int) -> Lexical:
        """Map what `write` wrote. Raises IndexBroken."""
        from bm25s import BM25

        try:
            return cls(BM25.load(folder, mmap=True, load_corpus=False), rows)
        except (OSError, ValueError, KeyError) as exc:
            raise IndexBroken(f"{folder} cannot be read; run: coopbot index --force") from exc

    def scores(self, tokens: Sequence[str]) -> F32:
        """(rows,) BM25 of each passage; zeros where no token is known."""
        known = [token for token in tokens if token in self._vocabulary]
        if not known:
            return np.zeros(self._rows, dtype=np.float32)
        scores: F32 = np.asarray(self._index.get_scores(known), dtype=np.float32)
        return scores

    def standardised(self, scores: F32) -> F32:
        """(rows,) scores in standard deviations above the mean."""
        rows = max(self._rows, _LEAST_ROWS)
        mean = scores.sum() / rows
        variance = (np.square(scores).sum() / rows) - mean**2
        standard: F32 = ((scores - mean) / (math.sqrt(max(float(variance), 0.0)) + 1e-6)).astype(np.float32)
        return standard

    def idf(self, tokens: Sequence[str]) -> dict[str, float]:
        """How rare each token is among the passages; tokens that none has are as rare as can be."""
        starts = self._index.scores["indptr"]
        found: dict[str, float] = {}
        for token in tokens:
            number = self._vocabulary.get(token)
            having = int(starts[number + 1] - starts[number]) if number is not None else 0
            found[token] = math.log(1 + (max(self._rows, _LEAST_ROWS) - having + 0.5) / (having + 0.5))
        return found
