"""Backs up corpus and index to one file and restores them. The file is a plain tar that can be unpacked by hand."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from coopbot.errors import IndexMissing, InvalidRequest, Misconfigured, Unreadable
from coopbot.index.disk.folder import current_id, publish, set_aside, snapshot_folder
from coopbot.index.disk.lock import write_lock
from coopbot.index.disk.snapshot import open_snapshot

_CORPUS = "corpus"
_SNAPSHOT = "snapshot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The contents of a backup. `snapshot` is the id of its index snapshot."""

    file: Path
    articles: int
    snapshot: str


def back_up(corpus_dir: Path, index_dir: Path, target: Path) -> Contents:
    """Write the corpus and the current snapshot to `target`, completely or not at all.

    Raises IndexMissing, IndexBroken, Busy, InvalidRequest (the file exists), Misconfigured (it cannot be written).
    """
    if target.exists():
        raise InvalidRequest("file", f"{target} exists; name another file")
    # Under the lock, so that the snapshot is not pruned meanwhile.
    with write_lock(index_dir):
        current = current_id(index_dir)
        if current is None:
            raise IndexMissing(f"there is no index in {index_dir}; run: coopbot index")
        snapshot = open_snapshot(snapshot_folder(index_dir, current))
        snapshot.close()
        partial = target.with_name(f".{target.name}.part")
        try:
            with tarfile.open(partial, "w") as tar:
                tar.add(corpus_dir, _CORPUS)
                tar.add(snapshot_folder(index_dir, current), f"{_SNAPSHOT}/{current}")
            os.replace(partial, target)
        except OSError as exc:
            partial.unlink(missing_ok=True)
            raise Misconfigured(f"cannot write {target} ({exc.strerror}); name a place with enough room") from exc
    return Contents(file=target, articles=snapshot.manifest.articles, snapshot=current)


def restore(source: Path, corpus_dir: Path, index_dir: Path) -> Contents:
    """Restore a backup. The corpus folder must be empty or missing; an existing index remains available for rollback.

    Everything is unpacked aside and the index verified before anything is moved. Raises Unreadable, InvalidRequest,
    IndexBroken, Busy, Misconfigured.
    """
    if corpus_dir.exists() and any(corpus_dir.iterdir()):
        raise InvalidRequest("corpus", f"{corpus_dir} is not empty; move it away, or set COOPBOT_CORPUS_DIR to a new folder")
    with write_lock(index_dir), _unpacked(source, index_dir) as unpacked:
        snapshots = list((unpacked / _SNAPSHOT).iterdir()) if (unpacked / _SNAPSHOT).is_dir() else []
        if len(snapshots) != 1 or not (unpacked / _CORPUS).is_dir():
            raise Unreadable(str(source), "not a backup of coopbot; give a file that coopbot backup wrote")
        snapshot = open_snapshot(snapshots[0])
        snapshot.close()
        place = snapshot_folder(index_dir, snapshot.snapshot_id)
        try:
            _put_corpus(unpacked / _CORPUS, corpus_dir)
            if place.exists():
                set_aside(index_dir, snapshot.snapshot_id)
            place.parent.mkdir(parents=True, exist_ok=True)
            publish(index_dir, snapshots[0], snapshot.snapshot_id, set())
        except OSError as exc:
            raise Misconfigured(
                f"cannot restore to {corpus_dir} and {index_dir} ({exc.strerror}); check their permissions and free space"
            ) from exc
    return Contents(file=source, articles=snapshot.manifest.articles, snapshot=snapshot.snapshot_id)


def _put_corpus(unpacked: Path, corpus_dir: Path) -> None:
    """Move the corpus into place; copied beside it first, as the index folder may be on another disk."""
    corpus_dir.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{corpus_dir.name}-", dir=corpus_dir.parent))
    try:
        shutil.copytree(unpacked, aside, dirs_exist_ok=True)
        if corpus_dir.exists():
            corpus_dir.rmdir()
        os.replace(aside, corpus_dir)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    corpus_dir.chmod(0o755)


@contextmanager
def _unpacked(source: Path, index_dir: Path) -> Iterator[Path]:
    """A temporary folder beside the index with the files of a backup."""
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=index_dir) as folder:
        try:
            with tarfile.open(source, "r:") as tar:
                for member in tar:
                    # Only plain files inside the two folders of a backup; links are skipped.
                    parts = PurePosixPath(member.name).parts
                    if not parts or parts[0] not in (_CORPUS, _SNAPSHOT) or ".." in parts or not member.isfile():
                        continue
                    place = Path(folder, *parts)
                    place.parent.mkdir(parents=True, exist_ok=True)
                    content = tar.extractfile(member)
                    if content is not None:
                        with content, place.open("wb") as file:
                            shutil.copyfileobj(content, file)
        except (OSError, tarfile.TarError, ValueError) as exc:
            raise Unreadable(str(source), "damaged, or not a backup; give a file that coopbot backup wrote") from exc
        yield Path(folder)
