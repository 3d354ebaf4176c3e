"""What changes to the corpus and the index ask of the rest of coopbot."""

from __future__ import annotations

from typing import Protocol

from coopbot.index.build import BuildReport
from coopbot.index.model.embedder import Progress
from coopbot.ingest.corpus.arrival import Arrival
from coopbot.ingest.draft import Draft


class Editor(Protocol):
    """Each call is whole or leaves everything as it was, and any of them may raise Busy or Misconfigured.

    Only `rebuild` changes what is answered from. Calls come from one thread at a time.
    """

    def add_url(self, url: str) -> Arrival:
        """Fetch a page, clean it, put it into the corpus. Raises InvalidRequest, Unreachable, Unreadable, Duplicate."""
        ...

    def add_file(self, data: bytes, name: str) -> Arrival:
        """The same with a file's content; the ending of `name` tells the format. Raises Unreadable, Duplicate."""
        ...

    def add_draft(self, draft: Draft) -> Arrival:
        """The same with a text that is clean already. Raises InvalidRequest, Duplicate."""
        ...

    def remove(self, article_id: str) -> None:
        """Take an article out of the corpus. Raises NotFound."""
        ...

    def rebuild(self, progress: Progress) -> BuildReport:
        """Bring the index in line with the corpus. What `progress` raises ends the build; the old snapshot stays in force."""
        ...

    def stop(self) -> None:
        """End a document's reading at once, from any thread. What is asked for afterwards raises Busy where it has to read."""
        ...
