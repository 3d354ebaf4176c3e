"""Counts of the articles in the index by language, month, publisher and place, within filters."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from heapq import nlargest
from typing import Annotated

from fastapi import FastAPI, Query
from pydantic import BaseModel, Field

from coopbot.ask.store import LiveStore, VectorStore
from coopbot.domain import Filters, Language, When
from coopbot.index.filters import PLACES, PUBLISHERS, VALUE_FILTERS, Days, failed, key_of, times_of, values_by_key, whens_of
from coopbot.serve.requests import FiltersIn
from coopbot.serve.wire import ArticleOut, Shape
from coopbot.text.gazetteer import all_places
from coopbot.text.publishers import publisher_name, publisher_names

# Finding the places of a new article takes about 2 ms. A request spends at most this much time on it and returns the counts so
# far.
_BUDGET_S = 0.5
_AT_A_TIME = 100
# The most publishers listed.
_PUBLISHERS = 200


class OverviewIn(FiltersIn):
    """The filters of the articles to count. recent: how many of the newest to list. sources: whether with their sources.
    most_publishers: how many publishers to list. language: of the articles listed first.
    """

    recent: int = Field(default=10, ge=0, le=50)
    sources: bool = True
    most_publishers: int = Field(default=_PUBLISHERS, ge=0, le=_PUBLISHERS)
    language: Language | None = None


class PublisherOut(BaseModel):
    """A publisher of articles, or of sources of briefs or sentences, with the number of articles. `names`: by language."""

    name: str
    articles: int
    names: dict[Language, str]


class PlaceOut(Shape):
    """A place, with the number of articles that name it. Latitude and longitude in degrees north and east."""

    place_id: str
    names: dict[Language, str]
    latitude: float
    longitude: float
    articles: int


class OverviewOut(BaseModel):
    """Counts of articles. A list applies all filters except the one that chooses from it, so that it also counts what is not
    chosen.

    total: articles in the index. counted: those processed so far, fewer than `total` while a large index is being processed.
    matching: those that pass all filters. newest: the newest date of all articles and their sources; null
    if none has one.
    """

    snapshot: str
    newest: When | None
    total: int
    counted: int
    matching: int
    languages: dict[Language, int]
    months: dict[str, int]
    publishers: list[PublisherOut]
    places: list[PlaceOut]
    recent: list[ArticleOut]


@dataclass(frozen=True, slots=True)
class _Entry:
    """What is counted of an article. values: as written, by field of the filter and key."""

    sha256: str
    article: ArticleOut
    values: Mapping[str, Mapping[str, str]]
    times: tuple[Days, ...]
    newest: When | None

    def failed(self, filters: Filters) -> Iterator[str]:
        """The filters that it does not pass."""
        return failed(filters, language=self.article.language, times=self.times, keys=lambda one: self.values[one.field])


class Overview:
    """Counts over the current snapshot; unchanged articles are processed only once. Safe to share between threads."""

    def __init__(self, index: LiveStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._index = index
        self._clock = clock
        self._lock = threading.Lock()
        self._snapshot_id = ""
        self._known: dict[str, _Entry] = {}
        self._entries: tuple[_Entry, ...] = ()
        self._ahead: Iterator[list[_Entry]] = iter(())

    def count(self, query: OverviewIn) -> OverviewOut:
        """The counts for a query."""
        store = self._index.current()
        # The articles processed so far, without waiting if another thread is processing more.
        if self._lock.acquire(blocking=False):
            try:
                self._continue(store)
            finally:
                self._lock.release()
        entries = self._entries
        filters = query.to_filters()
        failures = [(entry, set(entry.failed(filters))) for entry in entries]

        def passing(without: str = "") -> list[_Entry]:
            """The entries that pass all filters except the one without."""
            return [entry for entry, names in failures if names <= {without}]

        def newness(article: ArticleOut) -> tuple[bool, date]:
            return article.language == query.language, article.published or date.min

        # Those in the language first; those of one day in the order of the entries.
        recent = nlargest(query.recent, (entry.article for entry in passing()), key=newness)
        months = Counter(f"{one.article.published:%Y-%m}" for one in passing("published") if one.article.published)
        places = Counter(place for entry in passing("places") for place in entry.values[PLACES.field])
        return OverviewOut(
            snapshot=store.snapshot_id,
            total=store.manifest.articles,
            counted=len(entries),
            matching=len(passing()),
            languages=dict(Counter(entry.article.language for entry in passing("languages"))),
            months=dict(sorted(months.items())),
            publishers=_publishers(passing("publishers"), query.most_publishers),
            places=[
                PlaceOut.of(all_places()[place_id], articles=count)
                for place_id, count in sorted(places.items(), key=lambda item: (-item[1], item[0]))
            ],
            recent=recent if query.sources else [one.model_copy(update={"sources": []}) for one in recent],
            newest=max((entry.newest for entry in entries if entry.newest), default=None),
        )

    def _continue(self, store: VectorStore) -> None:
        if store.snapshot_id != self._snapshot_id:
            self._known = {entry.article.article_id: entry for entry in self._entries} | self._known
            self._snapshot_id, self._entries, self._ahead = store.snapshot_id, (), self._read(store)
        deadline = self._clock() + _BUDGET_S
        for found in self._ahead:
            self._entries += tuple(found)
            if self._clock() > deadline:
                return
        self._known = {}

    def _read(self, store: VectorStore) -> Iterator[list[_Entry]]:
        for offset in range(0, store.manifest.articles, _AT_A_TIME):
            found: list[_Entry] = []
            for article in store.articles(offset, _AT_A_TIME):
                entry = self._known.get(article.article_id)
                if entry is None or entry.sha256 != article.sha256:
                    entry = _Entry(
                        sha256=article.sha256,
                        article=ArticleOut.of(article),
                        values={one.field: values_by_key(article, one) for one in VALUE_FILTERS},
                        times=times_of(article),
                        newest=max(whens_of(article), default=None),
                    )
                found.append(entry)
            yield found


def _publishers(entries: Iterable[_Entry], most: int) -> list[PublisherOut]:
    """Each publisher once, however articles write it, and only those with most articles."""
    counts, written = Counter[str](), dict[str, str]()
    for entry in entries:
        own = {key_of(publisher_name(name, "en")): name for name in entry.values[PUBLISHERS.field].values()}
        counts.update(own.keys())
        written |= own
    return [
        PublisherOut(
            name=publisher_name(written[key], "en"),
            articles=count,
            names=publisher_names(written[key]),
        )
        for key, count in counts.most_common(most)
    ]


def add_overview(app: FastAPI, index: LiveStore) -> None:
    """Add the route."""
    overview = Overview(index)

    @app.get("/v1/overview", summary="What the index holds")
    def count(query: Annotated[OverviewIn, Query()]) -> OverviewOut:
        return overview.count(query)
