"""A complete, immutable index in one folder, and the one-line file CURRENT that says which folder is in force.

A snapshot is built aside in a hidden folder, flushed to disk, verified, renamed into place; then CURRENT is replaced in one
atomic rename. A reader therefore finds a whole snapshot at every instant, whatever happens to the writer.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from coopbot.domain import Article, Filters, Language
from coopbot.errors import Busy, CoopbotError, IndexBroken, IndexMissing, Misconfigured
from coopbot.index.embedder import F32
from coopbot.index.manifest import Manifest
from coopbot.index.passages import PassageStore, StoredPassage
from coopbot.index.shard import I64, FirstStage, Sentences, Shard

_CURRENT = "CURRENT"
_SNAPSHOTS = "snapshots"
_BUILDING = ".building"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """An open snapshot; keeps the `VectorStore` contract. `fault` says why a newer one was passed over, empty if none was."""

    snapshot_id: str
    manifest: Manifest
    passages: PassageStore
    shards: dict[Language, Shard]
    fault: str = ""

    @property
    def languages(self) -> tuple[Language, ...]:
        """The languages that have passages."""
        return tuple(self.shards)

    def first_stage(self, language: Language, vector: F32, terms: Sequence[str], top_k: int, filters: Filters) -> FirstStage:
        """See `VectorStore`."""
        allowed = self.passages.rows_matching(language, filters)
        return self.shards[language].first_stage(vector, terms, top_k, allowed)

    def idf(self, language: Language, terms: Sequence[str]) -> dict[str, float]:
        """See `VectorStore`."""
        return self.shards[language].lexical.idf(terms)

    def sentences(self, language: Language, rows: I64) -> Sentences:
        """See `VectorStore`."""
        return self.shards[language].sentences(rows)

    def stored(self, language: Language, rows: Sequence[int]) -> list[StoredPassage]:
        """See `VectorStore`."""
        return self.passages.passages(language, rows)

    def article(self, article_id: str) -> Article | None:
        """See `VectorStore`."""
        return self.passages.article(article_id)

    def articles(self, offset: int, limit: int) -> list[Article]:
        """See `VectorStore`."""
        return list(self.passages.articles(offset, limit))


def open_snapshot(folder: Path, *, verify: bool = True, fault: str = "") -> Snapshot:
    """Open a snapshot folder. Raises IndexBroken, IndexMismatch."""
    manifest = Manifest.read(folder)
    if verify:
        manifest.verify(folder)
    return Snapshot(
        snapshot_id=folder.name,
        manifest=manifest,
        passages=PassageStore(folder / "passages.sqlite"),
        shards={language: Shard(folder / language, manifest.dim) for language in manifest.passages},
        fault=fault,
    )


def open_current(index_dir: Path, fingerprint: str) -> Snapshot:
    """The snapshot in force; if it is damaged, the newest one before it that is whole, with the reason in `fault`.

    Raises IndexMissing, IndexBroken (none is whole), IndexMismatch (built with another model).
    """
    current = current_id(index_dir)
    if current is None:
        raise IndexMissing(f"there is no index in {index_dir}; run: coopbot index")
    first_fault: CoopbotError | None = None
    for snapshot_id in _candidates(index_dir, current):
        try:
            snapshot = open_snapshot(index_dir / _SNAPSHOTS / snapshot_id, fault=str(first_fault or ""))
        except CoopbotError as exc:
            first_fault = first_fault or exc
            continue
        snapshot.manifest.require(fingerprint)
        return snapshot
    raise first_fault or IndexBroken(f"CURRENT in {index_dir} names no snapshot; run: coopbot index")


def current_id(index_dir: Path) -> str | None:
    """The name in CURRENT, or None if there is no index."""
    try:
        return (index_dir / _CURRENT).read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as exc:
        raise IndexBroken(f"{index_dir / _CURRENT} cannot be read; run: coopbot index") from exc


def snapshot_ids(index_dir: Path) -> list[str]:
    """All snapshots on disk, newest first."""
    folder = index_dir / _SNAPSHOTS
    if not folder.is_dir():
        return []
    return sorted((p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")), reverse=True)


def _candidates(index_dir: Path, current: str) -> list[str]:
    others = [snapshot_id for snapshot_id in snapshot_ids(index_dir) if snapshot_id != current]
    return [current, *others]


@contextmanager
def write_lock(index_dir: Path) -> Iterator[None]:
    """Be the only writer of this index. Raises Busy, Misconfigured (folder not writable)."""
    try:
        index_dir.mkdir(parents=True, exist_ok=True)
        lock = FileLock(index_dir / ".lock", timeout=0)
        lock.acquire()
    except Timeout as exc:
        raise Busy(f"another process is writing the index in {index_dir}; try again when it has finished") from exc
    except OSError as exc:
        raise Misconfigured(
            f"the index folder {index_dir} cannot be written; mend its permissions or set COOPBOT_INDEX_DIR"
        ) from exc
    try:
        yield
    finally:
        lock.release()


@contextmanager
def building_folder(index_dir: Path) -> Iterator[Path]:
    """A fresh hidden folder to build in, gone afterwards unless `publish` moved it. Leftovers of killed builds go first."""
    snapshots = index_dir / _SNAPSHOTS
    snapshots.mkdir(parents=True, exist_ok=True)
    folder = snapshots / _BUILDING
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish(index_dir: Path, folder: Path, snapshot_id: str) -> None:
    """Flush a built folder to disk, check it by opening it, move it into place and make it current."""
    for path in folder.rglob("*"):
        _fsync(path)
    _fsync(folder)
    checked = open_snapshot(folder)
    checked.passages.close()
    target = index_dir / _SNAPSHOTS / snapshot_id
    os.replace(folder, target)
    _fsync(target.parent)
    make_current(index_dir, snapshot_id)


def make_current(index_dir: Path, snapshot_id: str) -> None:
    """Point CURRENT at a snapshot, atomically."""
    fresh = index_dir / f".{_CURRENT}"
    fresh.write_text(snapshot_id + "\n", encoding="utf-8")
    _fsync(fresh)
    os.replace(fresh, index_dir / _CURRENT)
    _fsync(index_dir)


def prune(index_dir: Path, keep: int) -> None:
    """Delete all but the current and the newest `keep` snapshots. Open readers keep theirs: their files stay mapped."""
    current = current_id(index_dir)
    for snapshot_id in snapshot_ids(index_dir)[keep:]:
        if snapshot_id != current:
            shutil.rmtree(index_dir / _SNAPSHOTS / snapshot_id, ignore_errors=True)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
