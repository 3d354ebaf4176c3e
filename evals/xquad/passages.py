"""Paragraphs of XQuAD-R as articles that are one passage each."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from coopbot.domain import Article, Language, Passage, Span


def as_article(article_id: str, language: Language, text: str, publisher: str = "XQuAD-R") -> Article:
    """A paragraph as an article without title, date or address."""
    return Article(
        article_id=article_id,
        title="",
        publisher=publisher,
        published=None,
        url="",
        language=language,
        text=text,
        sha256=sha256(text.encode()).hexdigest(),
    )


def as_passage(article: Article, sentences: Sequence[Span]) -> Passage:
    """The article as one passage, from its first sentence to its last."""
    start, end = sentences[0].start_char, sentences[-1].end_char
    return Passage(
        passage_id=f"{article.article_id}:{start}-{end}",
        article_id=article.article_id,
        start_char=start,
        end_char=end,
        text=article.text[start:end],
        heading_path=(),
        sentences=tuple(sentences),
    )
