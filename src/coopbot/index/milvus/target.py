"""Articles into Milvus: rows of articles that come, marks on those that go, and the row that puts the new snapshot in force.

Whatever stops a build, the snapshot before it stays in force; what a killed build left is undone by the next.
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
from coopbot.index.disk.folder import write_lock
from coopbot.index.milvus.client import Milvus
from coopbot.index.milvus.rows import (
    SnapshotInfo,
    article_name,
    article_rows,
    changed_counts,
    load_counts,
    pack,
    record_rows,
    unpack,
    words_name,
)
from coopbot.index.milvus.schema import KINDS, NEVER, PARTITIONS, PREFIX, Kind, Names, Row, literals
from coopbot.index.milvus.store import IN_FORCE, WRITER, MilvusStore, open_store
from coopbot.index.types import ArticleRows, Facts, State
from coopbot.records import from_json, to_json

# Articles written together, and passages deleted together.
_TOGETHER, _DELETED = 64, 5000

# A build of so many has Milvus index them before they can be asked for: searching what is not indexed takes time by the row.
_FLUSHED = 500
# Snapshots that stay readable: the newest three, and those that were in force not long ago, for who is still reading them.
_KEPT, _KEPT_MS = 3, 300_000
# Rows are numbered by snapshot and, within it, in the order of writing.
_NUMBER_BITS = 20
# What a snapshot is made of. `state` is never flushed: what is being flushed may be out of sight for a moment.
_ROWS: tuple[Kind, ...] = ("passages", "records")


class MilvusTarget:
    """Keeps the `Target` contract. `index_dir` has the lock: one machine writes."""

    def __init__(self, milvus: Milvus, index_dir: Path, prefix: str = PREFIX) -> None:
        self._milvus = milvus
        self._index_dir = index_dir
        self._prefix = prefix
        self._held: MilvusStore | None = None

    def lock(self) -> AbstractContextManager[None]:
        """See `Target`."""
        return write_lock(self._index_dir)

    def state(self, fingerprint: str) -> State | None:
        """See `Target`. Raises Unreachable."""
        self._held = None
        try:
            self._held = open_store(self._milvus, Names(self._prefix, fingerprint))
        except (IndexMissing, IndexMismatch, IndexBroken):
            return None
        return _state(self._held.manifest, self._held.sha256_by_article())

    def write(self, gone: frozenset[str], rows: Iterator[ArticleRows], facts: Facts) -> State:
        """See `Target`. Raises Busy (another machine wrote meanwhile), Unreachable."""
        names = Names(self._prefix, facts.fingerprint)
        if self._held is None:
            _start_anew(self._milvus, names, facts.dim)
        build = Build(self._milvus, names, self._held, facts)
        build.begin()
        added: set[str] = set()
        while group := list(islice(rows, _TOGETHER)):
            build.add(group)
            added |= {one.article.article_id for one in group}
        removed = sorted(gone - added)
        for start in range(0, len(removed), _TOGETHER):
            build.remove(removed[start : start + _TOGETHER])
        info = build.finish()
        self._milvus.point_alias(names.prefix, names["state"])
        if self._held:
            _prune(self._milvus, names, info)
        return _state(info, {})


def _state(info: SnapshotInfo, sha256_by_article: dict[str, str]) -> State:
    return State(
        snapshot_id=info.snapshot_id,
        facts=info.facts,
        sha256_by_article=sha256_by_article,
        passages=sum(info.passages.values()),
        whole=True,
    )


def _start_anew(milvus: Milvus, names: Names, dim: int) -> None:
    """Empty collections in the place of what a killed build may have left: what the alias does not stand for, nobody reads."""
    if milvus.alias_target(names.prefix) == names["state"]:
        milvus.drop_alias(names.prefix)
    for collection in milvus.collections():
        if collection.startswith(names.stem):
            milvus.drop(collection)
    for kind in KINDS:
        milvus.create(names[kind], kind, dim)


class Build:
    """The snapshot after `base`. `begin`, then `add` and `remove` as often as need be, then `finish`."""

    def __init__(self, milvus: Milvus, names: Names, base: MilvusStore | None, facts: Facts) -> None:
        self._milvus = milvus
        self._names = names
        self._base = base
        self._facts = facts
        self._writer = uuid4().hex
        before = base.manifest if base else None
        built_ms = int(datetime.fromisoformat(facts.built_at).timestamp() * 1000)
        self._newest = before.newest if before else ()
        self._number = max(built_ms, *(number + 1 for number in self._newest), 1)
        self._ids = count(self._number << _NUMBER_BITS)
        self._articles = before.articles if before else 0
        self._sentences = before.sentences if before else 0
        self._passages: Counter[Language] = Counter(before.passages if before else {})
        self._words: Counter[Language] = Counter(before.words if before else {})
        self._word_changes: dict[Language, Counter[int]] = {language: Counter() for language in LANGUAGES}
        self._added = 0

    def begin(self) -> None:
        """Undo what a killed build left, and announce this one. Raises Busy."""
        if self._announced() != (self._base.manifest.writer if self._base else ""):
            self._undo()
        self._milvus.upsert(self._names["state"], record_rows(iter([WRITER]), "writer", [self._writer]))

    def add(self, group: Sequence[ArticleRows]) -> None:
        """Articles, in the place of those with the same ids."""
        self.remove([one.article.article_id for one in group])
        records: list[Row] = []
        passages: dict[Language, list[Row]] = {language: [] for language in LANGUAGES}
        for one in group:
            record, own = article_rows(self._ids, one, self._number)
            records += record
            passages[one.article.language] += own
        self._milvus.upsert(self._names["records"], records)
        for language, rows in passages.items():
            self._milvus.upsert(self._names["passages"], rows, partition=language)
            self._count(language, rows, 1)
            self._added += len(rows)
        self._articles += len(group)

    def remove(self, article_ids: Sequence[str]) -> None:
        """Articles that are gone; ids that are not known are passed over."""
        if self._base is None:
            return
        removed = self._mark_records([article_name(article_id) for article_id in article_ids])
        ids = _passage_ids(removed)
        for language in LANGUAGES if ids else ():
            columns = ["id", "words", "length", "sentences"]
            rows = self._milvus.query(self._names["passages"], f"id in {literals(ids)}", columns, partition=language)
            self._mark("passages", language, rows, self._number)
            self._count(language, rows, -1)
        self._articles -= sum(bool(row["sha256"]) for row in removed)

    def finish(self) -> SnapshotInfo:
        """Put the snapshot in force. Raises Busy."""
        for language, changes in self._word_changes.items():
            if changes:
                self._write_words(language, changes)
        for kind in _ROWS if self._added >= _FLUSHED else ():
            self._milvus.flush(self._names[kind])
        info = SnapshotInfo(
            writer=self._writer,
            facts=self._facts,
            articles=self._articles,
            passages={language: passages for language, passages in self._passages.items() if passages},
            sentences=self._sentences,
            words={language: words for language, words in self._words.items() if words},
            newest=(*self._newest, self._number)[-_KEPT:],
        )
        if self._announced() != self._writer:
            raise self._busy()
        self._milvus.upsert(self._names["state"], record_rows(iter([IN_FORCE]), "in force", pack(to_json(SnapshotInfo, info))))
        return info

    def _announced(self) -> str:
        """Which build was announced last. Raises Busy if another snapshot is in force than the one that this goes on from."""
        rows = self._milvus.query(self._names["state"], f"id in [{IN_FORCE}, {WRITER}]", ["id", "content"])
        content = {row["id"]: row["content"] for row in rows}
        newest = from_json(SnapshotInfo, unpack([content[IN_FORCE]])).newest if IN_FORCE in content else ()
        if newest != self._newest:
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

    def _write_words(self, language: Language, changes: Counter[int]) -> None:
        counts = changed_counts(self._base.word_counts(language) if self._base else load_counts(()), changes)
        name = words_name(language)
        self._mark_records([name])
        self._milvus.upsert(self._names["records"], record_rows(self._ids, name, pack(counts.tobytes()), self._number))

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
        """Take back all that was written after the base. Cut short, it can be done again."""
        base = max(self._newest, default=0)
        for kind in _ROWS:
            self._milvus.delete(self._names[kind], f"added > {base}")
            for partition in PARTITIONS[kind]:
                marked = f"removed > {base} and removed < {NEVER}"
                self._mark(kind, partition, self._milvus.scan(self._names[kind], marked, ["id"], partition=partition), NEVER)


def _passage_ids(records: Iterable[Row]) -> list[int]:
    """The rows of the passages of articles."""
    return [row["id"] + place for row in records for place in range(1, row["passages"] + 1)]


def _prune(milvus: Milvus, names: Names, info: SnapshotInfo) -> None:
    """Delete what no snapshot has that is kept, and what was in force before: other models and formats.

    Cut short, it is made up for by the next.
    """
    condition = f"removed <= {min(info.newest[0], info.number - _KEPT_MS)}"
    ids = _passage_ids(milvus.scan(names["records"], condition, ["id", "passages"]))
    for start in range(0, len(ids), _DELETED):
        milvus.delete(names["passages"], f"id in {literals(ids[start : start + _DELETED])}")
    milvus.delete(names["records"], condition)
    ours = re.compile(rf"{re.escape(names.prefix)}_[0-9a-f]{{8}}_[a-z]+")
    for collection in milvus.collections():
        if ours.fullmatch(collection) and not collection.startswith(names.stem):
            milvus.drop(collection)
