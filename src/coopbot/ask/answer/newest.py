"""Finds the most recently published articles of an index."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import date
from threading import Lock

from coopbot.ask.store import VectorStore
from coopbot.domain import LANGUAGES, Article, Filters, Language
from coopbot.index.rows import places_in

NEWEST = 50

_READ_AT_A_TIME = 200


class Newest:
    """The most recently published articles, computed once per snapshot. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._snapshot_id = ""
        self._found: dict[Language, list[Article]] = {}

    def of(self, snapshot: VectorStore, filters: Filters) -> list[Article]:
        """At most NEWEST articles, newest first, that pass the filters, out of the latest NEWEST of each language."""
        with self._lock:
            if self._snapshot_id != snapshot.snapshot_id:
                self._found = _newest(snapshot)
                self._snapshot_id = snapshot.snapshot_id
            found = [article for language in filters.languages or LANGUAGES for article in self._found[language]]
        passing = {article.article_id: article for article in found if _passes(article, filters)}
        return heapq.nlargest(NEWEST, passing.values(), key=_age)


def _newest(snapshot: VectorStore) -> dict[Language, list[Article]]:
    dated = [(article.language, _age(article)) for article in _all(snapshot) if article.published]
    found: dict[Language, list[Article]] = {}
    for language in LANGUAGES:
        ages = heapq.nlargest(NEWEST, (age for own, age in dated if own == language))
        found[language] = [article for _, article_id in ages if (article := snapshot.article(article_id)) is not None]
    return found


def _all(snapshot: VectorStore) -> Iterator[Article]:
    for offset in range(0, snapshot.manifest.articles, _READ_AT_A_TIME):
        yield from snapshot.articles(offset, _READ_AT_A_TIME)


def _age(article: Article) -> tuple[date, str]:
    return article.published or date.min, article.article_id


def _passes(article: Article, filters: Filters) -> bool:
    """Whether publisher, date and places pass. Publishers of a brief's sources count too; case is ignored."""
    names = {article.publisher, *(source.publisher for source in (*article.sources, *article.also_published_by))}
    wanted = {name.casefold() for name in filters.publishers}
    day = article.published or date.min
    return (
        (not wanted or not wanted.isdisjoint(name.casefold() for name in names))
        and (filters.published_from is None or filters.published_from <= day)
        and (filters.published_to is None or day <= filters.published_to)
        and (not filters.places or not places_in(article).isdisjoint(filters.places))
    )
