"""Retrieves and ranks the sentences that may answer a question. Functions of their inputs: the index is passed in."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from coopbot.ask.rank.candidates import CANDIDATES, Candidates, find_candidates
from coopbot.ask.rank.features import OpenPassage, RankedPassage, passage_features
from coopbot.ask.rank.judge import NOTHING_SAID, Judged, Said, judge
from coopbot.ask.rank.reader import Reader, ReadPassage, head_of
from coopbot.ask.store import VectorStore
from coopbot.ask.understand.question import Question
from coopbot.ask.weights import PAIRS, LinearModel, Pair, SentenceWeights, Weights
from coopbot.domain import Article, Filters, Hit, LegScores, Passage, Span
from coopbot.index.filters import sentence_passes
from coopbot.index.types import F32, StoredPassage

# Passages whose sentences are scored: batches of the best so far in the question's language, and of the best so far in others.
# Articles in the question's language are always among those read, since people would rather read them. Reading stops after a
# batch with a sure answer. Passages are read side by side, so batches of four keep two cores busy, and four.
_BATCHES: tuple[tuple[int, int], ...] = ((3, 1), (2, 2))
OPENED, FIRST_READ = sum(map(sum, _BATCHES)), sum(_BATCHES[0])
# Passages looked through for answers that no single sentence gives.
_LOOKED_THROUGH: Mapping[Pair, int] = MappingProxyType({"same": 18, "across": 8})


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

    @property
    def probability(self) -> float:
        """The probability that it answers."""
        return 1 / (1 + math.exp(-self.log_odds))


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Progress on a question: how many passages, of all languages, were retrieved or read so far."""

    stage: Literal["retrieved", "read"]
    passages: int


