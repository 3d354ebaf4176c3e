"""A question in, ranked passages out. Functions of their inputs: the index is passed in."""

from __future__ import annotations

from dataclasses import dataclass

from coopbot.ask.question import Question
from coopbot.ask.store import VectorStore
from coopbot.domain import Filters, Hit, Language, LegScores
from coopbot.index.passages import StoredPassage

# E5 gives a passage in the question's own language about this much more cosine than an equally good one in another
# (measured on XQuAD-R); without taking it off, same-language passages crowd the right one out.
SAME_LANGUAGE_BONUS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A passage under consideration, with what each leg gave it."""

    stored: StoredPassage
    score: float
    legs: LegScores


def retrieve(question: Question, store: VectorStore, *, top_k: int, filters: Filters) -> list[Candidate]:
    """The `top_k` best passages of all languages, best first. Each language is asked for its own best."""
    found = [candidate for language in store.languages for candidate in _of_language(question, store, language, top_k, filters)]
    return sorted(found, key=lambda candidate: -candidate.score)[:top_k]


def to_hits(candidates: list[Candidate]) -> list[Hit]:
    """Candidates, best first, as hits."""
    return [
        Hit(passage=candidate.stored.passage, rank=rank, score=candidate.score, legs=candidate.legs)
        for rank, candidate in enumerate(candidates, start=1)
    ]


def _of_language(question: Question, store: VectorStore, language: Language, top_k: int, filters: Filters) -> list[Candidate]:
    nearest = store.nearest(language, question.vector, top_k, filters)
    passages = store.stored(language, [row for row, _ in nearest])
    bonus = SAME_LANGUAGE_BONUS if language == question.language else 0.0
    return [
        Candidate(stored=stored, score=cosine - bonus, legs=LegScores(dense=cosine))
        for stored, (_, cosine) in zip(passages, nearest, strict=True)
    ]
