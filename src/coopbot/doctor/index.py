"""Checks the index folder: what is served, what is damaged or left over, its vector caches, whether the next build can run."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from coopbot.doctor.check import Check, bytes_of, check, check_only, size
from coopbot.errors import CoopbotError, IndexBroken, IndexMismatch, IndexMissing, Misconfigured
from coopbot.index.cache import DAMAGED_ENDING, inspect
from coopbot.index.disk.folder import (
    current_id,
    damaged_snapshots,
    leftovers,
    open_current,
    snapshot_folder,
    snapshot_ids,
    unknown_entries,
)
from coopbot.index.disk.local import time_of
from coopbot.index.disk.lock import writer
from coopbot.index.disk.manifest import Manifest, Verified
from coopbot.index.disk.snapshot import Snapshot, open_snapshot

# Estimated bytes per article in index and cache when there is no index yet, and what a build needs in addition.
_ARTICLE_BYTES = 200_000
_BUILD_BYTES = 20_000_000
# Allowed difference between the clocks of machines that share a folder.
_CLOCK_S = 60.0
# The corpus catalogue, not a vector cache.
_CATALOGUE = "corpus.sqlite"


def look_at_index(
    index_dir: Path,
    fingerprint: str | None,
    articles: Mapping[str, str] | None,
    *,
    now_s: Callable[[], float] = time.time,
    free_bytes: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free,
) -> list[Check]:
    """All checks. `fingerprint`: of the current model; `articles`: hash by article id; None if not known."""
    verified: Verified = set()
    writes = writer(index_dir, now_s())
    checks = [
        check_only("index folder", lambda: _writable(index_dir)),
        Check(name="writer", ok=True, detail=f"{writes} is writing the index" if writes else "nobody is writing the index"),
    ]
    index, snapshot = check("index", lambda: _serving(index_dir, fingerprint, verified))
    if snapshot and snapshot.fault:
        fault = _reason(snapshot.fault)
        index = Check(name="index", ok=False, detail=f"{fault}; {snapshot.snapshot_id} serves in its place; run: coopbot index")
    checks.append(index)
    if articles is not None and snapshot:
        held = snapshot.sha256_by_article()
        added, removed = len(articles.keys() - held.keys()), len(held.keys() - articles.keys())
        changed = sum(1 for article_id in articles.keys() & held.keys() if articles[article_id] != held[article_id])
        detail = "the index is up to date with the corpus"
        if stale := added + changed + removed:
            counts = f"{added} added, {changed} changed, {removed} removed"
            detail = f"the corpus has changed since the index was built: {counts}; run: coopbot index"
        checks.append(Check(name="freshness", ok=not stale, detail=detail))
    checks.append(check_only("disk", lambda: _room(index_dir, snapshot, articles, free_bytes)))
    checks.append(check_only("clock", lambda: _clock(index_dir, now_s())))
    checks.append(check_only("leftovers", lambda: _leftovers(index_dir, writes)))
    folder = index_dir / "cache"
    own = folder / f"{fingerprint}.sqlite"
    checks.append(check_only("cache", lambda: _own_cache(own, fingerprint, writes)))
    others = [path for path in sorted(folder.glob("*.sqlite")) if path not in (own, folder / _CATALOGUE)]
    if fingerprint and others:
        detail = f"{size(bytes_of(others))} of other models; unless you go back to them, delete {', '.join(map(str, others))}"
        checks.append(Check(name="other caches", ok=True, detail=detail))
    if aside := sorted(folder.glob(f"*{DAMAGED_ENDING}")):
        detail = f"{size(bytes_of(aside))} of a damaged cache that was set aside; delete {', '.join(map(str, aside))}"
        checks.append(Check(name="damaged cache", ok=True, detail=detail))
    if snapshot:
        snapshot.close()
    try:
        current, known = current_id(index_dir), snapshot_ids(index_dir)
    except CoopbotError:
        return checks  # the "index" check has the reason
    for one in known:
        checks.append(check_only(f"snapshot {one}", partial(_snapshot, index_dir, one, one == current, verified)))
    return checks


def _writable(index_dir: Path) -> str:
    nearest = next(path for path in (index_dir, *index_dir.absolute().parents) if path.exists())
    for place in (nearest, index_dir / "snapshots", index_dir / "cache"):
        if place.exists() and not (place.is_dir() and os.access(place, os.W_OK | os.X_OK)):
            raise Misconfigured(
                f"{place} cannot be written: the current index is served, but builds fail; fix its permissions or set "
                "COOPBOT_INDEX_DIR"
            )
    return f"{index_dir} can be written"


def _serving(index_dir: Path, fingerprint: str | None, verified: Verified) -> tuple[str, Snapshot]:
    compared = ""
    if fingerprint is None:
        current = current_id(index_dir)
        if current is None:
            raise IndexMissing(f"there is no index in {index_dir}; run: coopbot index")
        fingerprint = Manifest.read(snapshot_folder(index_dir, current)).facts.fingerprint
        compared = ", not compared with a model: none is ready"
    snapshot = open_current(index_dir, fingerprint, verified)
    built = snapshot.manifest.facts.built_at
    return f"{snapshot.snapshot_id}: {snapshot.manifest.articles} articles, built {built}{compared}", snapshot


def _room(
    index_dir: Path, snapshot: Snapshot | None, articles: Mapping[str, str] | None, free_bytes: Callable[[Path], int]
) -> str:
    nearest = next(path for path in (index_dir, *index_dir.absolute().parents) if path.exists())
    # Bytes for a full rewrite of the index, plus the new articles in index and cache.
    written = sum(int(entry["bytes"]) for entry in snapshot.manifest.files.values()) if snapshot else 0
    held = snapshot.sha256_by_article() if snapshot else {}
    each = written // len(held) if held else _ARTICLE_BYTES
    fresh = sum(1 for article_id, digest in (articles or {}).items() if held.get(article_id) != digest)
    free, needed = free_bytes(nearest), written + 2 * each * fresh + _BUILD_BYTES
    detail = f"{size(free)} free, the next build needs at most about {size(needed)}"
    if free < needed:
        raise Misconfigured(f"{detail}; make room on the disk of {nearest}")
    return detail


def _clock(index_dir: Path, now_s: float) -> str:
    now = f"{datetime.fromtimestamp(now_s, UTC):%Y-%m-%d %H:%M} UTC by this machine's clock"
    newest = next(iter(snapshot_ids(index_dir)), None)
    if newest and time_of(newest).timestamp() - now_s > _CLOCK_S:
        raise Misconfigured(
            f"it is {now}, but the newest snapshot is from {time_of(newest):%Y-%m-%d %H:%M}: one is wrong; set the clock "
            "(the next snapshot still gets a later name than the newest)"
        )
    return f"it is {now}, not before the newest snapshot"


def _leftovers(index_dir: Path, writes: str | None) -> str:
    details = []
    if left := leftovers(index_dir):
        what = f"{size(bytes_of(left))} in {', '.join(path.name for path in left)}"
        details.append(
            f"being written: {what}" if writes else f"{what}, left by a killed build; the next coopbot index deletes it"
        )
    if aside := damaged_snapshots(index_dir):
        details.append(f"{size(bytes_of(aside))} of a damaged snapshot that was set aside; delete {', '.join(map(str, aside))}")
    if strange := unknown_entries(index_dir):
        details.append(f"{', '.join(path.name for path in strange)}: not named like a snapshot, neither served nor deleted")
    return "; ".join(details) or "nothing is left over"


def _own_cache(path: Path, fingerprint: str | None, writes: str | None) -> str:
    """writes: the process that is writing the index, if any: a cache in use cannot be checked."""
    if fingerprint is None:
        return "not checked: no model is ready"
    if not path.exists():
        return "none yet: the next build embeds everything"
    taken = size(bytes_of([path]))
    log = path.with_name(f"{path.name}-wal")
    if writes or (log.exists() and log.stat().st_size):
        return f"{taken}, not checked: a build is running or was interrupted; the next one continues it"
    sound, damaged = inspect(path)
    if damaged:
        raise Misconfigured(f"{path} is damaged ({damaged}); delete it, or run coopbot index: it embeds its passages again")
    return f"{sound} passages, {taken}"


def _snapshot(index_dir: Path, snapshot_id: str, current: bool, verified: Verified) -> str:
    folder = snapshot_folder(index_dir, snapshot_id)
    try:
        open_snapshot(folder, verified).close()
    except CoopbotError as exc:
        if current:
            raise
        if isinstance(exc, IndexMismatch):
            return f"{_reason(str(exc))}; it cannot be rolled back to, and later builds delete it"
        raise IndexBroken(
            f"{_reason(str(exc))}; it cannot be rolled back to: delete {folder}, or let later builds do it"
        ) from exc
    return f"complete, all checksums hold, {size(bytes_of([folder]))}" + (", in force" if current else "")


def _reason(message: str) -> str:
    """An error's message without the fix at its end."""
    return message.rpartition("; run:")[0] or message
