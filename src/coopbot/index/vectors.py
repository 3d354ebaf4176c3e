"""FAISS: nearest passages by cosine. The only file that knows of its ids, its padding and its threads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt

from coopbot.errors import IndexBroken
from coopbot.index.embedder import F32

I64 = npt.NDArray[np.int64]


class FlatVectors:
    """Exact search over rows of unit vectors, memory-mapped from a file."""

    def __init__(self, index: faiss.Index) -> None:
        self._index = index

    @classmethod
    def write(cls, vectors: F32, path: Path) -> None:
        """Save (rows, dim) unit vectors."""
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(np.ascontiguousarray(vectors, dtype=np.float32))
        faiss.write_index(index, str(path))

    @classmethod
    def open(cls, path: Path) -> FlatVectors:
        """Map a file written by `write`. Raises IndexBroken."""
        try:
            # Mapped, not read: several processes share the pages. Never `add` to such an index, FAISS aborts the process.
            return cls(faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC))
        except RuntimeError as exc:
            raise IndexBroken(f"{path} cannot be read; run: coopbot index --force") from exc

    def __len__(self) -> int:
        """The number of rows."""
        return int(self._index.ntotal)

    def search(self, vector: F32, top_k: int, allowed: Sequence[int] | None = None) -> list[tuple[int, float]]:
        """The `top_k` rows nearest to one unit vector as (row, cosine), best first; only rows of `allowed` if given."""
        if top_k <= 0 or len(self) == 0:
            return []
        parameters = None
        if allowed is not None:
            parameters = faiss.SearchParameters()
            parameters.sel = faiss.IDSelectorBatch(np.asarray(allowed, dtype=np.int64))
        cosines, rows = self._index.search(vector.reshape(1, -1), min(top_k, len(self)), params=parameters)
        # FAISS pads short results with id -1.
        return [(int(row), float(cosine)) for row, cosine in zip(rows[0], cosines[0], strict=True) if row >= 0]

    def rows(self, rows: Sequence[int]) -> F32:
        """(rows, dim) stored vectors."""
        vectors: F32 = self._index.reconstruct_batch(np.asarray(rows, dtype=np.int64))
        return vectors


def use_one_thread() -> None:
    """Search one question on one thread: with two, FAISS spends more on waking the second than it gains."""
    faiss.omp_set_num_threads(1)
