"""Answers without quotes: fixed lines, and lists of articles, about a subject or the newest."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from threading import Lock

from coopbot.ask.answer.asking import Asking
from coopbot.ask.rank.retrieve import to_hits
from coopbot.ask.store import VectorStore
from coopbot.domain import LANGUAGES, Answer, Article, Filters, Language, Notice, Outcome
from coopbot.index.filters import passes
from coopbot.text.gazetteer import find_names
from coopbot.text.language import detect_language
from coopbot.text.wanted import ArticlesWanted

_LISTED = 10
# Passages searched for articles about a subject.
_SEARCHED = 50
# Kept of each language.
_NEWEST = 50
_READ_AT_A_TIME = 200

# Thresholds on the late-interaction score of passage and subject. If any passage reaches the first, all that reach the second
# are listed. They belong to the encoder of questions: see tests/ask/test_listing.py and docs/experiments.md.
_ABOUT, _ALSO_ABOUT = 0.33, 0.28


def list_articles(asking: Asking, wanted: ArticlesWanted, newest: Newest) -> Answer:
    """The answer to a request for articles."""
    if wanted.subject:
        about = asking.of(asking.readings(wanted.subject)[0])
        return fixed_answer(asking, "about", articles=_about(about), searched_as=about.text)
    notice, articles = _newest_wanted(asking, wanted, newest)
    return fixed_answer(asking, notice, articles=articles)


def fixed_answer(
    asking: Asking, notice: Notice, *, outcome: Outcome = "articles", articles: Sequence[Article] = (), searched_as: str = ""
) -> Answer:
    """A fixed line, above articles if it is not small talk, those in the asker's language first; without any, no evidence."""
    language, nothing = detect_language(asking.text), outcome == "articles" and not articles
    return Answer(
        outcome="no_evidence" if nothing else outcome,
        question_language=language,
        claims=(),
        citations=(),
        disagreements=(),
        confidence=0.0,
        searched_as=searched_as or asking.text,
        snapshot=asking.store.snapshot_id,
        notice=None if nothing else notice,
        articles=tuple(sorted(articles, key=lambda article: article.language != language)[:_LISTED]),
    )


def _about(subject: Asking) -> list[Article]:
    """The articles whose passages are about the subject, best first, but those whose titles name it before others."""
    hits = to_hits(subject.ranked, subject.store, _SEARCHED)
    late = [(hit.legs.late or 0.0, hit.passage.article_id) for hit in hits]
    if max((score for score, _ in late), default=0.0) < _ABOUT:
        return []
    ids = dict.fromkeys(article_id for score, article_id in late if score >= _ALSO_ABOUT)
    names = find_names(subject.text)
    return sorted(map(subject.article, ids), key=lambda article: names.isdisjoint(find_names(article.title)))


def _newest_wanted(asking: Asking, wanted: ArticlesWanted, newest: Newest) -> tuple[Notice, list[Article]]:
    """The articles from the requested time, newest first; if there are none, the newest overall."""
    filters = asking.filters
    first = max(filter(None, (wanted.first, filters.published_from)), default=None)
    last = min(filter(None, (wanted.last, filters.published_to)), default=None)
    of_time = newest.of(asking.store, replace(filters, published_from=first, published_to=last))
    if of_time or wanted.first is None:
        return "newest", of_time
    return "none_then", newest.of(asking.store, filters)


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
    offsets = range(0, snapshot.manifest.articles, _READ_AT_A_TIME)
    every = (article for offset in offsets for article in snapshot.articles(offset, _READ_AT_A_TIME))
    dated = [(article.language, _date_and_id(article)) for article in every if article.published]
    found: dict[Language, list[Article]] = {}
    for language in LANGUAGES:
        newest = heapq.nlargest(_NEWEST, (date_and_id for own, date_and_id in dated if own == language))
        found[language] = [article for _, article_id in newest if (article := snapshot.article(article_id)) is not None]
    return found


def _date_and_id(article: Article) -> tuple[date, str]:
    return article.published or date.min, article.article_id
