"""One language on disk: passages in FAISS and BM25, sentences in f16, tokens in 2 bits. All memory-mapped.

A shard a language keeps the languages from crowding each other out: each is asked for its own best passages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
import numpy.typing as npt

from coopbot.errors import IndexBroken
from coopbot.index.embedder import F32
from coopbot.index.lexical import Lexical
from coopbot.index.token_codes import U8, U16, TokenCodes
from coopbot.index.vectors import FlatVectors

F16 = npt.NDArray[np.float16]
Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageVectors:
    """What embedding one passage leaves in a shard.

    pooled: (dim,). sentences: (sentences, dim). codes: (tokens, dim / 4), see `token_codes`.
    starts: (tokens,) where each token begins, in characters from the passage's start.
    """

    pooled: F32
    sentences: F16
    codes: U8
    starts: U16


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Rows found in a shard, their vectors (rows, dim), and how far their BM25 stands out, in standard deviations (rows,)."""

    rows: list[int]
    pooled: F32
    lexical: F32


class ShardWriter:
    """Appends passages; `close` writes the FAISS file and BM25."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._pooled: list[F32] = []
        self._words: list[list[str]] = []
        self._files: dict[str, BinaryIO] = {
            name: (folder / name).open("wb") for name in ("sentences.f16", "tokens.u8", "token_starts.u16")
        }
        self.sentence_count = 0
        self.token_count = 0

    def __len__(self) -> int:
        """The number of passages so far, which is the row of the next."""
        return len(self._pooled)

    def add(self, vectors: PassageVectors, words: list[str]) -> None:
        """One passage at row `len(self)`; `words` are its lexical tokens."""
        self._pooled.append(vectors.pooled)
        self._words.append(words)
        self._files["sentences.f16"].write(vectors.sentences.astype("<f2").tobytes())
        self._files["tokens.u8"].write(vectors.codes.tobytes())
        self._files["token_starts.u16"].write(vectors.starts.astype("<u2").tobytes())
        self.sentence_count += len(vectors.sentences)
        self.token_count += len(vectors.codes)

    def close(self) -> None:
        """Finish all files."""
        for file in self._files.values():
            file.close()
        FlatVectors.write(np.stack(self._pooled), self._folder / "vectors.faiss")
        Lexical.write(self._words, self._folder / "bm25")


class Shard:
    """Reads what a `ShardWriter` wrote. Raises IndexBroken."""

    def __init__(self, folder: Path, dim: int) -> None:
        self.vectors = FlatVectors.open(folder / "vectors.faiss")
        self.lexical = Lexical.open(folder / "bm25", len(self.vectors))
        try:
            self._sentences = _mapped(folder / "sentences.f16", np.float16, dim)
            self._codes = _mapped(folder / "tokens.u8", np.uint8, dim // 4)
            self._starts = _mapped(folder / "token_starts.u16", np.uint16, 1)
        except (OSError, ValueError) as exc:
            raise IndexBroken(f"the vectors in {folder} cannot be read; run: coopbot index --force") from exc

    def __len__(self) -> int:
        """The number of passages."""
        return len(self.vectors)

    def sentence_vectors(self, first: int, count: int) -> F32:
        """(count, dim) unit vectors of sentences."""
        vectors: F32 = self._sentences[first : first + count].astype(np.float32)
        return vectors

    def token_codes(self, first: int, count: int) -> TokenCodes:
        """`count` tokens from `first` on."""
        return TokenCodes(codes=self._codes[first : first + count], starts=self._starts[first : first + count, 0])

    def first_stage(self, vector: F32, terms: Sequence[str], top_k: int, allowed: Sequence[int] | None) -> Found:
        """About `top_k` passages: those nearest to the vector, and some more that the words find."""
        rows = [row for row, _ in self.vectors.search(vector, top_k, allowed)]
        scores = self.lexical.scores(terms)
        scored = scores if allowed is None else scores[np.asarray(allowed, dtype=np.int64)]
        if scored.any():
            best = np.argsort(-scored)[: max(1, top_k // 2)]
            by_words = best if allowed is None else np.asarray(allowed, dtype=np.int64)[best]
            rows += [int(row) for row in by_words if scores[row] > 0 and int(row) not in rows]
        standard = (scores - scores.mean()) / (scores.std() + 1e-6) if len(scores) else scores
        return Found(rows=rows, pooled=self.vectors.rows(rows), lexical=standard[rows])


def _mapped(path: Path, kind: type[Number], width: int) -> npt.NDArray[Number]:
    dtype = np.dtype(kind).newbyteorder("<")
    if path.stat().st_size == 0:
        return np.zeros((0, width), dtype=dtype)
    return np.memmap(path, dtype=dtype, mode="r").reshape(-1, width)