Watch = Callable[[Progress], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What retrieval found. passages: all candidates, best first. sentences: those of the best passages, the one to quote
    first at index 0.
    """

    passages: tuple[RankedPassage, ...]
    sentences: tuple[ScoredSentence, ...]

    @property
    def confidence(self) -> float:
        """The probability that the first sentence answers the question."""
        return self.sentences[0].probability if self.sentences else 0.0

    def discounted(self, holds: float, without: Callable[[ScoredSentence], bool]) -> Evidence:
        """The same without some sentences, where the others answer only with the probability `holds`."""
        left = [(one, holds * one.probability) for one in self.sentences if not without(one)]
        return replace(self, sentences=tuple(replace(one, log_odds=math.log(likely / (1 - likely))) for one, likely in left))


def find_evidence(
    question: Question, store: VectorStore, weights: Weights, filters: Filters, *, reader: Reader | None, late: bool = True
) -> Evidence:
    """Rank the passages of all languages together, then read the best until the answer is sure."""
    ranked = rank_passages(find_all(question, store, filters, late=late), weights.passage)
    return read_passages(question.text, store, weights, ranked, reader=reader)


def read_passages(
    question: str,
    store: VectorStore,
    weights: Weights,
    ranked: Sequence[RankedPassage],
    *,
    reader: Reader | None,
    said: Said = NOTHING_SAID,
) -> Evidence:
    """Read ranked passages, best first, until the answer is sure. `question` may be a part of what they were ranked for."""
    own = weights.sentences(with_reader=reader is not None)
    found: list[OpenPassage] = []
    evidence = Evidence(passages=tuple(ranked), sentences=())
    batches = reading_order(ranked)
    for batch in batches:
        found += open_passages(question, store, ranked, batch, reader)
        if reader is None and batch is not batches[-1]:
            continue
        evidence = replace(evidence, sentences=scored_sentences(question, found, own, said))
        if evidence.confidence >= own.sure:
            break
    return evidence


def reading_order(ranked: Sequence[RankedPassage]) -> list[list[int]]:
    """Batches of places in `ranked`, those to read first in front. Where one side has too few, the other has more."""
    sides = {pair: [place for place, one in enumerate(ranked) if one.pair == pair] for pair in PAIRS}
    batches = []
    for same, across in _BATCHES:
        batch = sides["same"][:same] + sides["across"][:across]
        rest = [place for place in sides["across"][across:] + sides["same"][same:] if place not in batch]
        batch += rest[: same + across - len(batch)]
        sides = {pair: [place for place in places if place not in batch] for pair, places in sides.items()}
        batches.append(batch)
    return [batch for batch in batches if batch]


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


def favouring(
    ranked: Sequence[RankedPassage], articles: Collection[str], store: VectorStore, bonus: float
) -> Sequence[RankedPassage]:
    """The same passages, those of some articles with a bonus."""
    if not articles:
        return ranked

    def favoured(one: RankedPassage) -> RankedPassage:
        (stored,) = store.stored(one.candidates.language, [one.row])
        return replace(one, score=one.score + bonus) if stored.passage.article_id in articles else one

    return sorted(map(favoured, ranked), key=lambda one: -one.score)


def open_passages(
    question: str, store: VectorStore, ranked: Sequence[RankedPassage], places: Sequence[int], reader: Reader | None
) -> list[OpenPassage]:
    """Load ranked passages from the store and, if there is a reader, read them."""
    chosen = [ranked[place] for place in places]
    stored = [store.stored(one.candidates.language, [one.row])[0] for one in chosen]
    articles = [store.article(one.passage.article_id) for one in stored]
    stored = [
        replace(passage, shut=_shut(article, passage.passage, one.candidates.filters)) if article else passage
        for one, passage, article in zip(chosen, stored, articles, strict=True)
    ]
    opened = [
        OpenPassage(
            ranked=one,
            stored=passage,
            behind=ranked[0].score - one.score,
            read=None,
            article=article,
        )
        for one, passage, article in zip(chosen, stored, articles, strict=True)
    ]
    return read_opened(question, opened, reader)


def open_best(question: str, store: VectorStore, ranked: Sequence[RankedPassage]) -> list[OpenPassage]:
    """The best passages of the question's language, then those of others, opened but not read: more than are read."""
    sides = {pair: [place for place, one in enumerate(ranked) if one.pair == pair] for pair in PAIRS}
    places = [place for pair, most in _LOOKED_THROUGH.items() for place in sides[pair][:most]]
    return open_passages(question, store, ranked, places, None)


def read_opened(question: str, opened: Sequence[OpenPassage], reader: Reader | None) -> list[OpenPassage]:
    """The same passages, read; as they are without a reader."""
    if reader is None or not opened:
        return list(opened)
    results = reader.read(question, [(head_of(one.title, one.published), one.passage) for one in opened])
    return [replace(one, read=result) for one, result in zip(opened, results, strict=True)]


def _shut(article: Article, passage: Passage, filters: Filters) -> frozenset[int]:
    """The places of the sentences that do not pass the filters, though their passage does."""
    return frozenset(place for place, span in enumerate(passage.sentences) if not sentence_passes(article, span, filters))


def scored_sentences(
    question: str, opened: Sequence[OpenPassage], weights: SentenceWeights, said: Said = NOTHING_SAID
) -> tuple[ScoredSentence, ...]:
    """All sentences that may be quoted, the one to quote first in front. Of the best, the log odds are judged; the others get
    those of the best one by score, minus their gap to it.
    """
    scores = [weights.sentence[one.ranked.pair].score(one.features) for one in opened]
    judged = judge(question, opened, scores, weights.judge, said)
    if not judged:
        return ()
    best = max(judged, key=lambda one: one.candidate.score)
    places = {id(one): place for place, one in enumerate(opened)}
    known = {(places[id(one.candidate.opened)], one.candidate.row): one for one in judged}
    sentences = [
        _sentence(one, row, _log_odds(known.get((place, row)), float(score), best))
        for place, (one, own) in enumerate(zip(opened, scores, strict=True))
        for row, score in enumerate(own)
        if row not in one.stored.shut
    ]
    first = (judged[0].candidate.opened.stored, judged[0].candidate.opened.passage.sentences[judged[0].candidate.row])
    # Of equally likely sentences, people would rather read those in their language.
    readable = -math.log(weights.judge.readable)
    return tuple(
        sorted(
            sentences,
            key=lambda one: ((one.stored, one.span) != first, -one.log_odds - (readable if one.pair == "same" else 0.0)),
        )
    )


def _log_odds(judged: Judged | None, score: float, best: Judged) -> float:
    return judged.log_odds if judged else best.log_odds + best.loss - max(0.0, best.candidate.score - score)


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
    hits = []
    for rank, one in enumerate(ranked[:top_k], start=1):
        candidates, place = one.candidates, one.place
        legs = LegScores(
            dense=float(candidates.dense[place]),
            lexical=float(candidates.lexical[place]),
            late=float(candidates.passage_met[:, place].mean()),
        )
        (stored,) = store.stored(candidates.language, [one.row])
        hits.append(Hit(passage=stored.passage, rank=rank, score=round(one.score, 4), legs=legs))
    return hits
