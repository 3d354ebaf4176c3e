"""The corpus folder as a store: one article per file; its id is the path under the root without the extension."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain, count
from pathlib import Path, PurePosixPath
from typing import TypeVar

from coopbot.domain import Article
from coopbot.durable import delete, write_atomically
from coopbot.errors import Duplicate, InvalidRequest, Misconfigured, NotFound, Unreadable
from coopbot.expendable import DatabaseLost
from coopbot.ingest.addresses import page_key
from coopbot.ingest.corpus.arrival import Arrival, Change, corrected, joined, ready_draft, recovered_fields, slug_of, to_article
from coopbot.ingest.corpus.catalogue import Catalogue, Entry, Found
from coopbot.ingest.corpus.files import content_digest, is_aside, list_files, refusal
from coopbot.ingest.corpus.near import band_keys, is_same_story
from coopbot.ingest.decode import decode_text
from coopbot.ingest.draft import Draft
from coopbot.ingest.formats.markdown import amend_article, render_article
from coopbot.ingest.formats.readers import ENDINGS, LARGEST_FILE_BYTES, MARKDOWN, Read, read_bytes, read_file
from coopbot.ingest.formats.sandbox import OverLimit

T = TypeVar("T")

# Files read between updates of the catalogue: this many are held in memory, and lost by an interruption.
_BATCH = 50


class Corpus:
    """The articles under one folder. Every call checks the files, so results are current; writes are atomic.

    `catalogue`: file of the cache that saves reading unchanged files again; None: in memory. `read` reads file contents.
    `limits` identifies its limits: a file that exceeded them is read again once they change.
    """

    def __init__(
        self,
        root: Path,
        catalogue: Path | None = None,
        now_ns: Callable[[], int] = time.time_ns,
        *,
        read: Read = read_bytes,
        limits: str = "",
    ) -> None:
        self._root = root
        self._catalogue = Catalogue(catalogue)
        self._now_ns = now_ns
        self._read_content = read
        self._limits = limits
        self._preview = False

    def __iter__(self) -> Iterator[Found]:
        """Every article in order of id; for a file that cannot be read, the error with its name and the reason."""
        seen: dict[str, str] = {}
        for name, is_catalogued in self._retried(self._refresh).items():
            found = self._retried(partial(self._found, name)) if is_catalogued else self._read_or_reason(name)
            if isinstance(found, Article):
                if found.article_id in seen:
                    found = Unreadable(name, f"{seen[found.article_id]} has the same id; rename one of the two")
                else:
                    seen[found.article_id] = name
            yield found

    def read(self, article_id: str) -> Article:
        """One article. Raises NotFound if there is none with that id, Unreadable if its file is damaged."""
        return self._read(self._locate(article_id))

    def add(self, draft: Draft, folder: str = "") -> Arrival:
        """Adds a draft to the corpus. folder: for new files, within the corpus folder.

        A new text for a known page replaces its article; a near duplicate from another page joins the existing article.
        Raises Duplicate if the identical text is there or the draft adds nothing; InvalidRequest if text or title is missing,
        or the page is there in a file that is not Markdown, which is never rewritten; Busy if another process is adding.
        """
        ready, notes = ready_draft(draft, datetime.fromtimestamp(self._now_ns() / 1e9, UTC).date())
        arrival = self._retried(lambda: self._add(ready, folder))
        return replace(arrival, recovered=recovered_fields(ready), notes=notes)

    def previewing(self) -> Corpus:
        """The same corpus for a dry run: `add` returns what would happen and writes nothing."""
        preview = copy(self)
        preview._preview = True
        return preview

    def remove(self, *article_ids: str) -> None:
        """Deletes the files of articles. Raises NotFound, and deletes none, if any is missing."""
        for name in dict.fromkeys([self._locate(article_id) for article_id in article_ids]):
            delete(self._root / name)

    def _add(self, draft: Draft, folder: str) -> Arrival:
        with self._catalogue.exclusive():
            if self._root.is_dir():
                self._refresh()
            if twin := self._catalogue.with_text(draft.text):
                raise Duplicate(draft.title, _id(twin))
            if page := self._catalogue.with_page(page_key(draft.url)):
                if not page.lower().endswith(MARKDOWN.extensions):
                    raise InvalidRequest(
                        "url", f"the page is in the corpus as {page}, which is not rewritten; replace that file yourself"
                    )
                old = read_file(self._root / page, page, self._read_content)
                return self._written(page, render_article(corrected(old, draft)), "replaced")
            if story := self._same_story(draft):
                path = self._root / story
                whole = None
                if story.lower().endswith(MARKDOWN.extensions):
                    whole = joined(read_file(path, story, self._read_content), draft)
                if whole is None:
                    raise Duplicate(draft.title, _id(story))
                return self._written(story, amend_article(decode_text(path.read_bytes(), story), whole), "joined")
            wanted = str(PurePosixPath(folder, draft.language or "", slug_of(draft)))
            ids = chain([wanted], (f"{wanted}-{number}" for number in count(2)))
            free = (id_ for id_ in ids if not any((self._root / f"{id_}{ending}").exists() for ending in ENDINGS))
            name = f"{next(free)}.md"
            return self._written(name, render_article(draft), "added")

    def _same_story(self, draft: Draft) -> str | None:
        """The file of a near duplicate of the draft, if there is one."""
        keys = band_keys(draft.text)
        if not keys or not draft.language:
            return None
        for name in self._catalogue.unsigned(draft.language):
            if isinstance(found := self._found(name), Article):
                self._catalogue.sign(found.text, band_keys(found.text))
        for name in self._catalogue.alike(keys, draft.language):
            if isinstance(found := self._found(name), Article) and is_same_story(found.text, draft.text):
                return name
        return None

    def _written(self, name: str, text: str, change: Change) -> Arrival:
        path, content = self._root / name, text.encode()
        # Before it is written: what cannot be read back is not left in the corpus.
        article = to_article(_id(name), self._read_content(content, name))
        if not self._preview:
            write_atomically(path.resolve() if path.is_symlink() else path, content)
        return Arrival(article=article, change=change)

    def _retried(self, work: Callable[[], T]) -> T:
        while True:  # a catalogue is lost at most twice
            try:
                return work()
            except DatabaseLost:
                continue

    def _refresh(self) -> dict[str, bool]:
        """Updates the catalogue. Returns all file names in order of id, each with whether the catalogue is current for it."""
        if not self._root.is_dir():
            raise Misconfigured(f"there is no corpus folder {self._root}; create it or set COOPBOT_CORPUS_DIR")
        stamps = list_files(self._root, self._now_ns())
        known = self._catalogue.known()
        self._catalogue.update(gone=known.keys() - stamps.keys())
        changed = [
            name
            for name, stamp in stamps.items()
            if not stamp or name not in known or known[name][0] not in (stamp, self._over_limits(stamp))
        ]
        current = dict.fromkeys(stamps, True)
        for start in range(0, len(changed), _BATCH):
            batch = {name: stamps[name] for name in changed[start : start + _BATCH]}
            entries: list[Entry] = []
            unknown: list[str] = []
            for name, stamp in batch.items():
                content = content_digest(self._root / name, LARGEST_FILE_BYTES)
                is_unchanged = content and name in known and known[name][1] == content
                found = self._found(name) if is_unchanged else self._read_or_reason(name)
                if isinstance(found, Article):
                    entries.append(Entry(name=name, stamp=stamp, content=content, found=found))
                elif isinstance(found.__cause__, OSError):
                    unknown.append(name)  # the disk or the permissions: fixing those does not change the stamp
                else:  # not always because of the bytes: the target of a link may change
                    known_as = self._over_limits(stamp) if isinstance(found, OverLimit) else stamp
                    entries.append(Entry(name=name, stamp=known_as, content=b"", found=found))
            if not self._catalogue.update(entries=entries, gone=unknown):
                current.update(dict.fromkeys(batch, False))
        return current

    def _over_limits(self, stamp: str) -> str:
        """The stamp of a file that exceeded the limits. It names these: under others the file is read again."""
        return f"{stamp} over {self._limits}"

    def _found(self, name: str) -> Found:
        return self._catalogue.get(name) or self._read_or_reason(name)

    def _read_or_reason(self, name: str) -> Found:
        try:
            return self._read(name)
        except Unreadable as error:
            return error

    def _read(self, name: str) -> Article:
        path = self._root / name
        if reason := refusal(path, self._root):
            raise Unreadable(name, reason)
        return to_article(_id(name), read_file(path, name, self._read_content))

    def _locate(self, article_id: str) -> str:
        """The file of an untrusted id: never one outside the root, hidden, or not an article."""
        parts = article_id.split("/")
        plain = all(part and not is_aside(part) and "\\" not in part and part.isprintable() for part in parts)
        if plain and not PurePosixPath(article_id).is_absolute():
            for ending in ENDINGS:
                path = self._root.joinpath(*parts[:-1], parts[-1] + ending)
                with suppress(OSError):  # a name too long for the file system
                    if path.is_file() and path.resolve().is_relative_to(self._root.resolve()):
                        return f"{article_id}{ending}"
        raise NotFound(
            f"no article {article_id[:200]!r} in the corpus; an id is a file's path without its ending, such as ru/most"
        )


def _id(name: str) -> str:
    return os.path.splitext(name)[0]
