"""The word embeddings of a model, in 8 bits, read from disk row by row.

They are four fifths of a small multilingual model's weights, and a text needs a few hundred of its quarter of a million rows.
Outside the network they occupy no memory, and encoder and reader share them.
"""

from __future__ import annotations

import weakref
from pathlib import Path
from threading import Lock
from typing import BinaryIO

import numpy as np

from coopbot.errors import ModelUnavailable
from coopbot.index.types import F32, I64

_ROWS, _SCALES = "words.npy", "words_scale.npy"


class WordEmbeddings:
    """file: (vocabulary, dim) int8 from the byte `begins` on. scales: (vocabulary,), the factor of each row.

    The file is read and not mapped: the kernel maps 64 kB around each row, which soon adds up to all of it.
    """

    FILES = (_ROWS, _SCALES)

    def __init__(self, file: BinaryIO, begins: int, dim: int, scales: F32) -> None:
        self._file = file
        self._begins = begins
        self._dim = dim
        self._scales = scales
        self._lock = Lock()
        weakref.finalize(self, file.close)

    def __call__(self, ids: I64) -> F32:
        """(texts, tokens) -> (texts, tokens, dim)."""
        wanted, places = np.unique(ids, return_inverse=True)
        vectors: F32 = self._rows(wanted) * self._scales[wanted][:, None]
        return vectors[places.reshape(ids.shape)]

    def _rows(self, ids: I64) -> F32:
        parts = []
        with self._lock:
            for offset in (self._begins + ids * self._dim).tolist():
                self._file.seek(offset)
                parts.append(self._file.read(self._dim))
        return np.frombuffer(b"".join(parts), dtype=np.int8).reshape(len(ids), self._dim).astype(np.float32)

    @classmethod
    def load(cls, folder: Path) -> WordEmbeddings:
        """Open what `save_words` wrote. Raises ModelUnavailable."""
        try:
            rows = np.load(folder / _ROWS, mmap_mode="r")
            scales = np.load(folder / _SCALES)
            return cls((folder / _ROWS).open("rb", buffering=0), rows.offset, rows.shape[1], scales)
        except (OSError, ValueError, EOFError) as exc:
            raise ModelUnavailable(f"the word embeddings in {folder} are damaged; run: coopbot prepare --force") from exc


def save_words(folder: Path, table: F32) -> None:
    """Write a (vocabulary, dim) table in 8 bits, with a scale for each row."""
    scales = np.maximum(np.abs(table).max(axis=1), 1e-12).astype(np.float32) / 127
    np.save(folder / _ROWS, np.rint(table / scales[:, None]).astype(np.int8))
    np.save(folder / _SCALES, scales)
