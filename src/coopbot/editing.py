"""Changes to the corpus and what follows from them, for every way in: files, addresses, feeds, the HTTP service."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from coopbot.errors import Busy, CoopbotError, Duplicate, Misconfigured, Unreachable, Unreadable
from coopbot.index.build import BuildReport
from coopbot.index.embedder import Progress
from coopbot.ingest.arrival import Arrival
from coopbot.ingest.corpus import Corpus
from coopbot.ingest.draft import Draft
from coopbot.ingest.feed import FeedState, load_states, poll_feed, save_states
from coopbot.ingest.fetch import Fetch, fetch
from coopbot.ingest.files import refusal
from coopbot.ingest.readers import ENDINGS, read_bytes, read_file
from coopbot.ingest.web import read_url

Result = Arrival | CoopbotError
"""What became of a source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusEditor:
    """Keeps the `Editor` contract. `reindex` brings the index in line with the corpus; `feed_states` is where feeds stand."""

    corpus: Corpus
    feed_states: Path
    reindex: Callable[[Progress], BuildReport]
    fetch: Fetch = fetch

    def add_path(self, path: Path) -> Iterator[tuple[str, Result]]:
        """A file, or every file of a folder that can be read: each with what became of it."""
        for file, reason in _files(path):
            try:
                if reason:
                    raise Unreadable(str(file), reason)
                yield str(file), self.corpus.add(read_file(file))
            except CoopbotError as exc:
                yield str(file), exc

    def add_url(self, url: str) -> Arrival:
        """See `Editor`."""
        return self.corpus.add(read_url(url, self.fetch))

    def add_file(self, data: bytes, name: str) -> Arrival:
        """See `Editor`."""
        return self.corpus.add(read_bytes(data, name))

    def add_draft(self, draft: Draft) -> Arrival:
        """See `Editor`."""
        return self.corpus.add(draft)

    def add_feed(self, feed: str) -> Iterator[tuple[str, Result]]:
        """The articles of a feed that were not taken yet: each address with what became of it.

        An address that does not answer, or for which there was no room, is tried again with the next call; what is no article
        or known already is not. Raises what `poll_feed` raises.
        """
        states = load_states(self.feed_states)
        entries, state = poll_feed(feed, states.get(feed, FeedState()), self.fetch)
        for entry in entries:
            result = self._try_url(entry.url)
            if not isinstance(result, Unreachable | Busy | Misconfigured):
                state = state.took(entry.url)
            # After each, so that an interruption costs nothing.
            save_states(self.feed_states, {**states, feed: state})
            yield entry.url, result
        save_states(self.feed_states, {**states, feed: state})

    def remove(self, article_id: str) -> None:
        """See `Editor`."""
        self.corpus.remove(article_id)

    def rebuild(self, progress: Progress) -> BuildReport:
        """See `Editor`."""
        return self.reindex(progress)

    def _try_url(self, url: str) -> Result:
        try:
            return self.add_url(url)
        except CoopbotError as exc:
            return exc


def _files(path: Path) -> Iterator[tuple[Path, str]]:
    """The file itself; of a folder, its readable formats without hidden files. Each with the reason to refuse it, if any."""
    if not os.path.isdir(path):
        yield path, ""
        return
    found = sorted(file for file in _walk(path) if file.suffix.lower() in ENDINGS or _leads_to_no_file(file))
    if not found:
        raise Unreadable(str(path), f"there is no file to read in this folder; formats are {' '.join(ENDINGS)}")
    yield from ((file, refusal(file, path)) for file in found)


def _leads_to_no_file(path: Path) -> bool:
    return os.path.islink(path) and not os.path.isfile(path)


def _walk(root: Path) -> Iterator[Path]:
    """What is not hidden in a folder and those below it. A link to a folder counts as a file: it is not followed."""
    for folder, subfolders, names in os.walk(root):
        links = [name for name in subfolders if os.path.islink(os.path.join(folder, name))]
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        yield from (Path(folder, name) for name in (*names, *links) if not name.startswith("."))


def failed(result: Result) -> bool:
    """Whether a source gave no article though it should have: what is known already is no failure of a folder or a feed."""
    return isinstance(result, CoopbotError) and not isinstance(result, Duplicate)
