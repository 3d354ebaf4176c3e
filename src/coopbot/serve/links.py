"""Addresses that an answer leads to: the source's own where it has one, else the article as this service gives it."""

from __future__ import annotations

from urllib.parse import quote

from coopbot.domain import Article, Citation


def article_address(base: str, article_id: str) -> str:
    """Where the service gives an article. base: the service's own address without a slash at its end; "" if it has none."""
    return f"{base}/v1/articles/{quote(article_id)}" if base else ""


def source_address(article: Article | Citation, base: str) -> str:
    """The page that an article is from, opened at the quote if one is cited; else `article_address`."""
    own = (isinstance(article, Citation) and article.deep_link) or article.url
    return own if own.lower().startswith(("http://", "https://")) else article_address(base, article.article_id)
