"""One language of one segment on disk: vectors, words, sentences in f16, tokens in 2 bits. Memory-mapped, or read when needed.

Rows number the passages from 0; sentences and tokens of a passage lie together, in order.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import BinaryIO, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from coopbot.errors import IndexBroken
from coopbot.index.disk.lexical import Postings, PostingsWriter
from coopbot.index.disk.vectors import Rows, open_vectors, write_vectors
from coopbot.index.types import F16, F32, I64, U8, PassageVectors

Number = TypeVar("Number", bound=np.generic)

# Files of 64-bit integers: where each passage's sentences and each sentence's tokens begin.
_PASSAGES = "passage_sentences.i64"
_SENTENCES = "sentence_tokens.i64"
_SENTENCE_VECTORS = "sentences.f16"
_TOKENS = "tokens.u8"
_POOLED = "pooled.f32"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSentences:
    """Sentences of several passages, one passage after another; `counts` says how many each has. The rest as in
    `PassageVectors`.
    """

    counts: I64
    vectors: F16
    codes: U8
    token_counts: I64


class ShardWriter:
    """Appends passages; `close` writes vectors and words."""

    def __init__(self, folder: Path, dim: int) -> None:
        folder.mkdir()
        self._folder = folder
        self._dim = dim
        self._words = PostingsWriter(folder)
        self._rows = 0
        self._sentence_starts = [0]
        self._token_starts = [0]
        self._files: dict[str, BinaryIO] = {name: (folder / name).open("wb") for name in (_POOLED, _SENTENCE_VECTORS, _TOKENS)}

    def __len__(self) -> int:
        """The number of passages so far, which is the row of the next."""
        return self._rows

    def add(self, vectors: PassageVectors, words: Sequence[str]) -> None:
        """One passage at row `len(self)`; `words` are its lexical tokens."""
        self._rows += 1
        self._words.add(words)
        self._files[_POOLED].write(vectors.pooled.astype("<f4").tobytes())
        self._files[_SENTENCE_VECTORS].write(vectors.sentences.astype("<f2").tobytes())
        self._files[_TOKENS].write(vectors.codes.tobytes())
        self._sentence_starts.append(self._sentence_starts[-1] + len(vectors.sentences))
        self._token_starts += (self._token_starts[-1] + np.cumsum(vectors.token_counts)).tolist()

    def close(self) -> None:
        """Finish all files."""
        for file in self._files.values():
            file.close()
        for name, starts in ((_PASSAGES, self._sentence_starts), (_SENTENCES, self._token_starts)):
            (self._folder / name).write_bytes(np.array(starts, dtype="<i8").tobytes())
        self._words.close()
        write_vectors(_mapped(self._folder / _POOLED, np.float32, self._dim), self._folder)
        (self._folder / _POOLED).unlink()

    def release(self) -> None:
        """Close all files, finished or not."""
        for file in self._files.values():
            with suppress(OSError):  # flushing to a full disk
                file.close()


class Shard:
    """Reads what a `ShardWriter` wrote; results exclude `removed` rows. Raises IndexBroken."""

    def __init__(self, folder: Path, dim: int, removed: Sequence[int] = ()) -> None:
        self._removed = np.array(sorted(removed), dtype=np.int64)
        self._vectors = open_vectors(folder)
        self.words = Postings(folder, self._removed)
        try:
            self._sentences = _RowFile(folder / _SENTENCE_VECTORS, np.float16, dim)
            self._codes = _RowFile(folder / _TOKENS, np.uint8, dim // 4)
            self._sentence_starts = _mapped(folder / _PASSAGES, np.int64, 1)[:, 0]
            self._token_starts = _mapped(folder / _SENTENCES, np.int64, 1)[:, 0]
        except (OSError, ValueError) as exc:
            raise IndexBroken(f"the vectors in {folder} cannot be read; run: coopbot index --force") from exc

    def __len__(self) -> int:
        """The number of rows, including removed ones."""
        return len(self._vectors)

    @property
    def live(self) -> int:
        """The number of rows that are not removed."""
        return len(self) - len(self._removed)

    def nearest(self, vector: F32, top_k: int, allowed: I64 | None) -> list[tuple[int, float]]:
        """(row, cosine) of the passages nearest to a vector, best first."""
        return self._vectors.search(vector, top_k, allowed, self._removed)

    def pooled(self, rows: Rows) -> F32:
        """(rows, dim): the vectors of passages."""
        return self._vectors.rows(rows)

    def passage(self, row: int) -> PassageVectors:
        """All stored vectors of one passage."""
        own = self.sentences([row])
        return PassageVectors(
            pooled=self.pooled([row])[0], sentences=own.vectors, codes=own.codes, token_counts=own.token_counts
        )

    def sentences(self, rows: Sequence[int]) -> StoredSentences:
        """The sentences of one or more passages."""
        spans = [(int(self._sentence_starts[row]), int(self._sentence_starts[row + 1])) for row in rows]
        tokens = [self._token_starts[first : end + 1] for first, end in spans]
        return StoredSentences(
            counts=np.array([end - first for first, end in spans], dtype=np.int64),
            vectors=self._sentences.read(spans),
            codes=self._codes.read([(int(starts[0]), int(starts[-1])) for starts in tokens]),
            token_counts=np.concatenate([starts[1:] - starts[:-1] for starts in tokens]),
        )


class _RowFile(Generic[Number]):
    """(rows, width) in a file, read on demand.

    Not mapped: the system would charge this process for the pages around each row, 64 kB per row.
    """

    def __init__(self, path: Path, kind: type[Number], width: int) -> None:
        self._dtype = np.dtype(kind).newbyteorder("<")
        self._width = width
        self._row_bytes = width * self._dtype.itemsize
        self._file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        self._seeking = Lock()
        weakref.finalize(self, os.close, self._file)

    def read(self, spans: Sequence[tuple[int, int]]) -> npt.NDArray[Number]:
        """(rows, width): the rows of each half-open span, one span after another."""
        data = b"".join([self._bytes(first * self._row_bytes, (end - first) * self._row_bytes) for first, end in spans])
        return np.frombuffer(data, dtype=self._dtype).reshape(-1, self._width)

    def _bytes(self, start: int, count: int) -> bytes:
        if hasattr(os, "pread"):
            return os.pread(self._file, count, start)
        with self._seeking:  # Windows has no pread
            os.lseek(self._file, start, os.SEEK_SET)
            return os.read(self._file, count)


def _mapped(path: Path, kind: type[Number], width: int) -> npt.NDArray[Number]:
    dtype = np.dtype(kind).newbyteorder("<")
    if path.stat().st_size == 0:
        return np.zeros((0, width), dtype=dtype)
    # A plain array over the mapping: slicing a memmap object costs microseconds more, thousands of times a question.
    return np.asarray(np.memmap(path, dtype=dtype, mode="r")).reshape(-1, width)
