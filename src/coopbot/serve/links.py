"""The addresses that answers link to: the source's own if it has one, else the article in this service."""

from __future__ import annotations

from urllib.parse import quote

from coopbot.domain import Article, Citation


def article_address(base: str, article_id: str) -> str:
    """The address of an article in this service. base: the service's address without a trailing slash; "" if it has none."""
    return f"{base}/v1/articles/{quote(article_id)}" if base else ""


def source_address(article: Article | Citation, base: str) -> str:
    """The web page of an article, opened at the quote of a citation; `article_address` if the article has no web page."""
    own = (isinstance(article, Citation) and article.deep_link) or article.url
    return own if own.lower().startswith(("http://", "https://")) else article_address(base, article.article_id)
