"""An SQLite file for data that can be recomputed, so that losing it does no harm.

A damaged file is recreated; one that cannot be used is replaced by a database in memory. Neither is an error for the user.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from coopbot.errors import Busy

T = TypeVar("T")

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class DatabaseLost(Exception):
    """The contents are gone and the database is empty: start over."""


class InUse(Exception):
    """Another process held the write lock for too long."""


class ExpendableDatabase:
    """The file at `path`, or a database in memory; opened on first use. Safe to call from several threads.

    `schema` runs if the file has another `version`, so it must drop the tables that it creates.
    """

    def __init__(self, path: Path | None, *, schema: str, version: int, patience_s: float) -> None:
        self._path = path
        self._schema = schema
        self._version = version
        self._patience_s = patience_s
        self._db: sqlite3.Connection | None = None
        self._remade = False
        self._lock = threading.RLock()

    def __del__(self) -> None:
        if self._db is not None:
            self._db.close()

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """The result of `work`. Raises DatabaseLost, at most twice in the life of this object."""
        with self._lock:
            try:
                if self._db is None:
                    self._db = self._connect()
                return work(self._db)
            except sqlite3.Error as exc:
                if self._path is None:  # an error in memory is a bug of ours
                    raise
                self._start_over(self._path, damaged=_code(exc) in _DAMAGED)
                raise DatabaseLost from exc

    def write(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Run `work` in a transaction, or as part of the one already open. Raises DatabaseLost, InUse."""

        def whole(db: sqlite3.Connection) -> None:
            if db.in_transaction:
                work(db)
            else:
                _begin(db)
                with db:  # commits or rolls back
                    work(db)

        self.read(whole)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the write lock for the block, across threads and processes. Raises Busy if another holds it for too long.

        Writes are committed if the block succeeds. A failed commit is ignored: only recomputable data is lost.
        """
        with self._lock:
            try:
                self.read(_begin)
            except InUse as exc:
                raise Busy("another process is adding to the corpus; try again when it is done") from exc
            try:
                yield
            except BaseException:
                self._end("ROLLBACK")
                raise
            self._end("COMMIT")

    def _end(self, how: str) -> None:
        with suppress(DatabaseLost):
            self.read(lambda db: db.execute(how) if db.in_transaction else None)

    def _start_over(self, path: Path, *, damaged: bool) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None
        try:
            if not damaged or self._remade:
                self._path = None
            else:
                for ending in ("", "-wal", "-shm"):
                    path.with_name(path.name + ending).unlink(missing_ok=True)
        except OSError:
            self._path = None
        self._remade = True

    def _connect(self) -> sqlite3.Connection:
        if self._path is not None:
            with suppress(OSError):  # SQLite will report that it cannot open the file
                self._path.parent.mkdir(parents=True, exist_ok=True)
        where = self._path or ":memory:"
        db = sqlite3.connect(where, timeout=self._patience_s, isolation_level=None, check_same_thread=False)
        try:
            # What a power cut loses can be recomputed.
            db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;")
            if not self._is_current(db):
                db.execute("BEGIN IMMEDIATE")
                if not self._is_current(db):  # another process may have created it meanwhile
                    for statement in self._schema.split(";"):
                        db.execute(statement)
                    db.execute(f"PRAGMA user_version = {self._version}")
                db.execute("COMMIT")
        except sqlite3.Error:
            db.close()
            raise
        return db

    def _is_current(self, db: sqlite3.Connection) -> bool:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        return bool(version == self._version)


def _begin(db: sqlite3.Connection) -> None:
    """Begin a write transaction. Raises InUse if another process holds the lock for longer than we wait."""
    try:
        db.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as exc:
        if _code(exc) == sqlite3.SQLITE_BUSY:
            raise InUse from exc
        raise


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 for errors from Python's module itself."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF
