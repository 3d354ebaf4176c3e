"""The addresses that answers link to: the source's own if it has one, else the article's page in this service."""

from __future__ import annotations

from urllib.parse import quote

from coopbot.domain import Article, Citation, Source
from coopbot.ingest.addresses import is_web_address
from coopbot.text.publishers import is_linkable


def web_address(url: str) -> str:
    """The address if a page may link to it, else "": the address of an untrusted article may be a `javascript:` one."""
    return url if is_web_address(url) else ""


def article_address(base: str, article_id: str) -> str:
    """The page of an article in this service. base: the service's address without a trailing slash; "" if it has none."""
    return f"{base}/article/{quote(article_id)}" if base else ""


def said_address(source: Source) -> str:
    """The web page on which somebody said something; "" if it is unknown or not to be linked."""
    return web_address(source.url) if is_linkable(source) else ""


def source_address(article: Article | Citation, base: str) -> str:
    """The web page of an article, opened at the quote of a citation; its page in this service if it has none of its own."""
    if own := web_address((isinstance(article, Citation) and article.deep_link) or article.url):
        return own
    address = article_address(base, article.article_id)
    if not address or not isinstance(article, Citation):
        return address
    return f"{address}?start={article.start_char}&end={article.end_char}#quote"
