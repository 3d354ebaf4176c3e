"""Passages of one language under consideration for a question, with all that is needed to judge them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from coopbot.ask.question import Question
from coopbot.ask.store import VectorStore
from coopbot.ask.weights import Pair
from coopbot.domain import Filters, Language
from coopbot.index import token_codes
from coopbot.index.embedder import F32
from coopbot.index.passages import StoredPassage

I64 = npt.NDArray[np.int64]

# Passages a language that are read token by token. Measured on XQuAD-R: 20 hold the right one for .997 of questions of the
# same language, and for .97-.99 across languages.
READ = 20

# How far one standard deviation of BM25 moves a passage, in units of cosine / 0.1; measured.
_LEXICAL_WEIGHT: dict[Pair, float] = {"same": 0.5, "across": 0.15}
_COSINE_SPREAD = 0.1


@dataclass(frozen=True)
class Candidates:
    """Passages and their sentences, one passage after another.

    starts: (passages + 1,), the number of each passage's first sentence. dense: (passages,) cosine. lexical: (passages,) BM25
    in standard deviations. sentence_cosine: (sentences,), with the sentence embedded alone. sentence_tokens: (sentences,).
    met: (question tokens, sentences), the best cosine of a question token with the sentence's tokens, read in the context of
    their passage: late interaction, kept by sentence.
    """

    pair: Pair
    stored: tuple[StoredPassage, ...]
    starts: I64
    dense: F32
    lexical: F32
    sentence_cosine: F32
    sentence_tokens: I64
    met: F32

    def __len__(self) -> int:
        """The number of passages."""
        return len(self.stored)

    @cached_property
    def passage_of(self) -> I64:
        """(sentences,): the number of each sentence's passage."""
        numbers: I64 = np.repeat(np.arange(len(self.stored)), np.diff(self.starts))
        return numbers

    @cached_property
    def passage_met(self) -> F32:
        """(question tokens, passages): the best over each passage's sentences."""
        best: F32 = np.maximum.reduceat(self.met, self.starts[:-1], axis=1)
        return best

    @cached_property
    def token_weights(self) -> F32:
        """(question tokens,): how much each tells the candidates apart, its best match less its mean one; sums to 1."""
        spread = self.passage_met.max(axis=1) - self.passage_met.mean(axis=1) + 1e-6
        weights: F32 = spread / spread.sum()
        return weights

    def take(self, order: I64) -> Candidates:
        """The passages in `order` only, in that order."""
        rows = np.concatenate([np.arange(self.starts[p], self.starts[p + 1]) for p in order])
        return Candidates(
            pair=self.pair,
            stored=tuple(self.stored[p] for p in order),
            starts=np.concatenate([[0], np.cumsum(np.diff(self.starts)[order])]),
            dense=self.dense[order],
            lexical=self.lexical[order],
            sentence_cosine=self.sentence_cosine[rows],
            sentence_tokens=self.sentence_tokens[rows],
            met=self.met[:, rows],
        )


def find_candidates(
    question: Question, store: VectorStore, language: Language, filters: Filters, *, late: bool
) -> Candidates | None:
    """The passages of a language to read for a question, or None if none passes the filters."""
    pair: Pair = "same" if language == question.language else "across"
    found = store.first_stage(language, question.vector, question.terms_for(language), READ, filters)
    if not found.stored:
        return None
    dense = found.pooled @ question.vector
    first = dense / _COSINE_SPREAD + _LEXICAL_WEIGHT[pair] * found.lexical
    order = np.argsort(-first, kind="stable")[:READ]
    stored = tuple(found.stored[i] for i in order)
    sentence_cosine = np.concatenate([store.sentence_vectors(passage) for passage in stored]) @ question.vector
    met, counts = _late_interaction(question, store, stored) if late else _no_interaction(question, stored)
    return Candidates(
        pair=pair,
        stored=stored,
        starts=np.concatenate([[0], np.cumsum([len(s.passage.sentences) for s in stored])]),
        dense=dense[order],
        lexical=found.lexical[order],
        sentence_cosine=sentence_cosine,
        sentence_tokens=counts,
        met=met,
    )


def _late_interaction(question: Question, store: VectorStore, stored: Sequence[StoredPassage]) -> tuple[F32, I64]:
    """`met` and `sentence_tokens`. A sentence without tokens, such as one past the model's reach, meets nothing."""
    tokens = [store.token_codes(passage) for passage in stored]
    scores = token_codes.similarities(question.tokens, np.concatenate([t.codes for t in tokens]))
    firsts: list[I64] = []
    offset = 0
    for passage, own in zip(stored, tokens, strict=True):
        begins = np.array([s.start_char - passage.passage.start_char for s in passage.passage.sentences])
        # A token belongs to the last sentence that begins at or before it; the first sentence begins with the passage.
        firsts.append(offset + np.searchsorted(own.starts, begins))
        offset += len(own.codes)
    first = np.concatenate(firsts)
    counts = np.diff(np.append(first, offset))
    met = np.full((len(first), len(question.tokens)), -1, dtype=np.float32)
    having = np.flatnonzero(counts > 0)
    if len(having):
        met[having] = np.maximum.reduceat(scores, first[having], axis=0)
    return np.ascontiguousarray(met.T), counts


def _no_interaction(question: Question, stored: Sequence[StoredPassage]) -> tuple[F32, I64]:
    """What stands in for late interaction when it is switched off: nothing is met, so cosine and words decide."""
    sentences = sum(len(passage.passage.sentences) for passage in stored)
    counts = np.concatenate([[s.token_count // len(s.passage.sentences)] * len(s.passage.sentences) for s in stored])
    return np.zeros((len(question.tokens), sentences), dtype=np.float32), counts
