"""Verifies that every citation is exact. Every answer passes through here before it is returned."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from coopbot.domain import Answer, Article, Citation
from coopbot.errors import IndexBroken


def verify_citations(citations: Iterable[Citation], article: Callable[[str], Article | None]) -> None:
    """Raise IndexBroken unless every quote matches its article at the cited offsets, and occurs in its passage, which is stored
    separately.
    """
    for citation in citations:
        source = article(citation.article_id)
        stands = source is not None and source.text[citation.start_char : citation.end_char] == citation.quote
        answer = citation.answer
        marked = answer is None or 0 <= answer.start_char < answer.end_char <= len(citation.quote)
        if not stands or not marked or citation.quote not in citation.passage:
            raise IndexBroken(f"the index does not match its article {citation.article_id}; run: coopbot index --force")


def verify_answer(answer: Answer, article: Callable[[str], Article | None]) -> Answer:
    """Return the answer if every claim has citations, all of them exist, every quote is exact, and every figure of a series
    stands in its quote. Raises IndexBroken.
    """
    verify_citations(answer.citations, article)
    numbers = [citation.number for citation in answer.citations]
    if numbers != list(range(1, len(numbers) + 1)):
        raise IndexBroken("citations are not numbered from 1; this is a fault in coopbot, please report it")
    for claim in answer.claims:
        if not claim.citations or not set(claim.citations) <= set(numbers):
            raise IndexBroken("a claim's citation is missing; this is a fault in coopbot, please report it")
    quotes = {citation.number: citation.quote for citation in answer.citations}
    for point in answer.series:
        # Each figure stands in its own quote.
        if not 0 <= point.words.start_char < point.words.end_char <= len(quotes.get(point.citation, "")):
            raise IndexBroken("a figure of a series is not in its quote; this is a fault in coopbot, please report it")
    return answer
