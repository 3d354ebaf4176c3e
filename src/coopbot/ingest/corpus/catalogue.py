"""A cache in SQLite of the articles in the corpus files, so that only changed files are read again.

Losing it costs time, never an article.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coopbot.domain import Article, Language
from coopbot.errors import Unreadable
from coopbot.expendable import ExpendableDatabase, InUse
from coopbot.ingest.addresses import page_key
from coopbot.records import from_json, to_json

# Increase it when a reader, the cleaner or the normal form turns the same file into a different article, when `addresses` or
# `near` make different keys, or when the tables change. Everything is then read again.
VERSION = 2

_MOST_CANDIDATES = 10
_SCHEMA = """
DROP TABLE IF EXISTS files;
DROP TABLE IF EXISTS signatures;
DROP TABLE IF EXISTS bands;
CREATE TABLE files (
    name BLOB PRIMARY KEY, stamp TEXT NOT NULL, content BLOB NOT NULL, language TEXT, text BLOB, page TEXT,
    entry BLOB NOT NULL, checksum INTEGER NOT NULL
);
CREATE INDEX files_stamp ON files (name, stamp, content);
CREATE INDEX files_text ON files (text, language, name);
CREATE INDEX files_page ON files (page) WHERE page <> '';
CREATE TABLE signatures (number INTEGER PRIMARY KEY, text BLOB UNIQUE NOT NULL);
CREATE TABLE bands (key INTEGER, number INTEGER, PRIMARY KEY (key, number)) WITHOUT ROWID;
"""

Found = Article | Unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The result of reading a file, its stamp then (see `files.list_files`), and a digest of its bytes.

    `content` is empty if the result does not depend on the bytes alone.
    """

    name: str
    stamp: str
    content: bytes
    found: Found


class Catalogue:
    """The file at `path`, or one in memory. Safe to call from several threads.

    Every method may raise DatabaseLost: the catalogue is then empty, and the caller must start over.
    """

    def __init__(self, path: Path | None = None, *, patience_s: float = 5.0) -> None:
        self._db = ExpendableDatabase(path, schema=_SCHEMA, version=VERSION, patience_s=patience_s)

    def exclusive(self) -> AbstractContextManager[None]:
        """Take the write lock; see `ExpendableDatabase.exclusive`."""
        return self._db.exclusive()

    def known(self) -> dict[str, tuple[str, bytes]]:
        """Stamp and content of every file in the catalogue, by name."""
        sql = "SELECT name, stamp, content FROM files"
        return {os.fsdecode(name): (stamp, content) for name, stamp, content in self._rows(sql)}

    def get(self, name: str) -> Found | None:
        """The result of reading a file; None if it is not in the catalogue or its entry is damaged."""
        for entry, checksum in self._rows("SELECT entry, checksum FROM files WHERE name = ?", os.fsencode(name)):
            if zlib.crc32(entry) == checksum:
                return from_json(Article, entry) if entry.startswith(b'{"article_id"') else Unreadable(**json.loads(entry))
        return None

    def update(self, *, entries: Iterable[Entry] = (), gone: Iterable[str] = ()) -> bool:
        """Store these entries, drop the files that are gone. Returns False, and does nothing, while another process writes."""
        rows = [_row(entry) for entry in entries]
        old = [(os.fsencode(name),) for name in gone]

        def work(db: sqlite3.Connection) -> None:
            db.executemany("INSERT OR REPLACE INTO files VALUES (?,?,?,?,?,?,?,?)", rows)
            db.executemany("DELETE FROM files WHERE name = ?", old)
            if old:
                db.execute("DELETE FROM signatures WHERE text NOT IN (SELECT text FROM files WHERE text IS NOT NULL)")
                db.execute("DELETE FROM bands WHERE number NOT IN (SELECT number FROM signatures)")

        try:
            if rows or old:
                self._db.write(work)
        except InUse:
            return False
        return True

    def with_text(self, text: str) -> str | None:
        """The name of a file whose article has exactly this text."""
        return self._name("SELECT name FROM files WHERE text = ? ORDER BY name LIMIT 1", _text_key(text))

    def with_page(self, key: str) -> str | None:
        """The name of a file whose article's address has this `page_key`."""
        return self._name("SELECT name FROM files WHERE page = ? AND page <> '' ORDER BY name LIMIT 1", key)

    def unsigned(self, language: Language) -> list[str]:
        """Names of the files whose texts have no signature yet."""
        sql = "SELECT name FROM files WHERE language = ? AND text NOT IN (SELECT text FROM signatures)"
        return [os.fsdecode(name) for (name,) in self._rows(sql, language)]

    def sign(self, text: str, keys: Sequence[int]) -> None:
        """Store the band keys of a text; there may be none."""

        def work(db: sqlite3.Connection) -> None:
            db.execute("INSERT OR IGNORE INTO signatures (text) VALUES (?)", (_text_key(text),))
            (number,) = db.execute("SELECT number FROM signatures WHERE text = ?", (_text_key(text),)).fetchone()
            db.executemany("INSERT OR IGNORE INTO bands VALUES (?,?)", [(key, number) for key in keys])

        self._db.write(work)

    def alike(self, keys: Sequence[int], language: Language) -> list[str]:
        """Names of at most a few files whose texts share band keys, most shared first."""
        marks = ",".join("?" * len(keys))
        sql = (
            f"SELECT f.name FROM bands b JOIN signatures s ON s.number = b.number JOIN files f ON f.text = s.text "
            f"WHERE b.key IN ({marks}) AND f.language = ? GROUP BY f.name "
            f"ORDER BY count(*) DESC, f.name LIMIT {_MOST_CANDIDATES}"
        )
        return [os.fsdecode(name) for (name,) in self._rows(sql, *keys, language)]

    def _name(self, sql: str, value: bytes | str) -> str | None:
        rows = self._rows(sql, value)
        return os.fsdecode(rows[0][0]) if rows else None

    def _rows(self, sql: str, *values: bytes | str | int) -> list[Any]:
        return self._db.read(lambda db: db.execute(sql, values).fetchall())


def _text_key(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _row(entry: Entry) -> tuple[bytes | str | int | None, ...]:
    name, found = os.fsencode(entry.name), entry.found
    if isinstance(found, Unreadable):
        stored = json.dumps({"source": found.source, "reason": found.reason}).encode()
        return (name, entry.stamp, entry.content, None, None, None, stored, zlib.crc32(stored))
    stored = to_json(Article, found)
    keys = (found.language, _text_key(found.text), page_key(found.url))
    return (name, entry.stamp, entry.content, *keys, stored, zlib.crc32(stored))
