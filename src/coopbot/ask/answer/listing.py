"""Articles for who asks for articles: about a subject, best first, or the newest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from coopbot.ask.answer.newest import Newest
from coopbot.ask.store import VectorStore
from coopbot.ask.understand.wanted import ArticlesWanted
from coopbot.domain import Article, Filters, Hit, Notice

LISTED = 10

# Late interaction of a passage with its subject. Of 60 subjects of the corpus all but one have a passage above the first, of 40
# others only "Brazil", which looks much like a river's name; passages above the second are listed where one is above the first.
_ABOUT, _ALSO_ABOUT = 0.45, 0.40


def articles_about(hits: Iterable[Hit], article: Callable[[str], Article]) -> tuple[Article, ...]:
    """The articles of the passages that are about what was searched, best first; none if no passage is."""
    late = [(hit.legs.late or 0.0, hit.passage.article_id) for hit in hits]
    if max((score for score, _ in late), default=0.0) < _ABOUT:
        return ()
    ids = dict.fromkeys(article_id for score, article_id in late if score >= _ALSO_ABOUT)
    return tuple(article(article_id) for article_id in list(ids)[:LISTED])


def newest_articles(
    newest: Newest, store: VectorStore, wanted: ArticlesWanted, filters: Filters
) -> tuple[Notice, tuple[Article, ...]]:
    """The newest articles of the time that is wanted, newest first; if there are none, the newest of all."""
    first = max(filter(None, (wanted.first, filters.published_from)), default=None)
    last = min(filter(None, (wanted.last, filters.published_to)), default=None)
    of_time = newest.of(store, replace(filters, published_from=first, published_to=last))
    if of_time or wanted.first is None:
        return "newest", tuple(of_time[:LISTED])
    return "none_then", tuple(newest.of(store, filters)[:LISTED])
