"""An Editor whose corpus is a dictionary and whose web is another; the index is a real one, in a folder."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from coopbot.domain import Article
from coopbot.errors import Busy, CoopbotError, Duplicate, NotFound, Unreachable
from coopbot.index.build import BuildReport, build
from coopbot.index.model.embedder import Embedder, Progress
from coopbot.ingest.corpus.arrival import Arrival
from coopbot.ingest.draft import Draft
from coopbot.serve.changes import Change, Changes
from tests.fakes import make_article


class FakeEditor:
    """`busy` is how many calls are still refused because another process writes; `gate` holds rebuilds while it is not set."""

    def __init__(self, index_dir: Path, embedder: Embedder, articles: Iterable[Article] = ()) -> None:
        self.index_dir = index_dir
        self.embedder = embedder
        self.articles = {article.article_id: article for article in articles}
        self.web: dict[str, Draft] = {}
        self.busy = 0
        self.before_adding: Callable[[], object] = lambda: None
        self.failure: Exception | None = None
        self.rebuilds = 0
        self.rebuilding = threading.Event()
        self.gate = threading.Event()
        self.gate.set()

    def add_url(self, url: str) -> Arrival:
        self._refuse()
        if url not in self.web:
            raise Unreachable(url, "answered 404 (not found); check the address")
        return self._put(replace(self.web[url], url=url))

    def add_file(self, data: bytes, name: str) -> Arrival:
        return self.add_draft(Draft(title=name, text=data.decode()))

    def add_draft(self, draft: Draft) -> Arrival:
        self._refuse()
        return self._put(draft)

    def add_feed(self, feed: str) -> Iterator[tuple[str, Arrival | CoopbotError]]:
        """The pages of the web whose addresses begin with the feed's."""
        for url in [one for one in self.web if one.startswith(feed)]:
            try:
                yield url, self.add_url(url)
            except Duplicate as exc:
                yield url, exc

    def remove(self, article_id: str) -> None:
        self._refuse()
        if article_id not in self.articles:
            raise NotFound(f"no article {article_id!r} in the corpus")
        del self.articles[article_id]

    def rebuild(self, progress: Progress) -> BuildReport:
        self.rebuilds += 1
        self.rebuilding.set()
        assert self.gate.wait(30)
        self._refuse()
        if self.failure:
            raise self.failure
        return build(self.articles.values(), self.embedder, self.index_dir, model="bag", precision="f32", progress=progress)

    def stop(self) -> None:
        """There is nothing to stop: nothing is read in a process here."""

    def _refuse(self) -> None:
        if self.busy:
            self.busy -= 1
            raise Busy("another process is writing the index; try again when it has finished")

    def _put(self, draft: Draft) -> Arrival:
        self.before_adding()
        for article in self.articles.values():
            if article.text == draft.text:
                raise Duplicate(draft.url or draft.title, article.article_id)
        earlier = [article.article_id for article in self.articles.values() if draft.url and article.url == draft.url]
        language = draft.language or "en"
        article_id = earlier[0] if earlier else f"{language}/{draft.title.lower().replace(' ', '-')}"
        made = make_article(
            article_id,
            draft.text,
            language=language,
            title=draft.title,
            publisher=draft.publisher,
            published=draft.published,
            url=draft.url,
        )
        article = self.articles[article_id] = replace(made, authors=draft.authors)
        return Arrival(article=article, change="replaced" if earlier else "added")


def finished(changes: Changes, change: Change | None) -> Change:
    """The change when it is done or failed."""
    assert change is not None
    deadline = time.monotonic() + 30
    while (now := changes.get(change.change_id)).finished_at is None:
        assert time.monotonic() < deadline, f"still {now.state}"
        time.sleep(0.002)
    return now
