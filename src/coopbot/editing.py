"""Changes to the corpus and index, for every interface: files, addresses, feeds, the HTTP service."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from coopbot.domain import Article
from coopbot.errors import Busy, CoopbotError, Duplicate, Misconfigured, Unreachable, Unreadable
from coopbot.index.build import BuildReport
from coopbot.index.model.embedder import Progress
from coopbot.ingest.addresses import page_key
from coopbot.ingest.corpus.arrival import Arrival
from coopbot.ingest.corpus.files import refusal
from coopbot.ingest.corpus.store import Corpus
from coopbot.ingest.draft import Draft
from coopbot.ingest.formats.readers import ENDINGS, Read, read_bytes, read_file
from coopbot.ingest.web.cited import NotTaken, Visit, cited_pages, fetch_cited
from coopbot.ingest.web.feed import FeedState, ReadFeed, poll_feed, read_feed
from coopbot.ingest.web.fetch import Fetch, fetch, read_url
from coopbot.ingest.web.polite import Polite
from coopbot.records import from_json, to_json
from coopbot.state import State

Result = Arrival | CoopbotError
"""The outcome of adding a source."""

CITED_FOLDER = "cited"
"""The folder of the corpus for fetched pages, which git ignores: they are others' texts."""

# Outcomes of visits after which the corpus has the page.
_HELD = ("added", "unchanged")


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusEditor:
    """Implements `serve.changes.Editor`. `state` has what was read from feeds; `read` and `read_feed` read files and feeds."""

    corpus: Corpus
    state: State
    rebuild: Callable[[Progress], BuildReport]
    """See `Editor`."""
    fetch: Fetch = fetch
    read: Read = read_bytes
    read_feed: ReadFeed = read_feed
    stop: Callable[[], None] = lambda: None
    """See `Editor`."""

    def add_path(self, path: Path) -> Iterator[tuple[str, Result]]:
        """Add a file, or every file in a folder with a supported format: each name with its result."""
        for file, reason in _files(path):
            try:
                if reason:
                    raise Unreadable(str(file), reason)
                yield str(file), self.corpus.add(read_file(file, str(file), self.read))
            except CoopbotError as exc:
                yield str(file), exc

    def add_url(self, url: str) -> Arrival:
        """See `Editor`."""
        return self.corpus.add(read_url(url, self.fetch, self.read))

    def add_file(self, data: bytes, name: str) -> Arrival:
        """See `Editor`."""
        return self.corpus.add(self.read(data, name))

    def add_draft(self, draft: Draft) -> Arrival:
        """See `Editor`."""
        return self.corpus.add(draft)

    def add_feed(self, feed: str) -> Iterator[tuple[str, Result]]:
        """Add the new articles of a feed: each address with its result.

        A later call retries addresses that did not answer, or were being read when the process ended, after a wait that
        doubles. The next call retries what failed because the disk was full or another process was writing. What is not an
        article, or already known, is not retried. Raises what `poll_feed` raises.
        """
        row = self.state.first("SELECT state FROM feeds WHERE feed = ? AND state IS NOT NULL", feed)
        state = from_json(FeedState, row["state"]) if row else FeedState()
        due, state = poll_feed(feed, state, self.fetch, now_s=self.state.now_s(), read=self.read_feed)
        for url in due:
            before, state = state, state.trying(url, self.state.now_s())
            self._save(feed, state)
            try:
                result: Result = self.add_url(url)
            except CoopbotError as exc:
                result = exc
            if isinstance(result, Busy | Misconfigured):
                state = before
            elif not isinstance(result, Unreachable):
                state = state.took(url)
            # After each entry, so that an interruption loses nothing.
            self._save(feed, state)
            yield url, result
        self._save(feed, state)

    def add_cited(
        self, polite: Polite | None = None, progress: Progress = lambda done, total: None
    ) -> Iterator[tuple[str, Visit]]:
        """Add the pages that the articles cite, below `CITED_FOLDER`: each address that was visited, with what became of it.

        A page visited within a day is left out, except one that did not answer; a later visit asks whether it has changed.
        Raises Busy and Misconfigured; a later call goes on.
        """
        articles = [found for found in self.corpus if isinstance(found, Article)]
        held = {page_key(url) for one in articles for url in (one.url, *(other.url for other in one.also_published_by))}
        pages = cited_pages(articles)
        before = {row["url"]: from_json(Visit, row["visit"]) for row in self.state.read("SELECT url, visit FROM cited")}
        # A page whose article has been removed is new.
        before = {url: visit for url, visit in before.items() if visit.outcome not in _HELD or page_key(url) in held}
        now_s = self.state.now_s()
        due = [url for url in pages if not (url in before and before[url].is_fresh(now_s))]
        polite = polite or Polite(self.fetch)
        for done, url in enumerate(polite.in_turn(due)):
            progress(done, len(due))
            visit = self._visit(url, pages[url], before.get(url), polite)
            query = "INSERT INTO cited (url, visit) VALUES (?1, ?2) ON CONFLICT (url) DO UPDATE SET visit = ?2"
            self.state.execute(query, url, to_json(Visit, visit))
            yield url, visit
        progress(len(due), len(due))

    def _visit(self, url: str, sentences: tuple[str, ...], before: Visit | None, polite: Polite) -> Visit:
        visit = Visit(outcome="added", at_s=self.state.now_s())
        try:
            fetched, draft = fetch_cited(url, sentences, before, polite, self.read)
            visit = replace(visit, etag=fetched.etag, last_modified=fetched.last_modified)
            if draft is None:
                return replace(visit, outcome="unchanged", article_id=before.article_id if before else "")
            return replace(visit, article_id=self.corpus.add(draft, CITED_FOLDER).article.article_id)
        except (Busy, Misconfigured):
            raise
        except Duplicate as exc:
            return replace(visit, outcome="known", article_id=exc.article_id)
        except NotTaken as exc:
            return replace(visit, outcome=exc.outcome, reason=exc.reason)
        except Unreachable as exc:
            return replace(visit, outcome="silent", reason=exc.reason)
        except CoopbotError as exc:
            return replace(visit, outcome="unreadable", reason=str(exc).removeprefix(f"{url}: "))

    def remove(self, article_id: str) -> None:
        """See `Editor`."""
        self.corpus.remove(article_id)

    def take_over(self, file: Path) -> None:
        """Take over what an earlier release, 0.1.0, had stored about feeds, and delete its file."""
        with suppress(OSError, ValueError):  # ValueError: it is damaged, so feeds are read from the start
            for feed, state in from_json(dict[str, FeedState], file.read_bytes()).items():
                self._save(feed, state)
            file.unlink()

    def _save(self, feed: str, state: FeedState) -> None:
        query = "INSERT INTO feeds (feed, state) VALUES (?1, ?2) ON CONFLICT (feed) DO UPDATE SET state = ?2"
        self.state.execute(query, feed, to_json(FeedState, state))


def _files(path: Path) -> Iterator[tuple[Path, str]]:
    """The file, or all files in a folder of readable formats and not hidden, each with the reason to refuse it, if any."""
    if not os.path.isdir(path):
        yield path, ""
        return
    found: list[Path] = []
    for folder, subfolders, names in os.walk(path):
        # A link to a folder counts as a file: it is not followed.
        links = [name for name in subfolders if os.path.islink(os.path.join(folder, name))]
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        for file in (Path(folder, name) for name in (*names, *links) if not name.startswith(".")):
            if file.suffix.lower() in ENDINGS or (file.is_symlink() and not file.is_file()):
                found.append(file)
    if not found:
        raise Unreadable(str(path), f"this folder has no file in a supported format; the formats are {' '.join(ENDINGS)}")
    yield from ((file, refusal(file, path)) for file in sorted(found))


def failed(result: Result) -> bool:
    """Whether adding a source failed; a duplicate is not a failure."""
    return isinstance(result, CoopbotError) and not isinstance(result, Duplicate)
