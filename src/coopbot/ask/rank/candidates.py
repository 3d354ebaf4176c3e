"""The candidate passages of one language, with the scores needed to rank them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from coopbot.ask.store import VectorStore
from coopbot.ask.understand.question import Question
from coopbot.ask.weights import Pair
from coopbot.domain import Filters, Language
from coopbot.index import token_codes
from coopbot.index.types import F32, I64, Sentences

# Candidates per language. In an index of 2,000 passages a language, 12 miss a third of the passages in Chinese or Russian that
# answer a question in the other; see docs/decisions/ranking.md.
CANDIDATES = 32

# Weight of the BM25 share relative to cosine / 0.1; measured.
_LEXICAL_WEIGHT: dict[Pair, float] = {"same": 8.0, "across": 2.0}
_COSINE_SPREAD = 0.1


@dataclass(frozen=True)
class Candidates:
    """Passages and their sentences, one passage after another.

    rows: (passages,), row numbers within the language. starts: (passages + 1,), index of each passage's first sentence.
    dense: (passages,), cosine with the question. lexical: (passages,), BM25 as a share of its maximum.
    sentence_vectors: (sentences, dim) and sentence_cosine: (sentences,), each sentence embedded on its own.
    token_counts: (sentences,).
    met: (question tokens, sentences), the maximum cosine of each question token over the sentence's tokens, which were embedded
    within their passage: late interaction per sentence. filters: those that the passages pass.
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
    filters: Filters = field(default_factory=Filters)

    @cached_property
    def passage_met(self) -> F32:
        """(question tokens, passages): the maximum of `met` over each passage's sentences."""
        # Reducing along the first axis is seven times as fast.
        best = np.maximum.reduceat(np.ascontiguousarray(self.met.T), self.starts[:-1], axis=0)
        return np.ascontiguousarray(best.T)

    @cached_property
    def token_weights(self) -> F32:
        """(question tokens,): how well each separates the candidates, its best match minus its mean match; sums to 1."""
        spread = self.passage_met.max(axis=1) - self.passage_met.mean(axis=1) + 1e-6
        weights: F32 = spread / spread.sum()
        return weights

    def sentences_of(self, place: int) -> slice:
        """The slice of all sentences that belongs to the passage at index `place`."""
        return slice(int(self.starts[place]), int(self.starts[place + 1]))


def find_candidates(
    question: Question, store: VectorStore, language: Language, filters: Filters, *, late: bool, limit: int = CANDIDATES
) -> Candidates | None:
    """At most `limit` candidate passages of one language, or None if no passage passes the filters."""
    pair: Pair = "same" if language == question.language else "across"
    found = store.first_stage(language, question.vector, question.terms_for(language), limit, filters)
    if not len(found.rows):
        return None
    first = found.pooled @ question.vector / _COSINE_SPREAD + _LEXICAL_WEIGHT[pair] * found.lexical
    found = found.take(np.argsort(-first, kind="stable")[:limit])
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
        filters=filters,
        # Without late interaction all scores are zero, so cosine and BM25 decide.
        met=_met(question, sentences) if late else np.zeros((len(question.rotated_tokens), len(sentences.vectors)), np.float32),
    )


def _met(question: Question, sentences: Sentences) -> F32:
    """See `Candidates`. A sentence without tokens (for example beyond the model's maximum length) scores -1."""
    scores = token_codes.similarities(question.rotated_tokens, sentences.codes)
    met = np.full((len(sentences.token_counts), len(question.rotated_tokens)), -1, dtype=np.float32)
    having = np.flatnonzero(sentences.token_counts > 0)
    if len(having):
        firsts = np.cumsum(sentences.token_counts) - sentences.token_counts
        met[having] = np.maximum.reduceat(scores, firsts[having], axis=0)
    return np.ascontiguousarray(met.T)
