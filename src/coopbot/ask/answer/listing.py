"""Answers requests for articles: those about a subject, best first, or the newest."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date
from threading import Lock

from coopbot.ask.store import VectorStore
from coopbot.domain import LANGUAGES, Article, Filters, Hit, Language, Notice
from coopbot.index.filters import passes
from coopbot.text.wanted import ArticlesWanted

_LISTED = 10
# Kept of each language.
_NEWEST = 50
_READ_AT_A_TIME = 200

# Thresholds on the late-interaction score of passage and subject. If any passage reaches the first, all that reach the second
# are listed. Of 60 subjects in the corpus 59 reach the first; of 40 others only "Brazil", which resembles a river's name.
_ABOUT, _ALSO_ABOUT = 0.45, 0.40


def articles_about(hits: Iterable[Hit], article: Callable[[str], Article], language: Language) -> tuple[Article, ...]:
    """The articles whose passages are about the subject, those in the asker's language first, best first; empty if no passage
    is.
    """
    late = [(hit.legs.late or 0.0, hit.passage.article_id) for hit in hits]
    if max((score for score, _ in late), default=0.0) < _ABOUT:
        return ()
    ids = dict.fromkeys(article_id for score, article_id in late if score >= _ALSO_ABOUT)
    return _own_first((article(article_id) for article_id in list(ids)[:_LISTED]), language)


def newest_articles(
    newest: Newest, store: VectorStore, wanted: ArticlesWanted, filters: Filters, language: Language
) -> tuple[Notice, tuple[Article, ...]]:
    """The articles from the requested time, those in the asker's language first, newest first; if there are none, the newest
    overall.
    """
    first = max(filter(None, (wanted.first, filters.published_from)), default=None)
    last = min(filter(None, (wanted.last, filters.published_to)), default=None)
    of_time = newest.of(store, replace(filters, published_from=first, published_to=last))
    if of_time or wanted.first is None:
        return "newest", _own_first(of_time, language)[:_LISTED]
    return "none_then", _own_first(newest.of(store, filters), language)[:_LISTED]


def _own_first(articles: Iterable[Article], language: Language) -> tuple[Article, ...]:
    return tuple(sorted(articles, key=lambda article: article.language != language))


class Newest:
    """The most recently published articles, computed once per snapshot. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._snapshot_id = ""
        self._found: dict[Language, list[Article]] = {}

    def of(self, snapshot: VectorStore, filters: Filters) -> list[Article]:
        """At most 50 articles, newest first, that pass the filters, out of the latest 50 of each language."""
        with self._lock:
            if self._snapshot_id != snapshot.snapshot_id:
                self._found = _newest_of(snapshot)
                self._snapshot_id = snapshot.snapshot_id
            found = [article for language in filters.languages or LANGUAGES for article in self._found[language]]
        passing = {article.article_id: article for article in found if passes(article, filters)}
        return heapq.nlargest(_NEWEST, passing.values(), key=_date_and_id)


def _newest_of(snapshot: VectorStore) -> dict[Language, list[Article]]:
    dated = [(article.language, _date_and_id(article)) for article in _all(snapshot) if article.published]
    found: dict[Language, list[Article]] = {}
    for language in LANGUAGES:
        newest = heapq.nlargest(_NEWEST, (date_and_id for own, date_and_id in dated if own == language))
        found[language] = [article for _, article_id in newest if (article := snapshot.article(article_id)) is not None]
    return found


def _all(snapshot: VectorStore) -> Iterator[Article]:
    for offset in range(0, snapshot.manifest.articles, _READ_AT_A_TIME):
        yield from snapshot.articles(offset, _READ_AT_A_TIME)


def _date_and_id(article: Article) -> tuple[date, str]:
    return article.published or date.min, article.article_id
