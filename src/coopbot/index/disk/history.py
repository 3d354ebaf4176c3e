"""The snapshots in an index folder, listed without opening them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from coopbot.errors import CoopbotError
from coopbot.index.disk.folder import current_id, snapshot_folder, snapshot_ids
from coopbot.index.disk.manifest import Manifest


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
    """Newest first. Does not verify checksums; `coopbot doctor` does."""
    current = current_id(index_dir)
    return [_info(index_dir, snapshot_id, snapshot_id == current) for snapshot_id in snapshot_ids(index_dir)]


def _info(index_dir: Path, snapshot_id: str, current: bool) -> SnapshotInfo:
    try:
        manifest = Manifest.read(snapshot_folder(index_dir, snapshot_id))
    except CoopbotError as exc:
        return SnapshotInfo(snapshot_id=snapshot_id, current=current, fault=str(exc))
    return SnapshotInfo(
        snapshot_id=snapshot_id,
        current=current,
        built_at=manifest.facts.built_at,
        model=manifest.facts.model,
        articles=manifest.articles,
        passages=sum(manifest.passages.values()),
    )
