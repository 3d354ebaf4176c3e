"""Changes to the corpus and what follows from them, for every way in: files, addresses, feeds, the HTTP service."""

from __future__ import annotations

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
        for file in _files(path):
            try:
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


def _files(path: Path) -> Iterator[Path]:
    """The file itself; of a folder, its files in the formats that are read, hidden ones left out."""
    if not path.is_dir():
        yield path
        return
    found = [
        file
        for file in sorted(path.rglob("*"))
        if file.is_file()
        and file.suffix.lower() in ENDINGS
        and not any(p.startswith(".") for p in file.relative_to(path).parts)
    ]
    if not found:
        raise Unreadable(str(path), f"there is no file to read in this folder; formats are {' '.join(ENDINGS)}")
    yield from found


def _is_open(file: Path, root: Path) -> bool:
    """Whether it is a file that is not hidden, nor in a hidden folder under the root."""
    return file.is_file() and not any(part.startswith(".") for part in file.relative_to(root).parts)


def failed(result: Result) -> bool:
    """Whether a source gave no article though it should have: what is known already is no failure of a folder or a feed."""
    return isinstance(result, CoopbotError) and not isinstance(result, Duplicate)
