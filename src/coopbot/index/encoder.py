"""The one implementation of `Embedder`: tokenise, run the network in batches, give pooled and token vectors from one pass.

What runs the network is passed in as a `Forward`: OpenVINO by default, torch where that is not to be had.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from coopbot.domain import Language
from coopbot.errors import ModelUnavailable
from coopbot.index.embedder import F32, I32, Centre, Embeddings, TokenVectors, unit

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

I64 = npt.NDArray[np.int64]

# Tokens a batch: measured best of 512 to 8192 with int8 on two cores.
_BATCH_TOKENS = 4096


class Forward(Protocol):
    """Runs the network. Safe to call from several threads."""

    def __call__(self, input_ids: I64, attention_mask: I64) -> tuple[F32, F32]:
        """(texts, tokens) twice -> pooled vectors (texts, dim) and last hidden states (texts, tokens, dim)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What must be known of a prepared model besides its network.

    token_mean: (dim,), the mean hidden state of passage tokens; token vectors are centred on it.
    centres: where each language's texts lie on average. fidelity: mean cosine to the float model.
    """

    name: str
    fingerprint: str
    dim: int
    max_tokens: int
    query_prompt: str
    passage_prompt: str
    token_mean: F32
    centres: dict[Language, Centre] = field(default_factory=dict)
    engine: str = "torch"
    precision: str = "f32"
    fidelity: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokenised:
    """One text as the model sees it. `spans` are offsets into the text without its prompt; `inner` are the positions of its own
    tokens, those of the prompt and the special ones left out.
    """

    ids: I64
    inner: I64
    spans: I32


class PromptTokenizer:
    """Text with its prompt in, token ids and character spans out."""

    def __init__(self, tokenizer: Tokenizer, max_tokens: int) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._tokenizer = tokenizer
        self._max_tokens = max_tokens

    @classmethod
    def load(cls, path: Path, max_tokens: int) -> PromptTokenizer:
        """Read a `tokenizer.json`. Raises ModelUnavailable."""
        from tokenizers import Tokenizer

        try:
            return cls(Tokenizer.from_file(str(path)), max_tokens)
        except Exception as exc:  # the library raises nothing more exact
            raise ModelUnavailable(f"the prepared model's {path} is damaged; run: coopbot prepare --force") from exc

    def encode(self, texts: Sequence[str], prompt: str) -> list[Tokenised]:
        """One entry a text, cut at the model's maximum length."""
        encodings = self._tokenizer.encode_batch([prompt + text for text in texts])
        return [self._cut(encoding, len(prompt)) for encoding in encodings]

    def count(self, text: str) -> int:
        """Tokens of a text of any length, without special ones."""
        return len(self._tokenizer.encode(text, add_special_tokens=False))

    def _cut(self, encoding: Encoding, prompt_chars: int) -> Tokenised:
        ids = np.asarray(encoding.ids, dtype=np.int64)
        spans = np.asarray(encoding.offsets, dtype=np.int32).reshape(-1, 2) - prompt_chars
        special = np.asarray(encoding.special_tokens_mask, dtype=bool)
        if len(ids) > self._max_tokens:
            # Keep the closing special token, as truncation in the model's own tokenizer does.
            keep = np.r_[0 : self._max_tokens - 1, len(ids) - 1]
            ids, spans, special = ids[keep], spans[keep], special[keep]
        inner = np.flatnonzero(~special & (spans[:, 1] > 0))
        return Tokenised(ids=ids, inner=inner, spans=np.maximum(spans[inner], 0))


class Encoder:
    """An `Embedder` made of a tokenizer, a network and its card."""

    def __init__(self, card: ModelCard, tokenizer: PromptTokenizer, forward: Forward) -> None:
        self.card = card
        self._tokenizer = tokenizer
        self._forward = forward

    @property
    def dim(self) -> int:
        """The length of a vector."""
        return self.card.dim

    @property
    def fingerprint(self) -> str:
        """See `Embedder`."""
        return self.card.fingerprint

    def centre(self, language: Language) -> Centre:
        """See `Embedder`."""
        nowhere = np.zeros(self.dim, dtype=np.float32)
        zero = Centre(passage=nowhere, sentence=nowhere, question=nowhere, question_token=nowhere)
        return self.card.centres.get(language, zero)

    def count_tokens(self, text: str) -> int:
        """See `Embedder`."""
        return self._tokenizer.count(text)

    def embed_passages(self, texts: Sequence[str], *, with_tokens: bool = False) -> Embeddings:
        """See `Embedder`. Texts are run in order of length, so that batches hold little padding."""
        return self._embed(texts, self.card.passage_prompt, with_tokens)

    def embed_question(self, text: str, *, with_tokens: bool = False) -> Embeddings:
        """See `Embedder`."""
        return self._embed([text], self.card.query_prompt, with_tokens)

    def _embed(self, texts: Sequence[str], prompt: str, with_tokens: bool) -> Embeddings:
        tokenised = self._tokenizer.encode(texts, prompt)
        pooled = np.zeros((len(texts), self.dim), dtype=np.float32)
        tokens: dict[int, TokenVectors] = {}
        for rows in _batches([len(t.ids) for t in tokenised]):
            batch = [tokenised[row] for row in rows]
            vectors, states = self._forward(*pad([t.ids for t in batch]))
            pooled[rows] = vectors
            if with_tokens:
                for row, text, state in zip(rows, batch, states, strict=True):
                    tokens[row] = self._token_vectors(text, state)
        return Embeddings(pooled=unit(pooled), tokens=tuple(tokens[row] for row in sorted(tokens)))

    def _token_vectors(self, text: Tokenised, states: F32) -> TokenVectors:
        return TokenVectors(vectors=unit(states[text.inner] - self.card.token_mean), spans=text.spans)


def _batches(lengths: list[int]) -> Iterator[list[int]]:
    """Row numbers, shortest texts first, in batches of about `_BATCH_TOKENS` padded tokens."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and lengths[row] * (len(batch) + 1) > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def pad(ids: list[I64]) -> tuple[I64, I64]:
    """(input_ids, attention_mask), each (texts, longest text), filled up with zeros."""
    width = max(len(row) for row in ids)
    input_ids = np.zeros((len(ids), width), dtype=np.int64)
    attention_mask = np.zeros((len(ids), width), dtype=np.int64)
    for row, values in enumerate(ids):
        input_ids[row, : len(values)] = values
        attention_mask[row, : len(values)] = 1
    return input_ids, attention_mask
