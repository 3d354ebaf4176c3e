"""The Protocol of an embedding model, and what it returns. Implemented by `encoder.Encoder`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from coopbot.domain import Language
from coopbot.index.types import F32, I32

Progress = Callable[[int, int], None]
"""Called with (done, total) during long work."""


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
    """pooled: (texts, dim), each row of length 1. tokens: for each text if requested, else empty."""

    pooled: F32
    tokens: tuple[TokenVectors, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    """The mean vectors of texts in one language, each (dim,): what these texts share because of their language.

    After subtracting it, texts of different languages are compared by content. `question_token` is the mean of the token
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

    @property
    def fingerprint(self) -> str:
        """Changes whenever vectors of the same text would no longer be comparable."""

    def embed_passages(self, texts: Sequence[str], *, with_tokens: bool = False) -> Embeddings:
        """Embed passages or sentences. Text beyond the model's maximum length is ignored."""

    def embed_question(self, text: str, *, with_tokens: bool = False) -> Embeddings:
        """Embed one question: `pooled` has one row."""

    def centre(self, language: Language) -> Centre:
        """The centre of a language, zeros if the model was prepared without texts of it."""

    def count_tokens(self, text: str) -> int:
        """How many tokens the model makes of a text, without prompt and special tokens."""


def unit(vectors: F32) -> F32:
    """Rows scaled to length 1; rows of zeros stay zeros."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: F32 = (vectors / np.maximum(norms, 1e-12)).astype(np.float32)
    return scaled


def centred(vectors: F32, centre: F32) -> F32:
    """Rows minus a centre, scaled to length 1."""
    return unit(vectors - centre)
