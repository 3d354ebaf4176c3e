"""Follows the current snapshot. A caller may keep the one it got; the next call may return a newer one."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import structlog

from coopbot.errors import CoopbotError, IndexBroken
from coopbot.index.disk.folder import current_id, open_current, snapshot_folder
from coopbot.index.disk.manifest import Verified
from coopbot.index.disk.snapshot import Snapshot

log = structlog.get_logger()

# No name of a snapshot, nor what an index without CURRENT has.
_NONE_SEEN = ""


class _Named(Protocol):
    @property
    def snapshot_id(self) -> str: ...


Store = TypeVar("Store", bound=_Named)


class Live(ABC, Generic[Store]):
    """The current snapshot. fault: why a newer one was rejected, empty if none was; it is logged too."""

    def __init__(self, store: Store, fault: str = "") -> None:
        self._lock = threading.Lock()
        self._store = store
        self.fault = ""
        self._set_fault(fault)

    def current(self) -> Store:
        """The snapshot to answer from. Looks for another one, in one thread at a time."""
        if self._lock.acquire(blocking=False):
            try:
                self._follow()
            finally:
                self._lock.release()
        return self._store

    @abstractmethod
    def _newer(self) -> tuple[Store, str] | None:
        """(the current snapshot, the fault of a newer one or ""), or None if nothing has changed. Raises CoopbotError."""

    def _follow(self) -> None:
        try:
            newer = self._newer()
        except CoopbotError as exc:
            self._set_fault(str(exc))
        else:
            if newer:
                self._store, fault = newer
                self._set_fault(fault)

    def _set_fault(self, fault: str) -> None:
        if fault and fault != self.fault:
            log.warning("snapshot_passed_over", reason=fault, serving=self._store.snapshot_id)
        self.fault = fault


class LiveIndex(Live[Snapshot]):
    """Opens the current snapshot at once, so that a bad index stops the start, and another one whenever CURRENT changes, or an
    intact older one when the current one turns out to be damaged.

    Raises what `open_current` raises, at the start only; later the old snapshot stays if the new one cannot be opened.
    """

    def __init__(self, index_dir: Path, fingerprint: str) -> None:
        self._index_dir = index_dir
        self._fingerprint = fingerprint
        self._verified: Verified = set()
        self._seen = current_id(index_dir)
        self._suspected: Snapshot | None = None
        snapshot = open_current(index_dir, fingerprint, self._verified)
        super().__init__(snapshot, snapshot.fault)

    def current(self) -> Snapshot:
        """See `Live`. Raises IndexBroken where reading the snapshot would end the process, and no other is intact."""
        snapshot = super().current()
        if snapshot.cut_short():
            raise IndexBroken(f"a file of snapshot {snapshot.snapshot_id} has been cut short; run: coopbot index")
        return snapshot

    def damage(self) -> str:
        """The damage to the snapshot in force, empty if there is none, or if an intact one has taken its place.

        Reads the files that changed since they were verified.
        """
        with self._lock:
            self._follow()
            snapshot = self._store
            try:
                snapshot.manifest.verify(snapshot_folder(self._index_dir, snapshot.snapshot_id), self._verified)
            except CoopbotError as exc:
                self._suspect(snapshot)
                self._follow()
                return str(exc) if self._store is snapshot else ""
        return ""

    def _newer(self) -> tuple[Snapshot, str] | None:
        if self._store.cut_short():
            self._suspect(self._store)
        current = current_id(self._index_dir)
        if current == self._seen:
            return None
        self._seen = current
        snapshot = open_current(self._index_dir, self._fingerprint, self._verified)
        return snapshot, snapshot.fault

    def _suspect(self, snapshot: Snapshot) -> None:
        """Have another opened in its place, once: all files are read for that."""
        if self._suspected is not snapshot:
            self._suspected, self._seen = snapshot, _NONE_SEEN
