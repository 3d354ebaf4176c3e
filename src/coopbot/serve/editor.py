"""The Protocol of changes to corpus and index."""

from __future__ import annotations

from typing import Protocol

from coopbot.index.build import BuildReport
from coopbot.index.model.embedder import Progress
from coopbot.ingest.corpus.arrival import Arrival
from coopbot.ingest.draft import Draft


class Editor(Protocol):
    """Each call succeeds completely or changes nothing. Any of them may raise Busy or Misconfigured.

    Answers change only with `rebuild`. Calls come from one thread at a time, except `stop`.
    """

    def add_url(self, url: str) -> Arrival:
        """Fetch a page, clean it and add it to the corpus. Raises InvalidRequest, Unreachable, Unreadable, Duplicate."""
        ...

    def add_file(self, data: bytes, name: str) -> Arrival:
        """Add the article in a file. The extension of `name` decides the format. Raises Unreadable, Duplicate."""
        ...

    def add_draft(self, draft: Draft) -> Arrival:
        """Add an article given as clean text. Raises InvalidRequest, Duplicate."""
        ...

    def remove(self, article_id: str) -> None:
        """Remove an article from the corpus. Raises NotFound."""
        ...

    def rebuild(self, progress: Progress, /) -> BuildReport:
        """Update the index from the corpus. An error raised by `progress` ends the build; the old snapshot stays current."""
        ...

    def stop(self) -> None:
        """Stop reading documents at once, from any thread. Later calls that have to read one raise Busy."""
        ...
