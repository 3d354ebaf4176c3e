"""Puts a question through the whole way to an answer. The synchronous core that every way in calls."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from coopbot.ask.compose import Quote, choose, cite, rank_sentences
from coopbot.ask.question import checked, understand
from coopbot.ask.retrieve import retrieve, to_hits
from coopbot.ask.store import VectorStore
from coopbot.ask.verify import verify_answer
from coopbot.domain import Answer, Article, Citation, Claim, Filters, Hit, Outcome
from coopbot.errors import IndexBroken
from coopbot.index.embedder import Embedder

DEFAULT_CITATIONS = 4
MAX_CITATIONS = 10
MAX_HITS = 50

# Passages whose sentences are looked at.
_READ_PASSAGES = 8
# Nearest passages offered when the sources do not say.
_OFFERED = 3

# Probability that the best sentence answers: a logistic curve over its score, through what was measured on the questions.
_MIDPOINT = 0.815
_STEEPNESS = 60.0
_MIN_CONFIDENCE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """Hits of a search, and the articles they are from by id."""

    hits: tuple[Hit, ...]
    articles: dict[str, Article]
    snapshot: str
    timings_ms: dict[str, float]


class Answerer:
    """Answers from whatever snapshot `current` gives; one call reads one snapshot."""

    def __init__(self, embedder: Embedder, current: Callable[[], VectorStore]) -> None:
        self._embedder = embedder
        self._current = current

    def ask(self, question: str, *, filters: Filters | None = None, max_citations: int = DEFAULT_CITATIONS) -> Answer:
        """An answer whose every citation was checked. Raises InvalidRequest, IndexBroken."""
        clock = _Clock()
        store = self._current()
        asked = understand(checked(question), self._embedder)
        clock.lap("embed")
        candidates = retrieve(asked, store, top_k=_READ_PASSAGES, filters=filters or Filters())
        clock.lap("retrieve")
        quotes = rank_sentences(asked, candidates, store)
        confidence = _confidence(quotes)
        answered = confidence >= _MIN_CONFIDENCE
        chosen = choose(quotes, max_citations) if answered else _one_a_passage(quotes)[: min(_OFFERED, max_citations)]
        citations = _citations(chosen, store)
        outcome: Outcome = "answered" if answered else "no_evidence"
        answer = Answer(
            outcome=outcome,
            question_language=asked.language,
            claims=tuple(Claim(text=c.quote, citations=(c.number,)) for c in citations) if answered else (),
            citations=citations,
            disagreements=(),
            confidence=round(confidence, 3),
            searched_as=asked.text,
            snapshot=store.snapshot_id,
            timings_ms=clock.finish("compose"),
        )
        return verify_answer(answer, store.article)

    def search(self, question: str, *, top_k: int = 10, filters: Filters | None = None) -> SearchResult:
        """The nearest passages. Raises InvalidRequest."""
        clock = _Clock()
        store = self._current()
        asked = understand(checked(question), self._embedder)
        clock.lap("embed")
        hits = to_hits(retrieve(asked, store, top_k=top_k, filters=filters or Filters()))
        articles = {hit.passage.article_id: _article(store, hit.passage.article_id) for hit in hits}
        return SearchResult(
            hits=tuple(hits), articles=articles, snapshot=store.snapshot_id, timings_ms=clock.finish("retrieve")
        )


class _Clock:
    """Names stretches of time."""

    def __init__(self) -> None:
        self._start = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self._laps[name] = round((now - self._last) * 1000, 2)
        self._last = now

    def finish(self, name: str) -> dict[str, float]:
        self.lap(name)
        return {**self._laps, "total": round((self._last - self._start) * 1000, 2)}


def _confidence(quotes: Sequence[Quote]) -> float:
    if not quotes:
        return 0.0
    return 1.0 / (1.0 + math.exp(-_STEEPNESS * (quotes[0].score - _MIDPOINT)))


def _one_a_passage(quotes: Sequence[Quote]) -> list[Quote]:
    best: dict[str, Quote] = {}
    for quote in quotes:
        best.setdefault(quote.candidate.stored.passage.passage_id, quote)
    return list(best.values())


def _citations(quotes: Sequence[Quote], store: VectorStore) -> tuple[Citation, ...]:
    return tuple(
        cite(number, quote, _article(store, quote.candidate.stored.passage.article_id))
        for number, quote in enumerate(quotes, start=1)
    )


def _article(store: VectorStore, article_id: str) -> Article:
    article = store.article(article_id)
    if article is None:
        raise IndexBroken(f"the index holds passages of {article_id} but not the article; run: coopbot index --force")
    return article
