"""Retrieves and ranks the sentences that may answer a question. Functions of their inputs: the index is passed in."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from coopbot.ask.rank.candidates import CANDIDATES, Candidates, find_candidates
from coopbot.ask.rank.features import OpenPassage, RankedPassage, answer_features, passage_features
from coopbot.ask.rank.reader import Reader, ReadPassage, head_of
from coopbot.ask.rank.weights import LinearModel, Pair, SentenceWeights, Weights
from coopbot.ask.store import VectorStore
from coopbot.ask.understand.question import Question
from coopbot.domain import Filters, Hit, LegScores, Span
from coopbot.index.types import F32, StoredPassage

# Passages, of all languages together, whose sentences are scored; and how many are read per batch. Reading stops after a batch
# with a sure answer.
OPENED = 9
READ_AT_A_TIME = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredSentence:
    """A sentence with the `log_odds` that it answers, comparable across languages.

    answer: the span of the answering words in the article, None without a reader. vector: (dim,), as in `Sentences`.
    reading: the reader's score of those words. read: its output for the whole passage.
    """

    stored: StoredPassage
    span: Span
    pair: Pair
    log_odds: float
    vector: F32
    answer: Span | None = None
    reading: float = 0.0
    read: ReadPassage | None = None

    @property
    def text(self) -> str:
        """The sentence's text."""
        return self.stored.passage.quoted(self.span)

    @property
    def answer_text(self) -> str:
        """The words that answer."""
        return self.stored.passage.quoted(self.answer) if self.answer else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Progress on a question: how many passages, of all languages, were retrieved or read so far."""

    stage: Literal["retrieved", "read"]
    passages: int


Watch = Callable[[Progress], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What retrieval found. passages: all candidates, best first. sentences: those of the best passages, the one to quote
    first at index 0. passages_read: how many passages the reader read.
    """

    passages: tuple[RankedPassage, ...]
    sentences: tuple[ScoredSentence, ...]
    passages_read: int = 0

    @property
    def confidence(self) -> float:
        """The probability that the first sentence answers the question."""
        return 1 / (1 + math.exp(-self.sentences[0].log_odds)) if self.sentences else 0.0


def find_evidence(
    question: Question,
    store: VectorStore,
    weights: Weights,
    filters: Filters,
    *,
    reader: Reader | None,
    late: bool = True,
    opened: int = OPENED,
    watch: Watch = lambda _: None,
) -> Evidence:
    """Rank the passages of all languages together, then read the best until the answer is sure. `watch` sees each step."""
    ranked = rank_passages(find_all(question, store, filters, late=late), weights.passage)
    watch(Progress(stage="retrieved", passages=len(ranked)))
    return read_passages(question.text, store, weights, ranked, reader=reader, opened=opened, watch=watch)


def read_passages(
    question: str,
    store: VectorStore,
    weights: Weights,
    ranked: Sequence[RankedPassage],
    *,
    reader: Reader | None,
    opened: int = OPENED,
    watch: Watch = lambda _: None,
) -> Evidence:
    """Read ranked passages, best first, until the answer is sure. `question` may be a part of what they were ranked for."""
    own = weights.sentences(with_reader=reader is not None)
    found: list[OpenPassage] = []
    evidence = Evidence(passages=tuple(ranked), sentences=())
    for start in range(0, min(opened, len(ranked)), READ_AT_A_TIME):
        found += open_passages(question, store, ranked, range(start, min(start + READ_AT_A_TIME, len(ranked))), reader)
        if reader is None and len(found) < min(opened, len(ranked)):
            continue
        evidence = Evidence(
            passages=tuple(ranked),
            sentences=scored_sentences(question, found, own, weights.preference),
            passages_read=len(found) if reader else 0,
        )
        watch(Progress(stage="read", passages=len(found)))
        if evidence.confidence >= weights.sure:
            break
    return evidence


