"""Vectors by what was embedded: a text that was embedded once, under the same model, is not embedded again.

One SQLite file a model fingerprint, under `index/cache/`. Losing it costs time, never correctness.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from coopbot.errors import Misconfigured
from coopbot.index.shard import PassageVectors

# SQLite's default limit on variables in one statement is 32,766; small batches are as fast.
_BATCH = 500


class VectorCache:
    """Opens or makes the cache of one model."""

    def __init__(self, folder: Path, fingerprint: str, dim: int) -> None:
        self._dim = dim
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(folder / f"{fingerprint}.sqlite")
            self._db.executescript(
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
                "CREATE TABLE IF NOT EXISTS passage_vectors"
                " (key BLOB PRIMARY KEY, pooled BLOB, sentences BLOB, codes BLOB, token_counts BLOB);"
            )
        except sqlite3.DatabaseError as exc:
            raise Misconfigured(f"the vector cache in {folder} cannot be used; delete that folder and run again") from exc

    def __enter__(self) -> VectorCache:
        """Close it at the end of the `with` block."""
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def known(self, keys: Sequence[bytes]) -> set[bytes]:
        """Which of these keys are here."""
        present: set[bytes] = set()
        for batch in _batches(keys):
            rows = self._db.execute(f"SELECT key FROM passage_vectors WHERE key IN ({_marks(batch)})", batch)
            present.update(key for (key,) in rows)
        return present

    def get(self, keys: Sequence[bytes]) -> dict[bytes, PassageVectors]:
        """What is known of these keys."""
        found: dict[bytes, PassageVectors] = {}
        for batch in _batches(keys):
            rows = self._db.execute(f"SELECT * FROM passage_vectors WHERE key IN ({_marks(batch)})", batch)
            for key, pooled, sentences, codes, counts in rows:
                found[key] = PassageVectors(
                    pooled=np.frombuffer(pooled, "<f4"),
                    sentences=np.frombuffer(sentences, "<f2").reshape(-1, self._dim),
                    codes=np.frombuffer(codes, "u1").reshape(-1, self._dim // 4),
                    token_counts=np.frombuffer(counts, "<i8"),
                )
        return found

    def put(self, entries: dict[bytes, PassageVectors]) -> None:
        """Keep these, in one transaction."""
        rows = [
            (
                key,
                v.pooled.astype("<f4").tobytes(),
                v.sentences.tobytes(),
                v.codes.tobytes(),
                v.token_counts.astype("<i8").tobytes(),
            )
            for key, v in entries.items()
        ]
        with self._db:
            self._db.executemany("INSERT OR REPLACE INTO passage_vectors VALUES (?,?,?,?,?)", rows)


def _batches(keys: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    return (keys[start : start + _BATCH] for start in range(0, len(keys), _BATCH))


def _marks(batch: Sequence[bytes]) -> str:
    return ",".join("?" * len(batch))


def cache_key(texts: Sequence[str]) -> bytes:
    """A key for a passage as it is embedded: its text with context, and its sentences."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(len(text).to_bytes(8, "little"))
        digest.update(text.encode())
    return digest.digest()
