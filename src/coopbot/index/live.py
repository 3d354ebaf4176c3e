"""The snapshot now in force, taken by reference: whoever holds one keeps it, whoever asks next may get a newer one."""

from __future__ import annotations

import threading
from pathlib import Path

import structlog

from coopbot.errors import CoopbotError
from coopbot.index.folder import current_id, open_current, snapshot_folder
from coopbot.index.manifest import Verified
from coopbot.index.snapshot import Snapshot

log = structlog.get_logger()


class LiveIndex:
    """Opens the current snapshot at once, so that a bad index stops the start, and again whenever CURRENT changes.

    Raises what `open_current` raises, at the start only; later a snapshot that cannot be opened leaves the old one serving, and
    `fault` and the log say why.
    """

    def __init__(self, index_dir: Path, fingerprint: str) -> None:
        self._index_dir = index_dir
        self._fingerprint = fingerprint
        self._lock = threading.Lock()
        self._verified: Verified = set()
        self._seen = current_id(index_dir)
        self._snapshot = open_current(index_dir, fingerprint, self._verified)
        self.fault = ""
        self._tell(self._snapshot.fault)

    def current(self) -> Snapshot:
        """The snapshot to answer from. Reads one line from disk; opens files only after a change, in one thread at a time."""
        if self._lock.acquire(blocking=False):
            try:
                self._follow()
            finally:
                self._lock.release()
        return self._snapshot

    def damage(self) -> str:
        """What is wrong with the files in force; empty if nothing. Reads those that changed since they were verified."""
        snapshot = self.current()
        try:
            with self._lock:
                snapshot.manifest.verify(snapshot_folder(self._index_dir, snapshot.snapshot_id), self._verified)
        except CoopbotError as exc:
            return str(exc) if snapshot is self.current() else ""
        return ""

    def _follow(self) -> None:
        try:
            named = current_id(self._index_dir)
            if named == self._seen:
                return
            self._seen = named
            self._snapshot = open_current(self._index_dir, self._fingerprint, self._verified)
            self._tell(self._snapshot.fault)
        except CoopbotError as exc:
            self._tell(str(exc))

    def _tell(self, fault: str) -> None:
        self.fault = fault
        if fault:
            log.warning("snapshot_passed_over", reason=fault, serving=self._snapshot.snapshot_id)
