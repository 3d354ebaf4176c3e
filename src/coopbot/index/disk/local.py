"""An index on this machine's disk: a new snapshot is new segments for what is new, and copies of those that go on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from coopbot.domain import LANGUAGES
from coopbot.errors import CoopbotError, IndexBroken
from coopbot.index.disk.folder import (
    building_folder,
    current_id,
    open_current,
    prune,
    publish,
    set_aside,
    snapshot_ids,
    write_lock,
)
from coopbot.index.disk.manifest import FORMAT, Facts, FileEntry, Manifest, Verified, describe_files
from coopbot.index.disk.segment import Segment, SegmentWriter, open_segment
from coopbot.index.disk.shelf import Shelf
from coopbot.index.disk.snapshot import Snapshot
from coopbot.index.rows import ArticleRows
from coopbot.index.target import State

KEPT_SNAPSHOTS = 3

# A segment is taken into the new one if it has at most so many times the passages, so that segments stay few and each passage
# is written anew only a few times in its life.
_GROWTH = 4
# From this share of dead passages on, a segment is written anew without them.
_DEAD_SHARE = 0.25

# A segment up to this size is copied into the next snapshot, so that damage to one snapshot leaves the others whole. A larger
# one, whose copy would take longer than an article may take to arrive, is shared by hard links.
COPIED_BYTES = 512_000_000

_STAMP = "%Y%m%dT%H%M%S"


class LocalTarget:
    """Keeps the `Target` contract for one index folder."""

    def __init__(self, index_dir: Path, *, copied_bytes: int = COPIED_BYTES) -> None:
        self._index_dir = index_dir
        self._copied_bytes = copied_bytes
        self._verified: Verified = set()
        self._held: Snapshot | None = None

    def lock(self) -> AbstractContextManager[None]:
        """See `Target`."""
        return write_lock(self._index_dir)

    def state(self, fingerprint: str) -> State | None:
        """See `Target`. A damaged current snapshot is set aside."""
        if self._held:
            self._held.close()
        try:
            self._held = held = open_current(self._index_dir, fingerprint, self._verified)
        except CoopbotError:
            self._held = None
            return None
        damaged = current_id(self._index_dir)
        if held.fault and damaged in snapshot_ids(self._index_dir):
            set_aside(self._index_dir, damaged)
        return State(
            snapshot_id=held.snapshot_id,
            facts=held.manifest.facts,
            sha256_by_article=held.sha256_by_article(),
            passages=sum(held.manifest.passages.values()),
            whole=not held.fault,
        )

    def write(self, gone: frozenset[str], rows: Iterator[ArticleRows], facts: Facts) -> State:
        """See `Target`."""
        # Makes room, and limits what builds that were killed just before the end leave behind.
        prune(self._index_dir, KEPT_SNAPSHOTS, self._held.snapshot_id if self._held else None)
        try:
            return self._write(gone, rows, facts)
        except IndexBroken:
            # A file has been damaged since it was verified: the next `state` shall see it.
            self._verified.clear()
            raise

    def _write(self, gone: frozenset[str], rows: Iterator[ArticleRows], facts: Facts) -> State:
        with building_folder(self._index_dir) as folder:
            segments, files = self._write_segments(folder, gone, rows, facts.dim)
            manifest = _manifest(folder, facts, segments, files)
            manifest.write(folder)
            snapshot_id = self._name(folder, facts)
            publish(self._index_dir, folder, snapshot_id, self._verified)
        prune(self._index_dir, KEPT_SNAPSHOTS)
        return State(
            snapshot_id=snapshot_id,
            facts=facts,
            sha256_by_article={},
            passages=sum(manifest.passages.values()),
            whole=True,
        )

    def _write_segments(
        self, folder: Path, gone: frozenset[str], rows: Iterator[ArticleRows], dim: int
    ) -> tuple[dict[str, list[str]], dict[str, FileEntry]]:
        """(segments with their dead articles, what is known of the files of those that go on)."""
        with ExitStack() as opened:
            new = SegmentWriter(folder / "new", dim)
            opened.callback(new.release)
            for one in rows:
                new.add(one)
            survivors = self._survivors(gone, dim)
            for segment in survivors:
                opened.callback(segment.passages.close)
            kept = self._fold(survivors, new)
            files = self._carry(kept, folder)
            segments = {segment.name: sorted(segment.dead) for segment in kept}
            name = new.close()
        if new.articles:
            os.replace(folder / "new", folder / name)
            segments[name] = []
        else:
            shutil.rmtree(folder / "new")
        return segments, files

    def _survivors(self, gone: frozenset[str], dim: int) -> list[Segment]:
        """The segments in force that still have living articles, newest first."""
        opened = [
            open_segment(segment.folder, dim, segment.dead | (gone & segment.sha256_by_article.keys()))
            for segment in reversed(self._held.segments if self._held else ())
        ]
        return [segment for segment in opened if segment.sha256_by_article]

    def _fold(self, segments: Sequence[Segment], new: SegmentWriter) -> list[Segment]:
        """Write the living articles of small and of half-dead segments into the new one; returns the others."""
        kept = []
        for segment in segments:
            if self._held and (segment.live_passages <= _GROWTH * len(new) or segment.dead_share > _DEAD_SHARE):
                # However lately it was verified: what is damaged shall not get a checksum that holds.
                self._held.manifest.verify(segment.folder.parent, set(), f"{segment.name}/")
                for article_id in segment.sha256_by_article:
                    new.add(segment.rows_of(article_id))
            else:
                kept.append(segment)
        return kept

    def _carry(self, segments: Sequence[Segment], folder: Path) -> dict[str, FileEntry]:
        """Bring segments into a new snapshot; returns what the manifest says of their files."""
        known = self._held.manifest.files if self._held else {}
        carried: dict[str, FileEntry] = {}
        for segment in segments:
            own = {name: entry for name, entry in known.items() if name.startswith(f"{segment.name}/")}
            shared = sum(int(entry["bytes"]) for entry in own.values()) > self._copied_bytes
            for name in own:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                _copy(segment.folder.parent / name, folder / name, link=shared)
            carried |= own
        return carried

    def _name(self, folder: Path, facts: Facts) -> str:
        """Time and checksum. Names sort by age, also where two builds fall into one moment or the clock goes backwards."""
        built = datetime.fromisoformat(facts.built_at)
        newest = next(iter(snapshot_ids(self._index_dir)), None)
        if newest:
            built = max(built, time_of(newest) + timedelta(milliseconds=1))
        digest = sha256((folder / "manifest.json").read_bytes()).hexdigest()[:8]
        return f"{built.strftime(_STAMP)}{built.microsecond // 1000:03d}Z-{digest}"


def _copy(source: Path, target: Path, *, link: bool) -> None:
    if link:
        try:
            os.link(source, target)
        except OSError:  # a file system without hard links
            pass
        else:
            return
    shutil.copyfile(source, target)


def _manifest(folder: Path, facts: Facts, segments: dict[str, list[str]], known: dict[str, FileEntry]) -> Manifest:
    opened = [open_segment(folder / name, facts.dim, frozenset(dead)) for name, dead in segments.items()]
    passages = {language: Shelf(language, opened).live for language in LANGUAGES}
    sentences = sum(segment.passages.sentences_without(segment.dead) for segment in opened)
    articles = sum(len(segment.sha256_by_article) for segment in opened)
    for segment in opened:
        segment.passages.close()
    return Manifest(
        format=FORMAT,
        facts=facts,
        articles=articles,
        passages={language: count for language, count in passages.items() if count},
        sentences=sentences,
        segments=segments,
        files=describe_files(folder, known),
    )


def time_of(snapshot_id: str) -> datetime:
    """When a snapshot was built, by its name; long ago if the name tells nothing."""
    try:
        seconds = datetime.strptime(snapshot_id[:15], _STAMP).replace(tzinfo=UTC)
        return seconds + timedelta(milliseconds=int(snapshot_id[15:18]))
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
