"""What the rest of coopbot may ask of an embedding model, and what it gets.

`encoder.Encoder` keeps this contract, with OpenVINO running the network by default and torch where that is not to be had.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from coopbot.domain import Language
from coopbot.index.types import F32, I32

Progress = Callable[[int, int], None]
"""Called with (done, total) as work goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenVectors:
    """One text, token by token, without the prompt and the special tokens.

    vectors: (tokens, dim), centred on the model's mean token and of length 1, so that a dot product is the similarity.
    spans: (tokens, 2), half-open character offsets into the text that was embedded.
    """

    vectors: F32
    spans: I32


@dataclass(frozen=True, slots=True, kw_only=True)
class Embeddings:
    """pooled: (texts, dim), each row of length 1. tokens: one entry a text where asked for, else empty."""

    pooled: F32
    tokens: tuple[TokenVectors, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    """Where texts of one language lie on average, each (dim,): what they share for being in that language.

    Taken off, texts of different languages can be compared by what they say. `question_token` is the mean of the token
    vectors of questions; the others are means of pooled vectors.
    """

    passage: F32
    sentence: F32
    question: F32
    question_token: F32


class Embedder(Protocol):
    """Turns text into vectors. Safe to call from several threads."""

    @property
    def dim(self) -> int:
        """The length of a vector."""
        ...

    @property
    def fingerprint(self) -> str:
        """Changes whenever vectors of the same text would no longer be comparable."""
        ...

    def embed_passages(self, texts: Sequence[str], *, with_tokens: bool = False) -> Embeddings:
        """Embed what is searched in. Text beyond the model's maximum length is not seen."""
        ...

    def embed_question(self, text: str, *, with_tokens: bool = False) -> Embeddings:
        """Embed one question: `pooled` has one row."""
        ...

    def centre(self, language: Language) -> Centre:
        """The centre of a language, zeros if the model was prepared without texts of it."""
        ...

    def count_tokens(self, text: str) -> int:
        """How many tokens the model makes of a text, without prompt and special tokens."""
        ...


def unit(vectors: F32) -> F32:
    """Rows scaled to length 1; a row of zeros stays."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: F32 = (vectors / np.maximum(norms, 1e-12)).astype(np.float32)
    return scaled


def centred(vectors: F32, centre: F32) -> F32:
    """Rows with a centre taken off, scaled to length 1."""
    return unit(vectors - centre)
