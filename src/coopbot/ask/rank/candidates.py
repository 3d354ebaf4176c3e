"""Passages of one language under consideration for a question, with all that is needed to judge them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from coopbot.ask.rank.weights import Pair
from coopbot.ask.store import VectorStore
from coopbot.ask.understand.question import Question
from coopbot.domain import Filters, Language
from coopbot.index import token_codes
from coopbot.index.disk.lexical import I64
from coopbot.index.disk.shelf import Sentences
from coopbot.index.model.embedder import F32

# Passages a language that are read token by token. Measured on XQuAD-R: with 20, ranking gains .001 to .004 across languages
# and nothing in the same one, for two thirds more work.
READ = 12

# What all of BM25 is worth beside cosine / 0.1; measured.
_LEXICAL_WEIGHT: dict[Pair, float] = {"same": 8.0, "across": 2.0}
_COSINE_SPREAD = 0.1


@dataclass(frozen=True)
class Candidates:
    """Passages and their sentences, one passage after another.

    rows: (passages,) in the language's shard. starts: (passages + 1,), the place of each passage's first sentence. dense:
    (passages,) cosine. lexical: (passages,) BM25 as a share. sentence_vectors: (sentences, dim) and
    sentence_cosine: (sentences,), with the sentence embedded alone. token_counts: (sentences,).
    met: (question tokens, sentences), the best cosine of a question token with the sentence's tokens, read in the context of
    their passage: late interaction, kept by sentence.
    """

    pair: Pair
    language: Language
    rows: I64
    starts: I64
    dense: F32
    lexical: F32
    sentence_vectors: F32
    sentence_cosine: F32
    token_counts: I64
    met: F32

    @cached_property
    def passage_met(self) -> F32:
        """(question tokens, passages): the best over each passage's sentences."""
        # Along the first axis it takes a seventh of the time.
        best = np.maximum.reduceat(np.ascontiguousarray(self.met.T), self.starts[:-1], axis=0)
        return np.ascontiguousarray(best.T)

    @cached_property
    def token_weights(self) -> F32:
        """(question tokens,): how much each tells the candidates apart, its best match less its mean one; sums to 1."""
        spread = self.passage_met.max(axis=1) - self.passage_met.mean(axis=1) + 1e-6
        weights: F32 = spread / spread.sum()
        return weights

    def sentences_of(self, place: int) -> slice:
        """Where the sentences of the passage at a place lie among all."""
        return slice(int(self.starts[place]), int(self.starts[place + 1]))


def find_candidates(
    question: Question, store: VectorStore, language: Language, filters: Filters, *, late: bool, read: int = READ
) -> Candidates | None:
    """The passages of a language to read for a question, at most `read`, or None if none passes the filters."""
    pair: Pair = "same" if language == question.language else "across"
    found = store.first_stage(language, question.vector, question.terms_for(language), read, filters)
    if not len(found.rows):
        return None
    first = found.pooled @ question.vector / _COSINE_SPREAD + _LEXICAL_WEIGHT[pair] * found.lexical
    found = found.take(np.argsort(-first, kind="stable")[:read])
    sentences = store.sentences(language, found.rows)
    return Candidates(
        pair=pair,
        language=language,
        rows=found.rows,
        starts=sentences.starts,
        dense=found.pooled @ question.vector,
        lexical=found.lexical,
        sentence_vectors=sentences.vectors,
        sentence_cosine=sentences.vectors @ question.vector,
        token_counts=sentences.token_counts,
        # Switched off, nothing is met, so that cosine and words decide.
        met=_met(question, sentences) if late else np.zeros((len(question.rotated_tokens), len(sentences.vectors)), np.float32),
    )


def _met(question: Question, sentences: Sentences) -> F32:
    """See `Candidates`. A sentence without tokens, such as one past the model's reach, meets nothing."""
    scores = token_codes.similarities(question.rotated_tokens, sentences.codes)
    met = np.full((len(sentences.token_counts), len(question.rotated_tokens)), -1, dtype=np.float32)
    having = np.flatnonzero(sentences.token_counts > 0)
    if len(having):
        firsts = np.cumsum(sentences.token_counts) - sentences.token_counts
        met[having] = np.maximum.reduceat(scores, firsts[having], axis=0)
    return np.ascontiguousarray(met.T)
