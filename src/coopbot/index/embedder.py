"""What the rest of coopbot may ask of an embedding model, and what it gets.

Two implementations keep this contract: `openvino_embedder` (int8, what runs by default) and `torch_embedder` (the reference,
and the way out on platforms without OpenVINO).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]
I32 = npt.NDArray[np.int32]

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

    def count_tokens(self, text: str) -> int:
        """How many tokens the model makes of a text, without prompt and special tokens."""
        ...


def unit(vectors: F32) -> F32:
    """Rows scaled to length 1; a row of zeros stays."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: F32 = (vectors / np.maximum(norms, 1e-12)).astype(np.float32)
    return scaled
