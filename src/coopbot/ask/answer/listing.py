"""Answers requests for articles: those about a subject, best first, or the newest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from coopbot.ask.answer.newest import Newest
from coopbot.ask.store import VectorStore
from coopbot.ask.understand.wanted import ArticlesWanted
from coopbot.domain import Article, Filters, Hit, Notice

LISTED = 10

# Thresholds on the late-interaction score of passage and subject. If any passage reaches the first, all that reach the second
# are listed. Of 60 subjects in the corpus 59 reach the first; of 40 others only "Brazil", which resembles a river's name.
_ABOUT, _ALSO_ABOUT = 0.45, 0.40


def articles_about(hits: Iterable[Hit], article: Callable[[str], Article]) -> tuple[Article, ...]:
    """The articles whose passages are about the subject, best first; empty if no passage is."""
    late = [(hit.legs.late or 0.0, hit.passage.article_id) for hit in hits]
    if max((score for score, _ in late), default=0.0) < _ABOUT:
        return ()
    ids = dict.fromkeys(article_id for score, article_id in late if score >= _ALSO_ABOUT)
    return tuple(article(article_id) for article_id in list(ids)[:LISTED])


def newest_articles(
    newest: Newest, store: VectorStore, wanted: ArticlesWanted, filters: Filters
) -> tuple[Notice, tuple[Article, ...]]:
    """The articles from the requested time, newest first; if there are none, the newest overall."""
    first = max(filter(None, (wanted.first, filters.published_from)), default=None)
    last = min(filter(None, (wanted.last, filters.published_to)), default=None)
    of_time = newest.of(store, replace(filters, published_from=first, published_to=last))
    if of_time or wanted.first is None:
        return "newest", tuple(of_time[:LISTED])
    return "none_then", tuple(newest.of(store, filters)[:LISTED])
