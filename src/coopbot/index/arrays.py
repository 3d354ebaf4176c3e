"""Numbers in files: read, or mapped into memory, as a whole; or read row by row."""

from __future__ import annotations

import os
import weakref
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

Number = TypeVar("Number", bound=np.generic)

# Larger files are mapped, so that processes share their pages. Where a mapped file is cut short, the system ends the process.
MAPPED_BYTES = 16 * 2**20


class RowFile(Generic[Number]):
    """(rows, width) little-endian numbers, from byte `begins` to the end of a file. Safe to call from several threads.

    Read, not mapped: the system maps 64 kB around each row and charges this process for it.
    """

    def __init__(self, path: Path, kind: type[Number], width: int, begins: int = 0) -> None:
        self._dtype = np.dtype(kind).newbyteorder("<")
        self._width = width
        self._begins = begins
        self._file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        self._seeking = Lock()
        weakref.finalize(self, os.close, self._file)

    def read(self, spans: Sequence[tuple[int, int]]) -> npt.NDArray[Number]:
        """(rows, width): the rows of each half-open span, one span after another. Raises EOFError if the file is cut short."""
        row_bytes = self._width * self._dtype.itemsize
        pieces: list[bytes] = []
        for first, end in spans:
            start, count = self._begins + first * row_bytes, (end - first) * row_bytes
            if hasattr(os, "pread"):
                data = os.pread(self._file, count, start)
            else:
                with self._seeking:  # Windows has no pread
                    os.lseek(self._file, start, os.SEEK_SET)
                    data = os.read(self._file, count)
            if len(data) < count:
                raise EOFError("a file of rows has been cut short")
            pieces.append(data)
        return np.frombuffer(b"".join(pieces), dtype=self._dtype).reshape(-1, self._width)


def mapped(path: Path, kind: type[Number]) -> npt.NDArray[Number]:
    """All numbers of a little-endian file, read or, from MAPPED_BYTES on, mapped. Raises OSError, ValueError."""
    dtype = np.dtype(kind).newbyteorder("<")
    if path.stat().st_size < MAPPED_BYTES:
        return np.frombuffer(path.read_bytes(), dtype=dtype)
    # A plain array over the mapping: slicing a memmap object costs microseconds more, thousands of times a question.
    return np.asarray(np.memmap(path, dtype=dtype, mode="r"))
