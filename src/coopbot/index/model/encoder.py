"""Implements `Embedder`: tokenises, runs the network in batches, and returns pooled and token vectors of one pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from coopbot.domain import Language
from coopbot.index.model.conversion import Converted, Network
from coopbot.index.model.embedder import Centre, Embeddings, TokenVectors, unit
from coopbot.index.model.tokenizer import TextTokenizer
from coopbot.index.types import F32, I32, I64

# Tokens in a batch: measured fastest of 512 to 8192 with int8 on two cores.
_BATCH_TOKENS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard(Converted):
    """The description of a prepared model. questions: of the network that embeds questions, if that is another one.

    token_mean: (dim,), the mean hidden state of passage tokens; token vectors are centred on it.
    centres: the mean vectors of each language.
    """

    name: str
    fingerprint: str
    dim: int
    max_tokens: int
    query_prompt: str
    passage_prompt: str
    token_mean: F32
    centres: dict[Language, Centre] = field(default_factory=dict)
    questions: Converted | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokenised:
    """One text as the model reads it. inner: positions of its own tokens, without those of the prompt and special ones. spans:
    their offsets into the text without the prompt.
    """

    ids: I64
    inner: I64
    spans: I32


class PromptTokenizer:
    """Tokenises texts with a prompt before them."""

    def __init__(self, tokenizer: TextTokenizer, max_tokens: int) -> None:
        self.unprompted = tokenizer
        self._before, self._after = tokenizer.frame
        self._room = max_tokens - len(self._before) - len(self._after)

    def encode(self, texts: Sequence[str], prompt: str) -> list[Tokenised]:
        """Each text, cut at the model's maximum length."""
        tokenised: list[Tokenised] = []
        for one in self.unprompted.tokens([prompt + text for text in texts]):
            spans = one.spans[: self._room] - len(prompt)
            own = np.flatnonzero(spans[:, 1] > 0)
            framed = np.concatenate([self._before, one.ids[: self._room], self._after])
            tokenised.append(Tokenised(ids=framed, inner=own + len(self._before), spans=np.maximum(spans[own], 0)))
        return tokenised

    def count(self, text: str) -> int:
        """The number of tokens of a text of any length, without special ones."""
        return len(self.unprompted.tokens([text])[0].ids)


class Encoder:
    """An `Embedder` made of a tokenizer, a network and its card. questions: the network that embeds these, if not the same."""

    def __init__(self, card: ModelCard, tokenizer: PromptTokenizer, network: Network, questions: Network | None = None) -> None:
        self.card = card
        self.dim, self.fingerprint = card.dim, card.fingerprint
        self.tokenizer = tokenizer
        self._network = network
        self._questions = questions or network

    def centre(self, language: Language) -> Centre:
        """See `Embedder`."""
        nowhere = np.zeros(self.dim, dtype=np.float32)
        zero = Centre(passage=nowhere, sentence=nowhere, question=nowhere, question_token=nowhere)
        return self.card.centres.get(language, zero)

    def count_tokens(self, text: str) -> int:
        """See `Embedder`."""
        return self.tokenizer.count(text)

    def embed_passages(self, texts: Sequence[str], *, with_tokens: bool = False) -> Embeddings:
        """See `Embedder`. Runs texts in order of length, so that batches contain little padding."""
        return self._embed(self._network, texts, self.card.passage_prompt, with_tokens)

    def embed_question(self, text: str, *, with_tokens: bool = False) -> Embeddings:
        """See `Embedder`."""
        return self._embed(self._questions, [text], self.card.query_prompt, with_tokens)

    def _embed(self, network: Network, texts: Sequence[str], prompt: str, with_tokens: bool) -> Embeddings:
        tokenised = self.tokenizer.encode(texts, prompt)
        pooled = np.zeros((len(texts), self.dim), dtype=np.float32)
        tokens: dict[int, TokenVectors] = {}
        for rows in _batches([len(t.ids) for t in tokenised]):
            batch = [tokenised[row] for row in rows]
            vectors, states = network(*pad([t.ids for t in batch]))
            pooled[rows] = vectors
            if with_tokens:
                for row, text, state in zip(rows, batch, states, strict=True):
                    own = unit(state[text.inner] - self.card.token_mean)
                    tokens[row] = TokenVectors(vectors=own, spans=text.spans)
        return Embeddings(pooled=unit(pooled), tokens=tuple(tokens[row] for row in sorted(tokens)))


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
    """(input_ids, attention_mask), each (texts, tokens of the longest text), padded with zeros."""
    width = max(len(row) for row in ids)
    input_ids = np.zeros((len(ids), width), dtype=np.int64)
    attention_mask = np.zeros((len(ids), width), dtype=np.int64)
    for row, values in enumerate(ids):
        input_ids[row, : len(values)] = values
        attention_mask[row, : len(values)] = 1
    return input_ids, attention_mask
