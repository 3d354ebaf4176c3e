"""Writes the index on local disk: a new snapshot has a segment for new articles, plus copies of older segments."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from coopbot.domain import LANGUAGES
from coopbot.errors import CoopbotError, IndexBroken
from coopbot.index.disk.folder import building_folder, current_id, open_current, prune, publish, set_aside, snapshot_ids
from coopbot.index.disk.lock import write_lock
from coopbot.index.disk.manifest import FORMAT, FileEntry, Manifest, Verified, describe_files
from coopbot.index.disk.segment import Segment, SegmentWriter, open_segment
from coopbot.index.disk.snapshot import Shelf, Snapshot
from coopbot.index.types import ArticleRows, Facts, State

KEPT_SNAPSHOTS = 3

# A segment is merged into the new one if it has at most this many times its passages. Segments stay few, and each passage is
# rewritten only a few times.
_GROWTH = 4
# A segment with at least this share of removed passages is rewritten without them.
_REMOVED_SHARE = 0.25

# Segments up to this size are copied into the next snapshot, so that damage to one snapshot leaves the others intact. Copying a
# larger one would delay new articles too long, so it is shared by hard links.
COPIED_BYTES = 512_000_000

_STAMP = "%Y%m%dT%H%M%S"


class LocalTarget:
    """Implements `Target` for one index folder."""

    def __init__(self, index_dir: Path, *, copied_bytes: int = COPIED_BYTES) -> None:
        self._index_dir = index_dir
        self._copied_bytes = copied_bytes
        self._verified: Verified = set()
        self._base: Snapshot | None = None

    def lock(self) -> AbstractContextManager[None]:
        """See `Target`."""
        return write_lock(self._index_dir)

    def state(self, fingerprint: str) -> State | None:
        """See `Target`. A damaged current snapshot is set aside."""
        if self._base:
            self._base.close()
        try:
            self._base = base = open_current(self._index_dir, fingerprint, self._verified)
        except CoopbotError:
            self._base = None
            return None
        damaged = current_id(self._index_dir)
        if base.fault and damaged in snapshot_ids(self._index_dir):
            set_aside(self._index_dir, damaged)
        return State(
            snapshot_id=base.snapshot_id,
            contents=base.manifest,
            sha256_by_article=base.sha256_by_article(),
            whole=not base.fault,
        )

    def write(self, removed: frozenset[str], rows: Iterator[ArticleRows], facts: Facts) -> State:
        """See `Target`."""
        # Free space first, and delete what was left by builds that were killed just before they finished.
        prune(self._index_dir, KEPT_SNAPSHOTS, self._base.snapshot_id if self._base else None)
        try:
            with building_folder(self._index_dir) as folder:
                segments, files = self._write_segments(folder, removed, rows, facts.dim)
                opened = [open_segment(folder / name, facts.dim, frozenset(removed)) for name, removed in segments.items()]
                passages = {language: Shelf(language, opened).live for language in LANGUAGES}
                sentences = sum(segment.passages.sentences_without(segment.removed) for segment in opened)
                articles = sum(len(segment.sha256_by_article) for segment in opened)
                for segment in opened:
                    segment.passages.close()
                manifest = Manifest(
                    format=FORMAT,
                    facts=facts,
                    articles=articles,
                    passages={language: count for language, count in passages.items() if count},
                    sentences=sentences,
                    segments=segments,
                    files=describe_files(folder, files),
                )
                manifest.write(folder)
                built = datetime.fromisoformat(facts.built_at)
                newest = next(iter(snapshot_ids(self._index_dir)), None)
                # Names sort by age even if two builds share a moment or the clock goes backwards.
                if newest:
                    built = max(built, time_of(newest) + timedelta(milliseconds=1))
                digest = sha256((folder / "manifest.json").read_bytes()).hexdigest()[:8]
                snapshot_id = f"{built.strftime(_STAMP)}{built.microsecond // 1000:03d}Z-{digest}"
                publish(self._index_dir, folder, snapshot_id, self._verified)
        except IndexBroken:
            # A file has been damaged since it was verified; the next `state` must verify it again.
            self._verified.clear()
            raise
        prune(self._index_dir, KEPT_SNAPSHOTS)
        return State(snapshot_id=snapshot_id, contents=manifest, sha256_by_article={})

    def _write_segments(
        self, folder: Path, removed: frozenset[str], rows: Iterator[ArticleRows], dim: int
    ) -> tuple[dict[str, list[str]], dict[str, FileEntry]]:
        """(removed articles by segment, the known file entries of the segments carried over)."""
        with ExitStack() as opened:
            new = SegmentWriter(folder / "new", dim)
            opened.callback(new.release)
            for one in rows:
                new.add(one)
            current: list[Segment] = []
            for old in reversed(self._base.segments if self._base else ()):  # newest first
                segment = open_segment(old.folder, dim, old.removed | (removed & old.sha256_by_article.keys()))
                if segment.sha256_by_article:
                    opened.callback(segment.passages.close)
                    current.append(segment)
            kept = self._merge(current, new)
            files = self._carry_over(kept, folder)
            segments = {segment.name: sorted(segment.removed) for segment in kept}
            name = new.close()
        if new.articles:
            os.replace(folder / "new", folder / name)
            segments[name] = []
        else:
            shutil.rmtree(folder / "new")
        return segments, files

    def _merge(self, segments: Sequence[Segment], new: SegmentWriter) -> list[Segment]:
        """Merge small segments and those with many removed articles into the new one; returns the rest."""
        kept = []
        for segment in segments:
            if self._base and (segment.live_passages <= _GROWTH * len(new) or segment.removed_share > _REMOVED_SHARE):
                # Verify again, however recently that was done: damaged data must not get a valid checksum.
                self._base.manifest.verify(segment.folder.parent, set(), f"{segment.name}/")
                for article_id in segment.sha256_by_article:
                    new.add(segment.rows_of(article_id))
            else:
                kept.append(segment)
        return kept

    def _carry_over(self, segments: Sequence[Segment], folder: Path) -> dict[str, FileEntry]:
        """Copy or link segments into a new snapshot; returns the manifest's entries for their files."""
        known = self._base.manifest.files if self._base else {}
        carried: dict[str, FileEntry] = {}
        for segment in segments:
            own = {name: entry for name, entry in known.items() if name.startswith(f"{segment.name}/")}
            shared = sum(int(entry["bytes"]) for entry in own.values()) > self._copied_bytes
            for name in own:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                source, target = segment.folder.parent / name, folder / name
                if shared:
                    with suppress(OSError):  # a file system without hard links
                        os.link(source, target)
                        continue
                shutil.copyfile(source, target)
            carried |= own
        return carried


def time_of(snapshot_id: str) -> datetime:
    """When a snapshot was built, by its name; the distant past if the name has no time."""
    try:
        seconds = datetime.strptime(snapshot_id[:15], _STAMP).replace(tzinfo=UTC)
        return seconds + timedelta(milliseconds=int(snapshot_id[15:18]))
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
