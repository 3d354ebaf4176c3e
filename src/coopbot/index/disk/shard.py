"""One language of one segment on disk: vectors, words, sentences in f16, tokens in 2 bits. Memory-mapped, or read when needed.

Rows number the passages from 0; sentences and tokens of a passage lie together, in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np

from coopbot.errors import IndexBroken
from coopbot.index.arrays import RowFile, mapped
from coopbot.index.disk.lexical import Postings, PostingsWriter
from coopbot.index.disk.vectors import open_vectors, write_vectors
from coopbot.index.types import F32, I64, PassageVectors, Sentences

# Files of 64-bit integers: where each passage's sentences and each sentence's tokens begin.
_PASSAGES = "passage_sentences.i64"
_SENTENCES = "sentence_tokens.i64"
_SENTENCE_VECTORS = "sentences.f16"
_TOKENS = "tokens.u8"
_POOLED = "pooled.f32"


class ShardWriter:
    """Appends passages; `close` writes vectors and words."""

    def __init__(self, folder: Path, dim: int) -> None:
        folder.mkdir()
        self._folder = folder
        self._dim = dim
        self._words = PostingsWriter(folder)
        self._sentence_starts = [0]
        self._token_starts = [0]
        self._files: dict[str, BinaryIO] = {name: (folder / name).open("wb") for name in (_POOLED, _SENTENCE_VECTORS, _TOKENS)}

    def __len__(self) -> int:
        """The number of passages so far, which is the row of the next."""
        return len(self._sentence_starts) - 1

    def add(self, vectors: PassageVectors, words: Sequence[str]) -> None:
        """One passage at row `len(self)`; `words` are its lexical tokens."""
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
        write_vectors(mapped(self._folder / _POOLED, np.float32).reshape(-1, self._dim), self._folder)
        (self._folder / _POOLED).unlink()

    def release(self) -> None:
        """Close all files, finished or not."""
        for file in self._files.values():
            with suppress(OSError):  # flushing to a full disk
                file.close()


class Shard:
    """Reads what a `ShardWriter` wrote; results exclude `removed` rows, and `live` counts the rest. Raises IndexBroken."""

    def __init__(self, folder: Path, dim: int, removed: Sequence[int] = ()) -> None:
        self._removed = np.array(sorted(removed), dtype=np.int64)
        self.vectors = open_vectors(folder)
        self.live = len(self.vectors) - len(self._removed)
        self.words = Postings(folder, self._removed)
        try:
            self._sentences = RowFile(folder / _SENTENCE_VECTORS, np.float16, dim)
            self._codes = RowFile(folder / _TOKENS, np.uint8, dim // 4)
            self._sentence_starts = mapped(folder / _PASSAGES, np.int64)
            self._token_starts = mapped(folder / _SENTENCES, np.int64)
        except (OSError, ValueError) as exc:
            raise IndexBroken(f"the vectors in {folder} cannot be read; run: coopbot index --force") from exc

    def __len__(self) -> int:
        """The number of rows, including removed ones."""
        return len(self.vectors)

    def nearest(self, vector: F32, top_k: int, allowed: I64 | None) -> list[tuple[int, float]]:
        """(row, cosine) of the passages nearest to a vector, best first."""
        return self.vectors.search(vector, top_k, allowed, self._removed)

    def passage(self, row: int) -> PassageVectors:
        """All stored vectors of one passage."""
        own = self.sentences([row])
        return PassageVectors(
            pooled=self.vectors.rows([row])[0],
            sentences=own.vectors.astype(np.float16),
            codes=own.codes,
            token_counts=own.token_counts,
        )

    def sentences(self, rows: Sequence[int]) -> Sentences:
        """The sentences of one or more passages."""
        spans = [(int(self._sentence_starts[row]), int(self._sentence_starts[row + 1])) for row in rows]
        tokens = [self._token_starts[first : end + 1] for first, end in spans]
        return Sentences(
            starts=np.cumsum([0, *(end - first for first, end in spans)]),
            vectors=self._sentences.read(spans).astype(np.float32),
            token_counts=np.concatenate([np.diff(starts) for starts in tokens]),
            codes=self._codes.read([(int(starts[0]), int(starts[-1])) for starts in tokens]),
        )
