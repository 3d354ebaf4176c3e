"""Nearest passages by cosine in FAISS, memory-mapped if large. The only file that knows its ids, padding and threads.

Small indexes are searched exhaustively. In large ones the lists nearest to the question are searched with 4 bits per two
dimensions, and the best rows are rescored in half precision; docs/experiments.md has the numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import faiss
import numpy as np
import numpy.typing as npt

from coopbot.errors import IndexBroken
from coopbot.index.arrays import MAPPED_BYTES
from coopbot.index.types import F32

Rows = Sequence[int] | npt.NDArray[np.int64]
Found = list[tuple[int, float]]

# Exhaustive search up to this many rows, 2 ms on one core. Also used where a filter leaves at most so many of a larger index.
FLAT_ROWS = 30_000

_FILE = "vectors.faiss"

# Lists searched, of sqrt(rows): all of them with 16,000 rows, an eighth with a million.
PROBED_LISTS = 128
# Rows rescored: per requested row, and the minimum.
_RESCORED, _MIN_RESCORED = 20, 240
# FAISS needs at least 39 rows to train the centroid of a list.
_SAMPLES_PER_LIST = 40
_BLOCK = 16_384


def write_vectors(vectors: F32, folder: Path, flat_rows: int = FLAT_ROWS) -> None:
    """Save (rows, dim) unit vectors, which may be mapped from a file; more than `flat_rows` are partitioned into lists.

    Needs as much memory as the file it writes, plus a sample of 63 kB per list.
    """
    use_one_thread()
    if len(vectors) <= flat_rows:
        index: faiss.Index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(np.ascontiguousarray(vectors, dtype=np.float32))
    else:
        index = _ivf(vectors)
    # Not by file name: FAISS would then not notice a full disk.
    with (folder / _FILE).open("wb") as file:
        faiss.write_index(index, faiss.PyCallbackIOWriter(file.write))  # type: ignore[attr-defined]  # absent from its stubs


def open_vectors(folder: Path, flat_rows: int = FLAT_ROWS, probed_lists: int = PROBED_LISTS) -> FlatVectors:
    """Open what `write_vectors` wrote; up to `flat_rows` rows that pass a filter are all compared. Raises IndexBroken."""
    path = folder / _FILE
    try:
        # Never `add` to a mapped index, FAISS aborts the process.
        index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC if path.stat().st_size >= MAPPED_BYTES else 0)
    except (OSError, RuntimeError) as exc:
        raise IndexBroken(f"{path} cannot be read; run: coopbot index --force") from exc
    return IvfVectors(index, flat_rows, probed_lists) if isinstance(index, faiss.IndexRefine) else FlatVectors(index)


class FlatVectors:
    """(rows, dim) unit vectors on disk, searched exhaustively. Safe to search from several threads."""

    def __init__(self, index: faiss.Index) -> None:
        self._index = index

    def __len__(self) -> int:
        """The number of rows."""
        return int(self._index.ntotal)

    def search(self, vector: F32, top_k: int, allowed: Rows | None = None, excluded: Rows = ()) -> Found:
        """The `top_k` rows nearest to one unit vector as (row, cosine), best first, equals in order of rows.

        Only rows of `allowed`, if given, and none of `excluded`. Fewer than `top_k` only where fewer are left.
        """
        count, selector = len(self), None
        if allowed is not None or len(excluded):
            eligible = np.full(count, allowed is None)
            if allowed is not None:
                eligible[np.asarray(allowed, dtype=np.int64)] = True
            eligible[np.asarray(excluded, dtype=np.int64)] = False
            count = int(np.count_nonzero(eligible))
            # FAISS keeps a pointer to the bits: they must outlive the selector.
            bits = np.packbits(eligible, bitorder="little")
            selector = faiss.IDSelectorBitmap(len(bits), faiss.swig_ptr(bits))
        top_k = min(top_k, count)
        return self._nearest(vector, top_k, count, selector) if top_k > 0 else []

    def rows(self, rows: Rows) -> F32:
        """(rows, dim) stored vectors, exact up to `FLAT_ROWS`, else to half precision."""
        vectors: F32 = self._index.reconstruct_batch(np.asarray(rows, dtype=np.int64))
        return vectors

    def _nearest(self, vector: F32, top_k: int, eligible: int, selector: faiss.IDSelector | None) -> Found:
        parameters = faiss.SearchParameters()
        parameters.sel = selector
        return _search(self._index, vector, top_k, parameters)


class IvfVectors(FlatVectors):
    """Searches only the lists nearest to the question, unless a filter leaves few rows."""

    def __init__(self, index: faiss.IndexRefine, flat_rows: int, probed_lists: int) -> None:
        super().__init__(faiss.downcast_index(index.refine_index))
        self._ivf = index
        self._lists = cast("faiss.IndexIVF", faiss.downcast_index(index.base_index)).nlist
        self._flat_rows = flat_rows
        self._probed_lists = probed_lists

    def _nearest(self, vector: F32, top_k: int, eligible: int, selector: faiss.IDSelector | None) -> Found:
        if eligible <= max(self._flat_rows, _RESCORED * top_k):
            return super()._nearest(vector, top_k, eligible, selector)
        list_parameters = faiss.SearchParametersIVF()
        list_parameters.sel = selector
        parameters = faiss.IndexRefineSearchParameters()
        parameters.k_factor = max(_RESCORED, _MIN_RESCORED / top_k)
        # A filter leaves fewer rows in each list, perhaps none in the nearest, so more lists are searched.
        probed = math.ceil(self._probed_lists * len(self) / eligible)
        while True:
            list_parameters.nprobe = min(probed, self._lists)
            parameters.base_index_params = list_parameters
            found = _search(self._ivf, vector, top_k, parameters)
            if len(found) == top_k or probed >= self._lists:
                return found
            probed *= 2


def use_one_thread() -> None:
    """Make FAISS use one thread: waking a second one takes longer than the search, and makes training far slower.

    OpenMP stores the number per calling thread, so every search and build sets it.
    """
    faiss.omp_set_num_threads(1)


def _search(index: faiss.Index, vector: F32, top_k: int, parameters: faiss.SearchParameters) -> Found:
    use_one_thread()
    cosines, rows = index.search(vector.reshape(1, -1), top_k, params=parameters)
    # FAISS pads short results with id -1.
    found = [(int(row), float(cosine)) for row, cosine in zip(rows[0], cosines[0], strict=True) if row >= 0]
    return sorted(found, key=lambda one: (-one[1], one[0]))


def _ivf(vectors: F32) -> faiss.Index:
    rows, dim = vectors.shape
    lists = round(math.sqrt(rows))
    index = faiss.index_factory(dim, f"IVF{lists},PQ{dim // 2}x4fs,Refine(SQfp16)", faiss.METRIC_INNER_PRODUCT)
    sample = np.linspace(0, rows - 1, lists * _SAMPLES_PER_LIST).astype(np.int64)
    index.train(np.ascontiguousarray(vectors[sample], dtype=np.float32))
    for start in range(0, rows, _BLOCK):
        index.add(np.ascontiguousarray(vectors[start : start + _BLOCK], dtype=np.float32))
    return index
