"""Cache of vectors, so that no text is embedded twice by the same model.

One SQLite file per model fingerprint, under `index/cache/`. Losing it costs time, never correctness: a damaged file is set
aside and replaced by an empty one, and an entry whose checksum fails counts as missing.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import numpy as np
import structlog

from coopbot.errors import Misconfigured
from coopbot.index.types import PassageVectors

T = TypeVar("T")

log = structlog.get_logger()

DAMAGED_ENDING = ".damaged"

# SQLite's default limit on variables in one statement is 32,766; small batches are as fast.
_BATCH = 500

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

# `passage_vectors` is the old table without checksums.
_SCHEMA = """
PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;
DROP TABLE IF EXISTS passage_vectors;
CREATE TABLE IF NOT EXISTS vectors (
    key BLOB PRIMARY KEY, checksum BLOB, pooled BLOB, sentences BLOB, codes BLOB, token_counts BLOB
);
"""


class VectorCache:
    """The cache of one model, created if missing. Every method raises Misconfigured if the disk is full or not writable.

    A damaged file is replaced by an empty one: `get` may then return fewer vectors than `known` reported.
    """

    def __init__(self, folder: Path, fingerprint: str, dim: int) -> None:
        self._path = folder / f"{fingerprint}.sqlite"
        self._dim = dim
        self._db: sqlite3.Connection | None = None
        self._do(lambda db: None)

    def known(self, keys: Sequence[bytes]) -> set[bytes]:
        """The subset of these keys that is cached."""
        return {key for (key,) in self._select("key", keys)}

    def get(self, keys: Sequence[bytes]) -> dict[bytes, PassageVectors]:
        """The cached vectors of these keys; missing keys are left out."""
        found: dict[bytes, PassageVectors] = {}
        for key, checksum, *blobs in self._select("*", keys):
            if checksum == _checksum(key, blobs):
                pooled, sentences, codes, token_counts = blobs
                found[key] = PassageVectors(
                    pooled=np.frombuffer(pooled, "<f4"),
                    sentences=np.frombuffer(sentences, "<f2").reshape(-1, self._dim),
                    codes=np.frombuffer(codes, "u1").reshape(-1, self._dim // 4),
                    token_counts=np.frombuffer(token_counts, "<i8"),
                )
        return found

    def put(self, entries: dict[bytes, PassageVectors]) -> None:
        """Store these entries in one transaction."""
        rows = []
        for key, vectors in entries.items():
            blobs = (
                vectors.pooled.astype("<f4").tobytes(),
                vectors.sentences.astype("<f2").tobytes(),
                vectors.codes.tobytes(),
                vectors.token_counts.astype("<i8").tobytes(),
            )
            rows.append((key, _checksum(key, blobs), *blobs))

        def work(db: sqlite3.Connection) -> None:
            with db:
                db.executemany("INSERT OR REPLACE INTO vectors VALUES (?,?,?,?,?,?)", rows)

        self._do(work)

    def _select(self, columns: str, keys: Sequence[bytes]) -> Iterator[tuple[bytes, ...]]:
        for start in range(0, len(keys), _BATCH):
            yield from self._select_batch(columns, keys[start : start + _BATCH])

    def _select_batch(self, columns: str, keys: Sequence[bytes]) -> list[tuple[bytes, ...]]:
        sql = f"SELECT {columns} FROM vectors WHERE key IN ({','.join('?' * len(keys))})"
        return self._do(lambda db: db.execute(sql, keys).fetchall())

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work`; if the file turns out to be damaged, run it again on an empty cache."""
        try:
            return work(self._open())
        except (sqlite3.DatabaseError, OSError) as exc:
            code: int = getattr(exc, "sqlite_errorcode", 0)
            # SQLITE_ERROR: the table has other columns than ours.
            if code & 0xFF not in _DAMAGED and code != sqlite3.SQLITE_ERROR:
                raise self._refusal(exc) from exc
            log.warning("vector_cache_set_aside", file=self._path.name, reason=str(exc))
        try:
            # The file is moved aside and kept until the next one is damaged: most of its entries may be sound.
            self.close()
            for ending in ("-wal", "-shm"):
                self._path.with_name(self._path.name + ending).unlink(missing_ok=True)
            os.replace(self._path, self._path.with_name(self._path.name + DAMAGED_ENDING))
            return work(self._open())
        except (sqlite3.DatabaseError, OSError) as exc:
            raise self._refusal(exc) from exc

    def _open(self) -> sqlite3.Connection:
        if self._db is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self._path)
            self._db.text_factory = bytes  # damage can turn a blob into text
            self._db.executescript(_SCHEMA)
        return self._db

    def close(self) -> None:
        """Close the file; what comes next opens it again."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def _refusal(self, exc: Exception) -> Misconfigured:
        self.close()
        return Misconfigured(
            f"the vector cache {self._path} cannot be used ({exc}); make room on the disk, fix permissions or delete it "
            "(this loses time only), and run again"
        )


def cache_key(texts: Sequence[str]) -> bytes:
    """The key of a passage, from everything that is embedded: its text with context, and its sentences."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(len(text).to_bytes(8, "little"))
        digest.update(text.encode())
    return digest.digest()


def _checksum(key: bytes, blobs: Sequence[bytes]) -> bytes:
    """Checksum of an entry. SQLite does not notice a changed byte within a value; a value may not even be bytes."""
    parts = [part if isinstance(part, bytes) else b"?" for part in (key, *blobs)]
    lengths = b"".join(len(part).to_bytes(8, "little") for part in parts)
    return zlib.crc32(lengths + b"".join(parts)).to_bytes(4, "little")


def inspect(path: Path) -> tuple[int, str]:
    """(number of sound entries, fault or "") of a cache that nobody is writing. Reads all of it, changes nothing."""
    sound = damaged = 0
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            db.text_factory = bytes
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'vectors'").fetchone():
                return 0, ""  # just created, or an older version
            for key, checksum, *blobs in db.execute("SELECT * FROM vectors"):
                whole = checksum == _checksum(key, blobs)
                sound, damaged = sound + whole, damaged + (not whole)
            (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as exc:
        return sound, str(exc)
    if damaged:
        return sound, f"{damaged} of {sound + damaged} entries"
    return sound, "" if found == b"ok" else os.fsdecode(found)
