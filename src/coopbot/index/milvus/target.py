"""Writes the index to Milvus: adds rows of new articles, marks rows of removed ones, and makes the new snapshot current.

Whatever stops a build, the snapshot before it stays current. The next build undoes what a killed one left.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from itertools import count, islice
from pathlib import Path
from uuid import uuid4

from coopbot.domain import LANGUAGES, Language
from coopbot.errors import Busy, IndexBroken, IndexMismatch, IndexMissing
from coopbot.index.disk.lock import write_lock
from coopbot.index.milvus import schema
from coopbot.index.milvus.client import LOAD_S, Milvus
from coopbot.index.milvus.schema import NEVER, Kind, Names, Row, SnapshotManifest, literals, pack, record_rows
from coopbot.index.milvus.store import CURRENT, WRITER, MilvusStore, open_store
from coopbot.index.types import ArticleRows, Facts, State
from coopbot.records import to_json

# Articles removed or added together.
_TOGETHER = 64
# A build of at least this many passages has Milvus index them before readers see them: searching rows without an index is slow.
_FLUSHED = 500
# Snapshots that stay readable: the newest three, and those that were current in the last five minutes.
_KEPT, _KEPT_MS = 3, 300_000
# Ids of rows begin with the number of the snapshot; this many bits number the rows within it.
_ID_BITS = 20
# `state` is never flushed: Milvus may not return rows for a moment while it flushes them.
_FLUSHED_KINDS: tuple[Kind, ...] = ("passages", "records")


class MilvusTarget:
    """Implements `Target`. index_dir: has the lock, so that one machine writes."""

    def __init__(self, milvus: Milvus, index_dir: Path, prefix: str = schema.PREFIX) -> None:
        self._milvus = milvus
        self._index_dir = index_dir
        self._prefix = prefix
        self._base: MilvusStore | None = None

    def lock(self) -> AbstractContextManager[None]:
        """See `Target`."""
        return write_lock(self._index_dir)

    def state(self, fingerprint: str) -> State | None:
        """See `Target`. Raises Unreachable."""
        self._base = None
        try:
            self._base = base = open_store(self._milvus, Names(self._prefix, fingerprint))
        except (IndexMissing, IndexMismatch, IndexBroken):
            return None
        return State(snapshot_id=base.snapshot_id, contents=base.manifest, sha256_by_article=base.sha256_by_article())

    def write(self, removed: frozenset[str], rows: Iterator[ArticleRows], facts: Facts) -> State:
        """See `Target`. Raises Busy (another machine wrote meanwhile), Unreachable."""
        names = Names(self._prefix, facts.fingerprint)
        build = Build(self._milvus, names, self._base, facts)
        article_ids = sorted(removed)
        for start in range(0, len(article_ids), _TOGETHER):
            build.remove(article_ids[start : start + _TOGETHER])
        while group := list(islice(rows, _TOGETHER)):
            build.add(group)
        manifest = build.finish()
        known = self._milvus.alias_target(names.prefix)
        self._milvus.call("alter_alias" if known else "create_alias", names["state"], names.prefix)
        if self._base:
            # Rows of snapshots that are no longer kept, and collections of other models and formats. If this is interrupted,
            # the next build does it.
            oldest = min(manifest.newest[0], manifest.number - _KEPT_MS)
            for kind in _FLUSHED_KINDS:
                self._milvus.call("delete", names[kind], filter=f"removed <= {oldest}")
            ours = re.compile(rf"{re.escape(names.prefix)}_[0-9a-f]{{8}}_[a-z]+")
            for collection in self._milvus.call("list_collections"):
                if ours.fullmatch(collection) and not collection.startswith(names.stem):
                    self._milvus.call("drop_collection", collection)
        return State(snapshot_id=manifest.snapshot_id, contents=manifest, sha256_by_article={})


class Build:
    """Writes the snapshot after `base`: call `remove` and `add` any number of times, then `finish`.

    Undoes what a killed build left, and registers itself. base: None for the first snapshot of a model and format. Raises Busy.
    """

    def __init__(self, milvus: Milvus, names: Names, base: MilvusStore | None, facts: Facts) -> None:
        self._milvus = milvus
        self._names = names
        self._facts = facts
        self._base = base or self._empty_snapshot()
        before = self._base.manifest
        built_ms = int(datetime.fromisoformat(facts.built_at).timestamp() * 1000)
        self._number = max(built_ms, before.number + 1)
        self._ids = count(self._number << _ID_BITS)
        self._writer = uuid4().hex
        self._articles, self._sentences = before.articles, before.sentences
        self._passages, self._words = Counter(before.passages), Counter(before.words)
        self._word_changes: dict[Language, Counter[int]] = {language: Counter() for language in LANGUAGES}
        self._added = 0
        if self._last_writer() != before.writer:
            self._undo()
        self._write_state(WRITER, "writer", [self._writer])

    def _empty_snapshot(self) -> MilvusStore:
        """Create collections with an empty snapshot, replacing damaged ones and those of a killed build."""
        if self._milvus.alias_target(self._names.prefix) == self._names["state"]:
            self._milvus.call("drop_alias", self._names.prefix)
        for collection in self._milvus.call("list_collections"):
            if collection.startswith(self._names.stem):
                self._milvus.call("drop_collection", collection)
        for kind in schema.KINDS:
            self._milvus.create(self._names[kind], kind, self._facts.dim)
        empty = SnapshotManifest(newest=(0,), writer="", facts=self._facts, articles=0, passages={}, sentences=0, words={})
        self._write_state(CURRENT, "current", pack(to_json(SnapshotManifest, empty)))
        return MilvusStore(self._milvus, self._names, empty, opened_s=0.0)

    def add(self, group: Sequence[ArticleRows]) -> None:
        """Add articles. Those with the same ids must have been removed."""
        records: list[Row] = []
        passages: dict[Language, list[Row]] = {language: [] for language in LANGUAGES}
        for one in group:
            record, own = schema.article_rows(self._ids, one, self._number)
            records += record
            passages[one.article.language] += own
        self._milvus.upsert(self._names["records"], records)
        for language, rows in passages.items():
            self._milvus.upsert(self._names["passages"], rows, partition=language)
            self._count(language, rows, 1)
            self._added += len(rows)
        self._articles += len(group)

    def remove(self, article_ids: Sequence[str]) -> None:
        """Remove articles; unknown ids are ignored."""
        records = self._mark_records([schema.article_name(article_id) for article_id in article_ids])
        # The passages of an article have the ids that follow that of its last record.
        ids = [row["id"] + place for row in records for place in range(1, row["passages"] + 1)]
        for language in LANGUAGES if ids else ():
            columns = ["id", "words", "length", "sentences"]
            rows = self._milvus.query(self._names["passages"], f"id in {literals(ids)}", columns, partition_names=[language])
            self._mark("passages", language, rows, self._number)
            self._count(language, rows, -1)
        self._articles -= sum(bool(row["sha256"]) for row in records)

    def finish(self) -> SnapshotManifest:
        """Make the snapshot current. Raises Busy."""
        for language, changes in self._word_changes.items():
            if changes:
                counts = schema.changed_counts(self._base.word_counts(language), changes)
                name = schema.words_name(language)
                self._mark_records([name])
                self._milvus.upsert(self._names["records"], record_rows(self._ids, name, pack(counts.tobytes()), self._number))
        for kind in _FLUSHED_KINDS if self._added >= _FLUSHED else ():
            self._milvus.call("flush", self._names[kind], timeout=LOAD_S)
        manifest = SnapshotManifest(
            writer=self._writer,
            facts=self._facts,
            articles=self._articles,
            passages=dict(+self._passages),
            sentences=self._sentences,
            words=dict(+self._words),
            newest=(*self._base.manifest.newest, self._number)[-_KEPT:],
        )
        if self._last_writer() != self._writer:
            raise self._busy()
        self._write_state(CURRENT, "current", pack(to_json(SnapshotManifest, manifest)))
        return manifest

    def _write_state(self, row_id: int, name: str, parts: Sequence[str]) -> None:
        self._milvus.upsert(self._names["state"], record_rows(iter([row_id]), name, parts))

    def _last_writer(self) -> str:
        """The build that was registered last. Raises Busy if `base` is not the current snapshot any more."""
        rows = self._milvus.query(self._names["state"], f"id in [{CURRENT}, {WRITER}]", ["id", "content"])
        content = {row["id"]: row["content"] for row in rows}
        if schema.record_of(SnapshotManifest, schema.unpack([content.get(CURRENT, "")])).newest != self._base.manifest.newest:
            raise self._busy()
        return str(content.get(WRITER, ""))

    def _busy(self) -> Busy:
        return Busy(f"another machine is writing the index in Milvus at {self._milvus.address}; try again when it has finished")

    def _count(self, language: Language, rows: Sequence[Row], times: int) -> None:
        self._passages[language] += times * len(rows)
        self._words[language] += times * sum(row["length"] for row in rows)
        self._sentences += times * sum(row["sentences"] for row in rows)
        for row in rows:
            for word in row["words"]:
                self._word_changes[language][word] += times

    def _mark_records(self, names: Sequence[str]) -> list[Row]:
        """Mark the records with these names as removed; returns their rows."""
        condition = f"name in {literals(names)} and removed == {NEVER}"
        rows = self._milvus.query(self._names["records"], condition, ["id", "sha256", "passages"])
        self._mark("records", "", rows, self._number)
        return rows

    def _mark(self, kind: Kind, partition: str, rows: Iterable[Row], removed: int) -> None:
        marks = [{"id": row["id"], "removed": removed} for row in rows]
        self._milvus.upsert(self._names[kind], marks, partition=partition, partially=True)

    def _undo(self) -> None:
        """Undo everything written after the base. If interrupted, it can be repeated."""
        base = self._base.manifest.number
        marked = f"removed > {base} and removed < {NEVER}"
        for kind in _FLUSHED_KINDS:
            self._milvus.call("delete", self._names[kind], filter=f"added > {base}")
            for partition in schema.PARTITIONS[kind]:
                own = [partition] if partition else None
                rows = self._milvus.scan(self._names[kind], marked, ["id"], partition_names=own)
                self._mark(kind, partition, rows, NEVER)
