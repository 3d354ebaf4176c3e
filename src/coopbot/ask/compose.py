"""Ranked passages in, quoted sentences out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coopbot.ask.links import deep_link
from coopbot.ask.question import Question
from coopbot.ask.retrieve import SAME_LANGUAGE_BONUS, Candidate
from coopbot.ask.store import VectorStore
from coopbot.domain import Article, Citation, Span
from coopbot.index.embedder import F32


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A sentence chosen from a passage."""

    candidate: Candidate
    span: Span
    score: float
    vector: F32


# A further sentence must come this near to the best one, and be no closer than this to one already chosen.
_NEAR_BEST = 0.03
_SAME_THING = 0.95


def rank_sentences(question: Question, candidates: Sequence[Candidate], store: VectorStore) -> list[Quote]:
    """All sentences of the candidates, best first."""
    quotes: list[Quote] = []
    for candidate in candidates:
        vectors = store.sentence_vectors(candidate.stored)
        bonus = SAME_LANGUAGE_BONUS if candidate.stored.language == question.language else 0.0
        scores = vectors @ question.vector - bonus
        for span, score, vector in zip(candidate.stored.passage.sentences, scores, vectors, strict=True):
            quotes.append(Quote(candidate=candidate, span=span, score=float(score), vector=vector))
    return sorted(quotes, key=lambda quote: -quote.score)


def choose(quotes: Sequence[Quote], limit: int) -> list[Quote]:
    """The best sentence, and where they add something up to `limit` in all, each from another passage."""
    chosen: list[Quote] = []
    for quote in quotes:
        if len(chosen) == limit or (chosen and quote.score < chosen[0].score - _NEAR_BEST):
            break
        if all(_adds(quote, other) for other in chosen):
            chosen.append(quote)
    return chosen


def cite(number: int, quote: Quote, article: Article) -> Citation:
    """A citation of the quote, its text taken from the article itself."""
    passage, start, end = quote.candidate.stored.passage, quote.span.start_char, quote.span.end_char
    text = article.text[start:end]
    return Citation(
        number=number,
        article_id=article.article_id,
        title=article.title,
        authors=article.authors,
        publisher=article.publisher,
        published=article.published,
        url=article.url,
        language=article.language,
        sources=article.sources,
        quote=text,
        start_char=start,
        end_char=end,
        passage=passage.text,
        deep_link=deep_link(article.url, text),
        score=round(quote.score, 4),
    )


def _adds(quote: Quote, other: Quote) -> bool:
    same_passage = quote.candidate.stored.passage.passage_id == other.candidate.stored.passage.passage_id
    return not same_passage and float(np.dot(quote.vector, other.vector)) < _SAME_THING
