"""One language's vectors on disk: passages in FAISS, sentences in f16, tokens in 2 bits. All memory-mapped.

A shard a language keeps the languages from crowding each other out: each is asked for its own best passages.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
import numpy.typing as npt

from coopbot.errors import IndexBroken
from coopbot.index.embedder import F32
from coopbot.index.token_codes import U8
from coopbot.index.vectors import FlatVectors

U16 = npt.NDArray[np.uint16]
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


class ShardWriter:
    """Appends passages; `close` writes the FAISS file."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._pooled: list[F32] = []
        self._files: dict[str, BinaryIO] = {
            name: (folder / name).open("wb") for name in ("sentences.f16", "tokens.u8", "token_starts.u16")
        }
        self.sentence_count = 0
        self.token_count = 0

    def __len__(self) -> int:
        """The number of passages so far, which is the row of the next."""
        return len(self._pooled)

    def add(self, vectors: PassageVectors) -> None:
        """One passage at row `len(self)`."""
        self._pooled.append(vectors.pooled)
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


class Shard:
    """Reads what a `ShardWriter` wrote. Raises IndexBroken."""

    def __init__(self, folder: Path, dim: int) -> None:
        self.vectors = FlatVectors.open(folder / "vectors.faiss")
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

    def token_codes(self, first: int, count: int) -> U8:
        """(count, dim / 4) codes of tokens."""
        codes: U8 = self._codes[first : first + count]
        return codes

    def token_starts(self, first: int, count: int) -> U16:
        """(count,) where tokens begin, in characters from their passage's start."""
        starts: U16 = self._starts[first : first + count, 0]
        return starts


def _mapped(path: Path, kind: type[Number], width: int) -> npt.NDArray[Number]:
    dtype = np.dtype(kind).newbyteorder("<")
    if path.stat().st_size == 0:
        return np.zeros((0, width), dtype=dtype)
    return np.memmap(path, dtype=dtype, mode="r").reshape(-1, width)
