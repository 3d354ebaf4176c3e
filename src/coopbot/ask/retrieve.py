"""A question in, what each language's articles have to say to it out. Functions of their inputs: the index is passed in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from coopbot.ask.authorship import asks_author, naming_authors
from coopbot.ask.candidates import READ, Candidates, find_candidates
from coopbot.ask.coverage import Sought
from coopbot.ask.features import Weighed, answer_features, passage_features
from coopbot.ask.question import Question
from coopbot.ask.store import VectorStore
from coopbot.ask.topics import saying_all, topic_of
from coopbot.ask.weights import LinearModel, Scope, Weights
from coopbot.domain import Filters, Hit, LegScores, Span
from coopbot.index.embedder import F32
from coopbot.index.lexical import I64
from coopbot.index.passages import StoredPassage
from coopbot.text.notes import SentenceNotes

# Passages a language whose sentences are weighed one by one. Measured: a fourth and fifth change nothing.
WEIGHED = 3

# The log odds that a sentence which names its article's authors answers who wrote it; and that one which says all of what is
# named, where nothing is asked of it, is to the point.
_AUTHORED, _NAMED = 2.0, 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredSentence:
    """A sentence of a passage. `score` compares across languages."""

    stored: StoredPassage
    span: Span
    score: float
    cosine: float
    vector: F32
    notes: SentenceNotes

    @property
    def text(self) -> str:
        """Its words."""
        return self.stored.passage.quoted(self.span)


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
    found = [
        candidates
        for language in store.languages
        if (candidates := find_candidates(question, store, language, filters, late=late, read=candidates_a_language))
        is not None
    ]
    rarity = rarity_of(question, store, found)
    weighed = [weigh(question, store, candidates, weights.passage[candidates.pair], rarity) for candidates in found]
    readings = _to_the_point(question, _judged(weighed, weights), store) if weighed else []
    return sorted(readings, key=lambda reading: -reading.log_odds - reading.preference)


def read(question: Question, store: VectorStore, candidates: Candidates, weights: Weights) -> Reading:
    """The candidates of one language by themselves."""
    rarity = rarity_of(question, store, [candidates])
    weighed = weigh(question, store, candidates, weights.passage[candidates.pair], rarity)
    (reading,) = _to_the_point(question, _judged([weighed], weights), store)
    return reading


def rarity_of(question: Question, store: VectorStore, found: Sequence[Candidates]) -> F32:
    """(sought,): how rare each word of the question is among the passages in its language; alike where there are none."""
    if question.language not in store.languages:
        return np.ones(len(question.sought), dtype=np.float32)
    known = (candidates.idf for candidates in found if candidates.pair == "same")
    idf = next(known, None) or store.idf(question.language, question.terms)
    return np.array([idf[word] for word in question.terms], dtype=np.float32)


def weigh(question: Question, store: VectorStore, candidates: Candidates, model: LinearModel, rarity: F32) -> Weighed:
    """Rank the passages of one language and look into the best. rarity: of `rarity_of`."""
    language = candidates.language
    scores = model.score(passage_features(candidates))
    order = np.argsort(-scores, kind="stable")
    kept = candidates.take(order[:WEIGHED])
    stored = store.stored(language, kept.rows.tolist())
    idf = candidates.idf.values()
    return Weighed(
        question=question,
        candidates=candidates,
        order=order,
        ranked=scores[order],
        kept=kept,
        stored=stored,
        notes=[passage.read_notes() for passage in stored],
        rarity=rarity,
        absent=sum(rarity for rarity in idf if rarity >= candidates.most_idf) / (sum(idf) or 1.0),
    )


def _judged(languages: Sequence[Weighed], weights: Weights) -> list[Reading]:
    """Sentences of all languages are scored alike, so that whether the best one answers tells how likely the others do."""
    scores = [weights.sentence[one.candidates.pair].score(one.features) for one in languages]
    place, row = best_sentence(languages, scores, weights.preference)
    answer = answer_features(languages, scores, (place, row))
    scope: Scope = "together" if len(languages) > 1 else "alone"
    log_odds = weights.log_odds(scope, languages[place].candidates.pair, answer)
    return [
        Reading(
            candidates=one.candidates,
            order=one.order,
            scores=one.ranked,
            sentences=_sentences(one, own),
            log_odds=log_odds + float(own.max() - scores[place][row]),
            preference=weights.preference if one.candidates.pair == "same" else 0.0,
        )
        for one, own in zip(languages, scores, strict=True)
    ]


def best_sentence(languages: Sequence[Weighed], scores: Sequence[F32], preference: float) -> tuple[int, int]:
    """(language, row) of the sentence to quote first. scores: of the sentences of each language."""
    tops = [
        float(own.max()) + (preference if one.candidates.pair == "same" else 0.0)
        for one, own in zip(languages, scores, strict=True)
    ]
    place = tops.index(max(tops))
    return place, int(scores[place].argmax())


def _to_the_point(question: Question, readings: list[Reading], store: VectorStore) -> list[Reading]:
    """What was learned from questions that ask something of the world does not tell of those that do not."""
    if asks_author(question.text):
        return [_with_authors(reading, store) for reading in readings]
    topic = topic_of(question.text)
    return [_with_topic(topic, reading) for reading in readings] if topic else readings


def _with_topic(topic: Sequence[Sought], reading: Reading) -> Reading:
    """Where something is only named: the first sentence put in front that says all of it, if one does."""
    found = np.flatnonzero(saying_all(topic, [sentence.notes for sentence in reading.sentences]))
    if not len(found):
        return reading
    return _led_by(reading.sentences[found[0]], reading, _NAMED)


def _led_by(sentence: ScoredSentence, reading: Reading, log_odds: float) -> Reading:
    """The reading with a sentence put in front of those of other passages, that answers with at least these odds."""
    best = replace(sentence, score=reading.sentences[0].score)
    others = [other for other in reading.sentences if other.stored is not sentence.stored]
    return replace(reading, sentences=(best, *others), log_odds=max(reading.log_odds, log_odds))


def _with_authors(reading: Reading, store: VectorStore) -> Reading:
    """Where it is asked who wrote something: the first sentence put in front that names its article's authors, if one does."""
    for sentence in reading.sentences:
        article = store.article(sentence.stored.passage.article_id)
        span = naming_authors(article, sentence.stored.passage) if article else None
        if span:
            return _led_by(replace(sentence, span=span), reading, _AUTHORED)
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


def _sentences(weighed: Weighed, scores: F32) -> tuple[ScoredSentence, ...]:
    kept, found = weighed.kept, []
    for place in np.argsort(-scores, kind="stable"):
        stored = weighed.stored[int(kept.passage_of[place])]
        found.append(
            ScoredSentence(
                stored=stored,
                span=stored.passage.sentences[place - kept.starts[kept.passage_of[place]]],
                score=float(scores[place]),
                cosine=float(kept.sentence_cosine[place]),
                vector=kept.sentence_vectors[place],
                notes=weighed.sentences[place],
            )
        )
    return tuple(found)
