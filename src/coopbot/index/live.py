"""Follows the current snapshot. Callers keep the one they hold; the next call may return a newer one."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import structlog

from coopbot.errors import CoopbotError
from coopbot.index.disk.folder import current_id, open_current, snapshot_folder
from coopbot.index.disk.manifest import Verified
from coopbot.index.disk.snapshot import Snapshot

log = structlog.get_logger()


class _Named(Protocol):
    @property
    def snapshot_id(self) -> str: ...


Store = TypeVar("Store", bound=_Named)


class Live(ABC, Generic[Store]):
    """A state of the index, and newer ones as they come. `fault` and the log say why a newer one was passed over."""

    def __init__(self, store: Store, fault: str = "") -> None:
        self._lock = threading.Lock()
        self._store = store
        self.fault = ""
        self._pass_over(fault)

    def current(self) -> Store:
        """The state to answer from. Looks for a newer one in one thread at a time."""
        if self._lock.acquire(blocking=False):
            try:
                self._follow()
            finally:
                self._lock.release()
        return self._store

    @abstractmethod
    def _newer(self) -> tuple[Store, str] | None:
        """The state in force and what is wrong with a newer one; None if it need not be looked at. Raises CoopbotError."""

    def _follow(self) -> None:
        try:
            newer = self._newer()
        except CoopbotError as exc:
            self._pass_over(str(exc))
        else:
            if newer:
                self._store, fault = newer
                self._pass_over(fault)

    def _pass_over(self, fault: str) -> None:
        if fault and fault != self.fault:
            log.warning("snapshot_passed_over", reason=fault, serving=self._store.snapshot_id)
        self.fault = fault


class LiveIndex(Live[Snapshot]):
    """Opens the current snapshot at once, so that a bad index stops the start, and again whenever CURRENT changes.

    Raises what `open_current` raises, at the start only; later what cannot be opened leaves the old one in force.
    """

    def __init__(self, index_dir: Path, fingerprint: str) -> None:
        self._index_dir = index_dir
        self._fingerprint = fingerprint
        self._verified: Verified = set()
        self._seen = current_id(index_dir)
        snapshot = open_current(index_dir, fingerprint, self._verified)
        super().__init__(snapshot, snapshot.fault)

    def damage(self) -> str:
        """What is wrong with the files in force; empty if nothing. Reads those that changed since they were verified."""
        snapshot = self.current()
        try:
            with self._lock:
                snapshot.manifest.verify(snapshot_folder(self._index_dir, snapshot.snapshot_id), self._verified)
        except CoopbotError as exc:
            return str(exc) if snapshot is self.current() else ""
        return ""

    def _newer(self) -> tuple[Snapshot, str] | None:
        named = current_id(self._index_dir)
        if named == self._seen:
            return None
        self._seen = named
        snapshot = open_current(self._index_dir, self._fingerprint, self._verified)
        return snapshot, snapshot.fault
