"""The snapshots in an index folder: lists them, and makes an older one current."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from coopbot.errors import CoopbotError, NotFound
from coopbot.index.disk.folder import current_id, make_current, snapshot_folder, snapshot_ids
from coopbot.index.disk.lock import write_lock
from coopbot.index.disk.manifest import Manifest
from coopbot.index.disk.snapshot import open_snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotInfo:
    """One snapshot as described by its manifest. `fault`: why the manifest is unreadable, else empty."""

    snapshot_id: str
    current: bool
    built_at: str = ""
    model: str = ""
    articles: int = 0
    passages: int = 0
    fault: str = ""


def list_snapshots(index_dir: Path) -> list[SnapshotInfo]:
    """All snapshots, newest first. Does not open them or verify checksums; `coopbot doctor` does."""
    current = current_id(index_dir)
    found: list[SnapshotInfo] = []
    for snapshot_id in snapshot_ids(index_dir):
        info = SnapshotInfo(snapshot_id=snapshot_id, current=snapshot_id == current)
        try:
            manifest = Manifest.read(snapshot_folder(index_dir, snapshot_id))
        except CoopbotError as exc:
            found.append(replace(info, fault=str(exc)))
            continue
        passages = sum(manifest.passages.values())
        facts = manifest.facts
        found.append(replace(info, built_at=facts.built_at, model=facts.model, articles=manifest.articles, passages=passages))
    return found


def roll_back(index_dir: Path, fingerprint: str, snapshot_id: str | None = None) -> str:
    """Make an older snapshot current: the one named, or the newest before the current one. Returns its name.

    Raises NotFound, IndexBroken, IndexMismatch, Busy; then the current one stays current.
    """
    with write_lock(index_dir):
        current = current_id(index_dir)
        known = snapshot_ids(index_dir)
        older = [known_id for known_id in known if current is not None and known_id < current]
        wanted = snapshot_id or next(iter(older), None)
        if wanted is None or wanted not in known:
            name = f"snapshot {wanted}" if wanted else "older snapshot"
            raise NotFound(f"there is no {name} in {index_dir}; coopbot snapshots lists them")
        snapshot = open_snapshot(snapshot_folder(index_dir, wanted))
        snapshot.close()
        snapshot.manifest.require(fingerprint)
        make_current(index_dir, wanted)
        return wanted
