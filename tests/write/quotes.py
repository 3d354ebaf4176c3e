"""Citations made of quotes."""

from __future__ import annotations

from datetime import date

from coopbot.domain import Citation
from coopbot.text.language import detect_language


def cited(*quotes: str) -> list[Citation]:
    """One citation a quote, numbered from 1."""
    return [_citation(number, quote) for number, quote in enumerate(quotes, start=1)]


def _citation(number: int, quote: str) -> Citation:
    return Citation(
        number=number,
        article_id=f"en/a{number}",
        title="Bridge",
        authors=(),
        publisher="Example News",
        published=date(2025, 5, 10),
        url="",
        language=detect_language(quote),
        sources=(),
        quote=quote,
        start_char=0,
        end_char=len(quote),
        passage=quote,
        deep_link="",
        score=1.0,
    )
