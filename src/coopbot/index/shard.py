"""One language on disk: passages in FAISS and BM25, sentences in f16, tokens in 2 bits. All memory-mapped.

A shard a language keeps the languages from crowding each other out: each is asked for its own best passages. Rows number a
language's passages from 0; sentences and tokens of a passage lie together, in order.
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
from coopbot.index.token_codes import U8
from coopbot.index.vectors import FlatVectors

F16 = npt.NDArray[np.float16]
I64 = npt.NDArray[np.int64]
Number = TypeVar("Number", bound=np.generic)

# What of a passage or a sentence its tokens and sentences begin at, in files of 64-bit integers.
_PASSAGES = "passage_sentences.i64"
_SENTENCES = "sentence_tokens.i64"


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageVectors:
    """What embedding one passage leaves in a shard.

    pooled: (dim,). sentences: (sentences, dim). codes: (tokens, dim / 4), see `token_codes`. token_counts: (sentences,), how
    many tokens each sentence has.
    """

    pooled: F32
    sentences: F16
    codes: U8
    token_counts: I64


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstStage:
    """Passages of one language worth a closer look. pooled: (passages, dim) unit vectors. lexical: (passages,), how far the
    passage's BM25 stands out among all of its language, in standard deviations.
    """

    rows: I64
    pooled: F32
    lexical: F32

    def take(self, places: I64) -> FirstStage:
        """Some of them, in that order."""
        return FirstStage(rows=self.rows[places], pooled=self.pooled[places], lexical=self.lexical[places])


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentences:
    """Sentences of several passages, one passage after another.

    starts: (passages + 1,), the place of each passage's first sentence. vectors: (sentences, dim) of length 1, each embedded
    alone. token_counts: (sentences,). codes: (tokens, dim / 4), the tokens of all in order, read in their passage.
    """

    starts: I64
    vectors: F32
    token_counts: I64
    codes: U8


class ShardWriter:
    """Appends passages; `close` writes the FAISS file and BM25."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._pooled: list[F32] = []
        self._words: list[list[str]] = []
        self._sentence_starts = [0]
        self._token_starts = [0]
        self._files: dict[str, BinaryIO] = {name: (folder / name).open("wb") for name in ("sentences.f16", "tokens.u8")}

    def __len__(self) -> int:
        """The number of passages so far, which is the row of the next."""
        return len(self._pooled)

    @property
    def sentence_count(self) -> int:
        """Sentences so far."""
        return self._sentence_starts[-1]

    @property
    def token_count(self) -> int:
        """Tokens so far."""
        return self._token_starts[-1]

    def add(self, vectors: PassageVectors, words: list[str]) -> None:
        """One passage at row `len(self)`; `words` are its lexical tokens."""
        self._pooled.append(vectors.pooled)
        self._words.append(words)
        self._files["sentences.f16"].write(vectors.sentences.astype("<f2").tobytes())
        self._files["tokens.u8"].write(vectors.codes.tobytes())
        self._sentence_starts.append(self._sentence_starts[-1] + len(vectors.sentences))
        self._token_starts += (self._token_starts[-1] + np.cumsum(vectors.token_counts)).tolist()

    def close(self) -> None:
        """Finish all files."""
        for file in self._files.values():
            file.close()
        for name, starts in ((_PASSAGES, self._sentence_starts), (_SENTENCES, self._token_starts)):
            (self._folder / name).write_bytes(np.array(starts, dtype="<i8").tobytes())
        FlatVectors.write(np.stack(self._pooled), self._folder / "vectors.faiss")
        Lexical.write(self._words, self._folder / "bm25")


class Shard:
    """Reads what a `ShardWriter` wrote. Raises IndexBroken."""

    def __init__(self, folder: Path, dim: int) -> None:
        self._vectors = FlatVectors.open(folder / "vectors.faiss")
        self.lexical = Lexical.open(folder / "bm25", len(self._vectors))
        try:
            self._sentences = _mapped(folder / "sentences.f16", np.float16, dim)
            self._codes = _mapped(folder / "tokens.u8", np.uint8, dim // 4)
            self._sentence_starts = _mapped(folder / _PASSAGES, np.int64, 1)[:, 0]
            self._token_starts = _mapped(folder / _SENTENCES, np.int64, 1)[:, 0]
        except (OSError, ValueError) as exc:
            raise IndexBroken(f"the vectors in {folder} cannot be read; run: coopbot index --force") from exc

    def __len__(self) -> int:
        """The number of passages."""
        return len(self._vectors)

    def first_stage(self, vector: F32, terms: Sequence[str], top_k: int, allowed: Sequence[int] | None) -> FirstStage:
        """About `top_k` passages: those nearest to the vector, and some more that the words find."""
        rows = [row for row, _ in self._vectors.search(vector, top_k, allowed)]
        scores = self.lexical.scores(terms)
        eligible = np.arange(len(scores)) if allowed is None else np.asarray(allowed, dtype=np.int64)
        eligible = eligible[scores[eligible] > 0]
        wanted = max(1, top_k // 2)
        if len(eligible) > wanted:
            eligible = eligible[np.argpartition(-scores[eligible], wanted)[:wanted]]
        known = set(rows)
        rows += [int(row) for row in eligible if int(row) not in known]
        standard = self.lexical.standardised(scores)
        return FirstStage(rows=np.array(rows, dtype=np.int64), pooled=self._vectors.rows(rows), lexical=standard[rows])

    def sentences(self, rows: I64) -> Sentences:
        """All sentences of these passages."""
        spans = [(int(self._sentence_starts[row]), int(self._sentence_starts[row + 1])) for row in rows]
        tokens = [(int(self._token_starts[first]), int(self._token_starts[end])) for first, end in spans]
        return Sentences(
            starts=np.concatenate([[0], np.cumsum([end - first for first, end in spans])]),
            vectors=np.concatenate([self._sentences[first:end] for first, end in spans]).astype(np.float32),
            token_counts=np.concatenate([np.diff(self._token_starts[first : end + 1]) for first, end in spans]),
            codes=np.concatenate([self._codes[first:end] for first, end in tokens]),
        )


def _mapped(path: Path, kind: type[Number], width: int) -> npt.NDArray[Number]:
    dtype = np.dtype(kind).newbyteorder("<")
    if path.stat().st_size == 0:
        return np.zeros((0, width), dtype=dtype)
    # A plain array over the mapping: slicing a memmap object costs microseconds more, thousands of times a question.
    return np.asarray(np.memmap(path, dtype=dtype, mode="r")).reshape(-1, width)
