"""The bot's SQLite file: opening, migration, transactions."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from coopbot.errors import Misconfigured

# One script for each version of the schema, never changed after a release. An older file runs the missing ones.
_MIGRATIONS = (
    """
    -- What Telegram delivered. `body` is gone once it is handled; the number stays, so that it is not handled again.
    CREATE TABLE updates (
        update_id INTEGER PRIMARY KEY, lane TEXT NOT NULL, user_id INTEGER NOT NULL, album TEXT, sent_at_s REAL NOT NULL,
        body TEXT, starts INTEGER NOT NULL DEFAULT 0, handled_at_s REAL
    );
    CREATE INDEX updates_waiting ON updates (lane, update_id) WHERE handled_at_s IS NULL;
    CREATE INDEX updates_of_user ON updates (user_id, sent_at_s);
    CREATE INDEX updates_of_album ON updates (album) WHERE album IS NOT NULL;

    -- What Telegram has not accepted yet. `after_id` is set while it may have been sent: the latest message id before it.
    CREATE TABLE outbox (
        outbox_id INTEGER PRIMARY KEY AUTOINCREMENT, chat_id INTEGER NOT NULL, key TEXT NOT NULL, part INTEGER NOT NULL,
        body TEXT NOT NULL, after_id INTEGER, created_at_s REAL NOT NULL
    );
    CREATE INDEX outbox_of_chat ON outbox (chat_id, outbox_id);
    -- What it has: which message shows which part of what.
    CREATE TABLE sent (
        chat_id INTEGER NOT NULL, message_id INTEGER NOT NULL, key TEXT NOT NULL, part INTEGER NOT NULL,
        sent_at_s REAL NOT NULL, PRIMARY KEY (chat_id, message_id)
    ) WITHOUT ROWID;
    CREATE INDEX sent_by_key ON sent (key, part);
    CREATE TABLE latest_ids (space INTEGER PRIMARY KEY, message_id INTEGER NOT NULL);

    CREATE TABLE answers (
        answer_id INTEGER PRIMARY KEY AUTOINCREMENT, chat_id INTEGER NOT NULL, topic_id INTEGER, user_id INTEGER NOT NULL,
        question_id INTEGER NOT NULL, question TEXT NOT NULL, searched_as TEXT NOT NULL, language TEXT NOT NULL,
        parts INTEGER NOT NULL, created_at_s REAL NOT NULL
    );
    CREATE INDEX answers_by_question ON answers (chat_id, question_id);
    CREATE TABLE votes (
        answer_id INTEGER NOT NULL, user_id INTEGER NOT NULL, good INTEGER NOT NULL, voted_at_s REAL NOT NULL,
        PRIMARY KEY (answer_id, user_id)
    );
    CREATE TABLE conversations (
        chat_id INTEGER NOT NULL, topic_id INTEGER NOT NULL, user_id INTEGER NOT NULL, begun_id INTEGER NOT NULL,
        begun_at_s REAL NOT NULL, PRIMARY KEY (chat_id, topic_id, user_id)
    );
    CREATE TABLE languages (user_id INTEGER PRIMARY KEY, language TEXT NOT NULL);

    CREATE TABLE subscriptions (
        chat_id INTEGER NOT NULL, user_id INTEGER NOT NULL, days INTEGER NOT NULL, subject TEXT NOT NULL,
        language TEXT NOT NULL, served_at_s REAL NOT NULL, PRIMARY KEY (chat_id, user_id)
    );
    CREATE TABLE articles (article_id TEXT PRIMARY KEY, sha256 TEXT NOT NULL, first_seen_s REAL NOT NULL);
    """,
)

# How long questions and their answers are kept, which is how long the buttons under an answer work.
_KEPT_ANSWERS_S = 30 * 86_400
# Telegram repeats unconfirmed updates for a day.
_KEPT_NUMBERS_S = 2 * 86_400


class Database:
    """For one process. Safe to share between threads."""

    def __init__(self, path: Path, *, now_s: Callable[[], float] = time.time) -> None:
        """Raises Misconfigured if the file cannot be used."""
        self.now_s = now_s
        self._lock = threading.RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._connection.row_factory = sqlite3.Row
            self._migrate(path)
        except (OSError, sqlite3.Error) as exc:
            raise Misconfigured(
                f"{path} cannot be used ({exc}); move it away, or set COOPBOT_TELEGRAM_DIR to a folder that can be written"
            ) from exc

    @contextmanager
    def write(self, *, flushed: bool = False) -> Iterator[None]:
        """A transaction; one within another is part of it.

        Once committed, it survives a killed process; if `flushed`, also a power cut.
        """
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if flushed else 'NORMAL'}")
            with self._connection:  # commits, or rolls back after an error
                self._connection.execute("BEGIN IMMEDIATE")
                yield

    def execute(self, query: str, *values: object) -> sqlite3.Cursor:
        """Run a statement that writes, in a transaction of its own or the one around it."""
        with self.write():
            return self._connection.execute(query, values)

    def read(self, query: str, *values: object) -> list[sqlite3.Row]:
        """The rows of a query."""
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def first(self, query: str, *values: object) -> sqlite3.Row | None:
        """The first row of a query; None if there is none."""
        return next(iter(self.read(query, *values)), None)

    def number(self, query: str, *values: object) -> int:
        """The single value of a query; 0 if there is no row, or it is NULL."""
        row = self.first(query, *values)
        return int(row[0] or 0) if row else 0

    def clear_up(self) -> None:
        """Delete what has expired."""
        now_s = self.now_s()
        with self.write():
            self.execute("DELETE FROM updates WHERE handled_at_s < ?", now_s - _KEPT_NUMBERS_S)
            for query in (
                "DELETE FROM votes WHERE answer_id IN (SELECT answer_id FROM answers WHERE created_at_s < ?)",
                "DELETE FROM answers WHERE created_at_s < ?",
                "DELETE FROM sent WHERE sent_at_s < ?",
                "DELETE FROM conversations WHERE begun_at_s < ?",
            ):
                self.execute(query, now_s - _KEPT_ANSWERS_S)

    def close(self) -> None:
        """Close the file; nothing else may be called afterwards."""
        with self._lock:
            self._connection.close()

    def _migrate(self, path: Path) -> None:
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            version = self.number("PRAGMA user_version")
            if version > len(_MIGRATIONS):
                raise Misconfigured(
                    f"{path} was written by a newer coopbot; install that, or set COOPBOT_TELEGRAM_DIR to another folder"
                )
            for number, script in enumerate(_MIGRATIONS[version:], start=version + 1):
                self._connection.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {number}; COMMIT;")
        except BaseException:
            self._connection.close()
            raise
