"""Text to the token ids of a model, with the character offsets of each token.

The built-in model's tokenizer runs in SentencePiece, which needs a fifth of the memory of `tokenizers` for its 250,000 pieces;
those of other models run in `tokenizers`, which can read any of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from coopbot.errors import ModelUnavailable
from coopbot.index.types import I32, I64

if TYPE_CHECKING:
    from sentencepiece import SentencePieceProcessor
    from tokenizers import Tokenizer

# Ids of XLM-R, whose pieces the built-in model has.
_START, _END = 0, 2

SENTENCEPIECE_FILE = "sentencepiece.model"
TOKENIZERS_FILE = "tokenizer.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The tokens of one text, without special ones. spans: (tokens, 2), character offsets into the text."""

    ids: I64
    spans: I32


class TextTokenizer(Protocol):
    """Safe to call from several threads."""

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """The tokens of each text."""

    @property
    def frame(self) -> tuple[I64, I64]:
        """The special tokens that the model expects before and after one text."""

    def pair_frame(self, question: str) -> tuple[I64, I64]:
        """The tokens before and after a text that is read with this question."""


def load_tokenizer(folder: Path) -> TextTokenizer:
    """The tokenizer of a prepared model. Raises ModelUnavailable if its file is missing or damaged."""
    path = folder / SENTENCEPIECE_FILE
    if path.is_file():
        return SentencePieceTokenizer.load(path)
    return HubTokenizer.load(folder / TOKENIZERS_FILE)


class SentencePieceTokenizer:
    """A unigram model of XLM-R."""

    def __init__(self, processor: SentencePieceProcessor) -> None:
        self._processor = processor
        self.frame = np.array([_START]), np.array([_END])

    @classmethod
    def load(cls, path: Path) -> SentencePieceTokenizer:
        """Read a `.model` file. Raises ModelUnavailable."""
        from sentencepiece import SentencePieceProcessor

        try:
            return cls(SentencePieceProcessor(model_file=str(path)))
        except (RuntimeError, OSError) as exc:
            raise _damaged(path) from exc

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """See `TextTokenizer`."""
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> Tokens:
        # The only offsets of the library that count characters, not bytes.
        found = self._processor.encode(text, return_type="offset_mapping")
        return Tokens(
            ids=np.array(found["ids"], dtype=np.int64), spans=np.array(found["offsets"], dtype=np.int32).reshape(-1, 2)
        )

    def pair_frame(self, question: str) -> tuple[I64, I64]:
        """See `TextTokenizer`. `<s> question </s> </s> text </s>`."""
        before = np.concatenate([[_START], self._one(question).ids, [_END, _END]])
        return before, np.array([_END], dtype=np.int64)


class HubTokenizer:
    """Any fast tokenizer, from its `tokenizer.json`."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._tokenizer = tokenizer
        probe = tokenizer.encode("a")
        inner = np.flatnonzero(np.asarray(probe.special_tokens_mask) == 0)
        ids = np.asarray(probe.ids, dtype=np.int64)
        self.frame = ids[: inner[0]], ids[inner[-1] + 1 :]

    @classmethod
    def load(cls, path: Path) -> HubTokenizer:
        """Raises ModelUnavailable."""
        from tokenizers import Tokenizer

        try:
            return cls(Tokenizer.from_file(str(path)))
        except Exception as exc:  # the library raises only Exception
            raise _damaged(path) from exc

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """See `TextTokenizer`."""
        encodings = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [
            Tokens(
                ids=np.asarray(encoding.ids, dtype=np.int64),
                spans=np.asarray(encoding.offsets, dtype=np.int32).reshape(-1, 2),
            )
            for encoding in encodings
        ]

    def pair_frame(self, question: str) -> tuple[I64, I64]:
        """See `TextTokenizer`. Taken from an encoded pair, so that it is right for any model's template."""
        encoding = self._tokenizer.encode(question, "a")
        ids = np.asarray(encoding.ids, dtype=np.int64)
        second = [place for place, sequence in enumerate(encoding.sequence_ids) if sequence == 1]
        return ids[: second[0]], ids[second[-1] + 1 :]


def _damaged(path: Path) -> ModelUnavailable:
    return ModelUnavailable(f"the prepared model's {path} is missing or damaged; run: coopbot prepare --force")
