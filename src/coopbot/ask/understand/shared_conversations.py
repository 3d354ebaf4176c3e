"""Conversation memory shared by several processes, in an SQLite file that may be lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from coopbot.ask.understand.conversations import MAX_CONVERSATIONS, MAX_CONVERSATIONS_PER_CLIENT, MAX_EARLIER, MAX_IDLE_S
from coopbot.expendable import DatabaseLost, ExpendableDatabase, InUse

_SCHEMA = """
DROP TABLE IF EXISTS asked;
CREATE TABLE asked (client TEXT NOT NULL, conversation TEXT NOT NULL, at_s REAL NOT NULL, question TEXT NOT NULL);
CREATE INDEX asked_in ON asked (client, conversation);
CREATE INDEX asked_at ON asked (at_s)
"""
_VERSION = 1
_PATIENCE_S = 2.0

_OLDER_QUESTIONS = """
DELETE FROM asked WHERE client = ? AND conversation = ? AND rowid NOT IN (
    SELECT rowid FROM asked WHERE client = ? AND conversation = ? ORDER BY rowid DESC LIMIT ?)
"""
_OLDER_CONVERSATIONS = """
DELETE FROM asked WHERE client = ? AND conversation NOT IN (
    SELECT conversation FROM asked WHERE client = ? GROUP BY conversation ORDER BY MAX(rowid) DESC LIMIT ?)
"""
_OLDEST = """
DELETE FROM asked WHERE rowid NOT IN (
    SELECT own.rowid FROM asked own JOIN (
        SELECT client, conversation FROM asked GROUP BY client, conversation ORDER BY MAX(rowid) DESC LIMIT ?
    ) latest ON own.client = latest.client AND own.conversation = latest.conversation)
"""


class SharedConversations:
    """`Conversations` for several processes, within the same limits. clock: seconds since the epoch."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._database = ExpendableDatabase(path, schema=_SCHEMA, version=_VERSION, patience_s=_PATIENCE_S)

    def remember(self, conversation_id: str, question: str, client: str = "") -> None:
        """Add a resolved question. If it cannot be stored it is dropped: the next question is then not a follow-up."""
        now_s, key = self._clock(), (client, conversation_id)

        def add(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM asked WHERE at_s < ?", (now_s - MAX_IDLE_S,))
            known = db.execute("SELECT 1 FROM asked WHERE client = ? AND conversation = ?", key).fetchone()
            db.execute("INSERT INTO asked VALUES (?, ?, ?, ?)", (*key, now_s, question))
            db.execute(_OLDER_QUESTIONS, (*key, *key, MAX_EARLIER))
            if known:
                return
            if client:
                db.execute(_OLDER_CONVERSATIONS, (client, client, MAX_CONVERSATIONS_PER_CLIENT))
            (count,) = db.execute("SELECT COUNT(*) FROM (SELECT DISTINCT client, conversation FROM asked)").fetchone()
            if count > MAX_CONVERSATIONS:
                db.execute(_OLDEST, (MAX_CONVERSATIONS,))

        with suppress(DatabaseLost, InUse):
            self._database.write(add)

    def earlier(self, conversation_id: str, client: str = "") -> tuple[str, ...]:
        """The questions so far, newest last; none for an id that this client has not used."""
        rows = "SELECT question, at_s FROM asked WHERE client = ? AND conversation = ? ORDER BY rowid"
        try:
            found = self._database.read(lambda db: db.execute(rows, (client, conversation_id)).fetchall())
        except DatabaseLost:
            return ()
        fresh = found and self._clock() - found[-1][1] <= MAX_IDLE_S
        return tuple(question for question, _ in found) if fresh else ()
