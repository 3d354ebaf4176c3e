"""A question in, what each language's articles have to say to it out. Functions of their inputs: the index is passed in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from coopbot.ask.authorship import asks_author, naming_authors
from coopbot.ask.candidates import READ, Candidates, find_candidates
from coopbot.ask.features import Sought, answer_features, passage_features, sentence_features
from coopbot.ask.question import Question
from coopbot.ask.store import VectorStore
from coopbot.ask.weights import Weights
from coopbot.domain import Filters, Hit, LegScores, Span
from coopbot.index.embedder import F32
from coopbot.index.lexical import I64
from coopbot.index.passages import StoredPassage
from coopbot.text.notes import PassageNotes, SentenceNotes

# Passages a language whose sentences are weighed one by one. Measured: a fourth and fifth change nothing.
WEIGHED = 3

# The log odds that a sentence which names its article's authors answers who wrote it.
_AUTHORED = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredSentence:
    """A sentence of a passage. `score` compares within its language only."""

    stored: StoredPassage
    span: Span
    score: float
    cosine: float
    vector: F32
    notes: SentenceNotes

    @property
    def text(self) -> str:
        """Its words."""
        passage = self.stored.passage
        return passage.text[self.span.start_char - passage.start_char : self.span.end_char - passage.start_char]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one language's articles have to say. `log_odds` that the best sentence answers compare across languages.

    order: places of the candidates, best first. scores: theirs, in that order. sentences: those of the best few passages, best
    first. preference: what is added to the odds in ordering, for being in the question's language.
    """

    candidates: Candidates
    order: I64
    scores: F32
    sentences: tuple[ScoredSentence, ...]
    log_odds: float
    preference: float

    @property
    def confidence(self) -> float:
        """The probability that the best sentence answers the question."""
        return 1 / (1 + math.exp(-self.log_odds))


def read_all(
    question: Question,
    store: VectorStore,
    weights: Weights,
    filters: Filters,
    *,
    late: bool = True,
    candidates_a_language: int = READ,
) -> list[Reading]:
    """One reading a language that has passages, the one to quote first in front.

    Each language is asked for its own best, so that none crowds another out. `late` switches late interaction.
    """
    readings = [
        read(question, store, candidates, weights)
        for language in store.languages
        if (candidates := find_candidates(question, store, language, filters, late=late, read=candidates_a_language))
        is not None
    ]
    return sorted(readings, key=lambda reading: -reading.log_odds - reading.preference)


def read(question: Question, store: VectorStore, candidates: Candidates, weights: Weights) -> Reading:
    """Weigh the candidates of one language."""
    pair, language = candidates.pair, candidates.language
    scores = weights.passage[pair].score(passage_features(candidates))
    order = np.argsort(-scores, kind="stable")
    kept = candidates.take(order[:WEIGHED])
    stored = store.stored(language, kept.rows.tolist())
    notes = [passage.read_notes() for passage in stored]
    idf = store.idf(language, question.terms_for(language))
    sought = Sought(wanted=question.wanted, names=question.names, idf=idf)
    features = sentence_features(kept, scores[order[:WEIGHED]], candidates.token_weights, sought, notes)
    sentence_scores = weights.sentence[pair].score(features)
    answered = answer_features(candidates, kept, scores[order], sentence_scores, sought, notes, weights.background[pair])
    log_odds = float(weights.answered[pair].score(answered)[0])
    reading = Reading(
        candidates=candidates,
        order=order,
        scores=scores[order],
        sentences=_sentences(kept, stored, sentence_scores, notes),
        log_odds=log_odds,
        # Only where it answers at all: what does not, is not better for being in the question's language.
        preference=weights.preference if pair == "same" and log_odds >= weights.least_log_odds else 0.0,
    )
    return _with_authors(reading, store) if asks_author(question.text) else reading


def _with_authors(reading: Reading, store: VectorStore) -> Reading:
    """The reading with the first sentence put in front that names its article's authors, if there is one."""
    for sentence in reading.sentences:
        article = store.article(sentence.stored.passage.article_id)
        span = naming_authors(article, sentence.stored.passage) if article else None
        if span:
            best = replace(sentence, span=span, score=reading.sentences[0].score)
            others = [s for s in reading.sentences if s.stored is not sentence.stored]
            return replace(reading, sentences=(best, *others), log_odds=max(reading.log_odds, _AUTHORED))
    return reading


def to_hits(readings: Sequence[Reading], store: VectorStore, top_k: int) -> list[Hit]:
    """Passages of all languages, best first: a passage is as good as its language's best, less what it is behind it."""
    found = [
        (reading.log_odds - float(reading.scores[0] - score), reading, place)
        for reading in readings
        for place, score in zip(reading.order.tolist(), reading.scores, strict=True)
    ]
    found.sort(key=lambda entry: -entry[0])
    return [_hit(store, score, reading, place, rank) for rank, (score, reading, place) in enumerate(found[:top_k], start=1)]


def _hit(store: VectorStore, score: float, reading: Reading, place: int, rank: int) -> Hit:
    candidates = reading.candidates
    legs = LegScores(
        dense=float(candidates.dense[place]),
        lexical=float(candidates.lexical[place]),
        late=float(candidates.passage_met[:, place].mean()),
    )
    (stored,) = store.stored(candidates.language, [int(candidates.rows[place])])
    return Hit(passage=stored.passage, rank=rank, score=score, legs=legs)


def _sentences(
    kept: Candidates, stored: Sequence[StoredPassage], scores: F32, notes: Sequence[PassageNotes]
) -> tuple[ScoredSentence, ...]:
    found = []
    for place in np.argsort(-scores, kind="stable"):
        passage = int(kept.passage_of[place])
        found.append(
            ScoredSentence(
                stored=stored[passage],
                span=stored[passage].passage.sentences[place - kept.starts[passage]],
                score=float(scores[place]),
                cosine=float(kept.sentence_cosine[place]),
                vector=kept.sentence_vectors[place],
                notes=notes[passage].sentences[place - kept.starts[passage]],
            )
        )
    return tuple(found)
