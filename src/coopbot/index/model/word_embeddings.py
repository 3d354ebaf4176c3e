"""The word embeddings of a model, in 8 bits, read from disk row by row.

They are four fifths of a small multilingual model's weights, and a text needs a few hundred of its quarter of a million rows.
Outside the network they occupy no memory, and encoder and reader share them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from coopbot.errors import ModelUnavailable
from coopbot.index.arrays import RowFile
from coopbot.index.types import F32, I64

_ROWS, _SCALES = "words.npy", "words_scale.npy"


class WordEmbeddings:
    """rows: (vocabulary, dim) in 8 bits. scales: (vocabulary,), the factor of each row."""

    FILES = (_ROWS, _SCALES)

    def __init__(self, rows: RowFile[np.int8], scales: F32) -> None:
        self._rows = rows
        self._scales = scales

    def __call__(self, ids: I64) -> F32:
        """(texts, tokens) -> (texts, tokens, dim)."""
        wanted, places = np.unique(ids, return_inverse=True)
        rows = self._rows.read([(one, one + 1) for one in wanted.tolist()])
        vectors: F32 = rows.astype(np.float32) * self._scales[wanted][:, None]
        return vectors[places.reshape(ids.shape)]

    @classmethod
    def load(cls, folder: Path) -> WordEmbeddings:
        """Open what `save_words` wrote. Raises ModelUnavailable."""
        try:
            rows = np.load(folder / _ROWS, mmap_mode="r")
            scales = np.load(folder / _SCALES)
            return cls(RowFile(folder / _ROWS, np.int8, rows.shape[1], rows.offset), scales)
        except (OSError, ValueError, EOFError) as exc:
            raise ModelUnavailable(f"the word embeddings in {folder} are damaged; run: coopbot prepare --force") from exc


def save_words(folder: Path, table: F32) -> None:
    """Write a (vocabulary, dim) table in 8 bits, with a scale for each row."""
    scales = np.maximum(np.abs(table).max(axis=1), 1e-12).astype(np.float32) / 127
    np.save(folder / _ROWS, np.rint(table / scales[:, None]).astype(np.int8))
    np.save(folder / _SCALES, scales)