def find_all(
    question: Question, store: VectorStore, filters: Filters, *, late: bool, candidates_per_language: int = CANDIDATES
) -> list[Candidates]:
    """The best passages of each language separately, so that no language crowds out another."""
    found = (
        find_candidates(question, store, language, filters, late=late, limit=candidates_per_language)
        for language in store.languages
    )
    return [candidates for candidates in found if candidates is not None]


def rank_passages(found: Sequence[Candidates], models: Mapping[Pair, LinearModel]) -> list[RankedPassage]:
    """All candidates, best first."""
    ranked = [
        RankedPassage(candidates=candidates, place=place, score=float(score))
        for candidates in found
        for place, score in enumerate(models[candidates.pair].score(passage_features(candidates)))
    ]
    return sorted(ranked, key=lambda one: -one.score)


def open_passages(
    question: str, store: VectorStore, ranked: Sequence[RankedPassage], places: Sequence[int], reader: Reader | None
) -> list[OpenPassage]:
    """Load ranked passages from the store and, if there is a reader, read them."""
    chosen = [ranked[place] for place in places]
    stored = [store.stored(one.candidates.language, [one.row])[0] for one in chosen]
    articles = [store.article(one.passage.article_id) for one in stored]
    heads = [head_of(article.title, article.published) if article else "" for article in articles]
    headed = [(head, one.passage) for head, one in zip(heads, stored, strict=True)]
    read = reader.read(question, headed) if reader else [None] * len(stored)
    return [
        OpenPassage(
            ranked=one,
            stored=passage,
            behind=ranked[0].score - one.score,
            read=reading,
            published=article.published if article else None,
        )
        for one, passage, article, reading in zip(chosen, stored, articles, read, strict=True)
    ]


def scored_sentences(
    question: str, opened: Sequence[OpenPassage], weights: SentenceWeights, preference: float
) -> tuple[ScoredSentence, ...]:
    """All sentences with log odds: the model's for the best one; for the others, that minus their score gap to the best."""
    scores = [weights.sentence[one.ranked.pair].score(one.features) for one in opened]
    place, row = best_sentence(opened, scores, preference)
    top = float(scores[place][row])
    pair = opened[place].ranked.pair
    log_odds = float(weights.answered[pair].score(answer_features(question, opened, scores, (place, row)))[0])
    sentences = [
        _sentence(one, number, log_odds + float(score) - top)
        for one, own in zip(opened, scores, strict=True)
        for number, score in enumerate(own)
    ]
    return tuple(sorted(sentences, key=lambda one: -one.log_odds - (preference if one.pair == "same" else 0.0)))


def best_sentence(opened: Sequence[OpenPassage], scores: Sequence[F32], preference: float) -> tuple[int, int]:
    """(passage, row) of the sentence to quote first. `preference` favours sentences in the question's language."""
    tops = [
        float(own.max()) + (preference if one.ranked.pair == "same" else 0.0) for one, own in zip(opened, scores, strict=True)
    ]
    place = int(np.argmax(tops))
    return place, int(scores[place].argmax())


def _sentence(one: OpenPassage, row: int, log_odds: float) -> ScoredSentence:
    return ScoredSentence(
        stored=one.stored,
        span=one.passage.sentences[row],
        pair=one.ranked.pair,
        log_odds=log_odds,
        vector=one.vectors[row],
        answer=one.read.answers[row] if one.read else None,
        reading=float(one.read.best[row]) if one.read else 0.0,
        read=one.read,
    )


def to_hits(ranked: Sequence[RankedPassage], store: VectorStore, top_k: int) -> list[Hit]:
    """Ranked passages as hits."""
    return [_hit(store, one, rank) for rank, one in enumerate(ranked[:top_k], start=1)]


def _hit(store: VectorStore, one: RankedPassage, rank: int) -> Hit:
    candidates, place = one.candidates, one.place
    legs = LegScores(
        dense=float(candidates.dense[place]),
        lexical=float(candidates.lexical[place]),
        late=float(candidates.passage_met[:, place].mean()),
    )
    (stored,) = store.stored(candidates.language, [one.row])
    return Hit(passage=stored.passage, rank=rank, score=round(one.score, 4), legs=legs)
