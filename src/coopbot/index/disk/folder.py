"""The index folder: snapshots, and the one-line file CURRENT that names the current one.

A snapshot is built in a hidden folder, flushed to disk, verified and renamed into place; then CURRENT is replaced by an atomic
rename. Readers therefore always find a complete snapshot, whatever happens to the writer.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from coopbot.durable import sync
from coopbot.errors import CoopbotError, IndexBroken, IndexMismatch, IndexMissing, Misconfigured
from coopbot.index.disk.manifest import Verified
from coopbot.index.disk.snapshot import Snapshot, open_snapshot

_CURRENT = "CURRENT"
_SNAPSHOTS = "snapshots"
_BUILDING = ".building"
_DAMAGED = ".damaged-"
_PRUNED = ".pruned-"
_RESTORING = ".restore-*"

# Anything else in the folder, or named in a damaged CURRENT, is not a snapshot and is neither served nor deleted.
_SNAPSHOT_ID = re.compile(r"\d{8}T\d{6}(\d{3})?Z-[0-9a-f]{8}")


def open_current(index_dir: Path, fingerprint: str, verified: Verified | None = None) -> Snapshot:
    """Open the current snapshot or, if it is damaged, the newest intact one, with the reason in `fault`.

    Raises IndexMissing, IndexBroken (none is intact), IndexMismatch (built with another model), Misconfigured (unreadable).
    """
    while True:
        current = current_id(index_dir)
        try:
            snapshot = _open_intact(index_dir, current, fingerprint, verified)
        except IndexBroken:
            if current_id(index_dir) == current:
                raise
        else:
            if not snapshot.fault or current_id(index_dir) == current:
                return snapshot
            snapshot.close()
        # Meanwhile a writer has published another snapshot and may have deleted this one: try again.


def _open_intact(index_dir: Path, current: str | None, fingerprint: str, verified: Verified | None) -> Snapshot:
    known = snapshot_ids(index_dir)
    if current is None and not known:
        raise IndexMissing(f"there is no index in {index_dir}; run: coopbot index")
    fault: CoopbotError | None = None
    if current not in known:
        fault = IndexBroken(f"{index_dir / _CURRENT} is missing, damaged, or names no existing snapshot; run: coopbot index")
    for snapshot_id in sorted(known, key=lambda one: one != current):
        try:
            snapshot = open_snapshot(snapshot_folder(index_dir, snapshot_id), verified, fault=str(fault or ""))
        except CoopbotError as exc:
            fault = fault or exc
            continue
        try:
            snapshot.manifest.require(fingerprint)
        except IndexMismatch:
            snapshot.close()
            if fault is None:
                raise
        else:
            return snapshot
    raise fault or IndexBroken(f"no snapshot in {index_dir} is intact; run: coopbot index")


def current_id(index_dir: Path) -> str | None:
    """The name in CURRENT, or None if there is none: no index yet, or a damaged file. Raises Misconfigured (unreadable)."""
    try:
        name = (index_dir / _CURRENT).read_text(encoding="utf-8").strip()
    except PermissionError as exc:
        raise Misconfigured(f"{index_dir / _CURRENT} may not be read; fix its permissions or set COOPBOT_INDEX_DIR") from exc
    except (OSError, UnicodeDecodeError):
        return None
    return name if _SNAPSHOT_ID.fullmatch(name) else None


def snapshot_ids(index_dir: Path) -> list[str]:
    """All snapshots on disk, newest first. Raises Misconfigured (unreadable)."""
    try:
        names = [path.name for path in (index_dir / _SNAPSHOTS).iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as exc:
        raise Misconfigured(
            f"{index_dir / _SNAPSHOTS} cannot be read ({exc.strerror}); fix its permissions or set COOPBOT_INDEX_DIR"
        ) from exc
    return sorted(filter(_SNAPSHOT_ID.fullmatch, names), reverse=True)


def snapshot_folder(index_dir: Path, snapshot_id: str) -> Path:
    """The folder of a snapshot."""
    return index_dir / _SNAPSHOTS / snapshot_id


def leftovers(index_dir: Path) -> list[Path]:
    """Files left by killed writers, which the next writer deletes. During a build, they include its own files."""
    snapshots = index_dir / _SNAPSHOTS
    single = [path for path in (index_dir / f".{_CURRENT}", snapshots / _BUILDING) if path.exists() or path.is_symlink()]
    return [*single, *snapshots.glob(f"{_PRUNED}*"), *index_dir.glob(_RESTORING)]


def clear_leftovers(index_dir: Path) -> None:
    """Delete them. Only for the writer."""
    for path in leftovers(index_dir):
        _delete(path)


@contextmanager
def building_folder(index_dir: Path) -> Iterator[Path]:
    """A new hidden folder to build in, deleted afterwards unless `publish` has moved it.

    Raises Misconfigured if the block, or creating the folder, fails for lack of space or permission.
    """
    folder = index_dir / _SNAPSHOTS / _BUILDING
    try:
        folder.mkdir(parents=True)
        yield folder
    except OSError as exc:
        raise Misconfigured(
            f"the index in {index_dir} cannot be written ({exc}); make room on the disk or fix permissions, then run: "
            "coopbot index (the previous index stays current)"
        ) from exc
    finally:
        _delete(folder)


def publish(index_dir: Path, folder: Path, snapshot_id: str, verified: Verified) -> None:
    """Flush a built folder to disk, check it by opening it, move it into place and make it current."""
    for path in folder.rglob("*"):
        sync(path)
    sync(folder)
    open_snapshot(folder, verified).close()
    target = snapshot_folder(index_dir, snapshot_id)
    os.replace(folder, target)
    sync(target.parent)
    make_current(index_dir, snapshot_id)


def make_current(index_dir: Path, snapshot_id: str) -> None:
    """Point CURRENT at a snapshot, atomically. On Misconfigured it is unchanged."""
    fresh = index_dir / f".{_CURRENT}"
    try:
        fresh.write_text(snapshot_id + "\n", encoding="utf-8")
        sync(fresh)
        os.replace(fresh, index_dir / _CURRENT)
        sync(index_dir)
    except OSError as exc:
        raise Misconfigured(
            f"{index_dir / _CURRENT} cannot be written ({exc}); make room on the disk or fix permissions, then run again"
        ) from exc


def set_aside(index_dir: Path, snapshot_id: str) -> None:
    """Hide a damaged snapshot. It is kept for inspection until the next one is damaged."""
    snapshots = index_dir / _SNAPSHOTS
    for other in damaged_snapshots(index_dir):
        _delete(other)
    # Open readers are unaffected. A snapshot that cannot be moved is skipped anyway.
    with suppress(OSError):
        os.replace(snapshots / snapshot_id, snapshots / f"{_DAMAGED}{snapshot_id}")


def damaged_snapshots(index_dir: Path) -> list[Path]:
    """The folders of damaged snapshots that `set_aside` has hidden."""
    return sorted((index_dir / _SNAPSHOTS).glob(f"{_DAMAGED}*"))


def unknown_entries(index_dir: Path) -> list[Path]:
    """Entries of the snapshots folder that are not named like a snapshot."""
    return sorted(path for path in (index_dir / _SNAPSHOTS).glob("[!.]*") if not _SNAPSHOT_ID.fullmatch(path.name))


def prune(index_dir: Path, keep: int, spare: str | None = None) -> None:
    """Delete all but the current, the newest `keep` snapshots and `spare`. Readers keep the files that they have open."""
    spared = {current_id(index_dir), spare}
    for snapshot_id in snapshot_ids(index_dir)[keep:]:
        if snapshot_id not in spared:
            folder = snapshot_folder(index_dir, snapshot_id)
            hidden = folder.with_name(f"{_PRUNED}{snapshot_id}")
            # Hidden first, so that a folder named like a snapshot is always complete.
            with suppress(OSError):
                os.replace(folder, hidden)
            _delete(hidden)


def _delete(path: Path) -> None:
    """Delete a file or folder. If that fails, the next writer tries again."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)
