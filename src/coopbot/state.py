"""The state of a service in one SQLite file, shared by all its processes: conversations, changes, feeds, feedback,
the Telegram bot.

A process that is killed loses nothing that was committed. What only one process at a time may do is held by a lease.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout

from coopbot.errors import Busy, Misconfigured

# Votes of the bot from before there was feedback, with the question if it is the voter's own. {0}: the database they are in.
_VOTES_AS_FEEDBACK = """
    INSERT OR IGNORE INTO main.feedback
    SELECT
        'tg' || votes.user_id || '.' || answer_id, voted_at_s, iif(good, 'good', 'bad'),
        json_object(
            'verdict', iif(good, 'good', 'bad'), 'channel', 'telegram', 'language', language,
            'question', iif(votes.user_id = answers.user_id, question, ''),
            'searched_as', iif(votes.user_id = answers.user_id, searched_as, '')
        )
    FROM {0}.votes AS votes LEFT JOIN {0}.answers AS answers USING (answer_id);
"""

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
    """
    -- What was asked in a conversation: see `ask.understand.conversations`.
    CREATE TABLE talks (
        client TEXT NOT NULL, conversation TEXT NOT NULL, at_s REAL NOT NULL, turns BLOB NOT NULL,
        PRIMARY KEY (client, conversation)
    );
    CREATE INDEX talks_by_time ON talks (at_s);
    CREATE TABLE leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, until_s REAL NOT NULL);
    -- Changes of corpus and index: see `serve.changes`. `data` is what was sent, until the change is made.
    CREATE TABLE changes (
        number INTEGER PRIMARY KEY AUTOINCREMENT, change_id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, subject TEXT NOT NULL,
        state TEXT NOT NULL, record BLOB NOT NULL, data BLOB
    );
    CREATE INDEX changes_by_state ON changes (state, number);
    -- What was read from each feed: see `ingest.web.feed`; and when it was last asked for.
    CREATE TABLE feeds (feed TEXT PRIMARY KEY, state BLOB, read_at_s REAL NOT NULL DEFAULT 0);
    """,
    """
    -- `unclear` while a message may have been sent: it is then sent again, with a note.
    ALTER TABLE outbox ADD COLUMN unclear INTEGER NOT NULL DEFAULT 0;
    UPDATE outbox SET unclear = after_id IS NOT NULL;
    ALTER TABLE outbox DROP COLUMN after_id;
    DROP TABLE latest_ids;
    """,
    """
    -- What users say about answers: see `serve.feedback`.
    CREATE TABLE feedback (feedback_id TEXT PRIMARY KEY, at_s REAL NOT NULL, verdict TEXT NOT NULL, record BLOB NOT NULL);
    CREATE INDEX feedback_by_time ON feedback (at_s);
    """,
    f"{_VOTES_AS_FEEDBACK.format('main')} DROP TABLE votes;",
    """
    -- What became of the visits to pages that articles cite: see `ingest.web.cited`.
    CREATE TABLE cited (url TEXT PRIMARY KEY, visit BLOB NOT NULL);
    """,
)

# What the bot of release 0.1.0 stored in a file of its own, besides the outbox and votes.
_OF_THE_BOT = ("updates", "sent", "answers", "conversations", "languages", "subscriptions", "articles")

# How long a process waits for another's transaction, and for it to create the file.
_PATIENCE_S = 10.0
# A lease that reaches further into the future was taken before the clock was set back.
_LONGEST_LEASE_S = 120.0


class State:
    """Safe to share between threads; several processes of one machine may open the same file."""

    def __init__(self, path: Path | None, *, now_s: Callable[[], float] = time.time) -> None:
        """path: of the file; None for a database in memory. now_s: seconds since the epoch.

        Raises Misconfigured if the file cannot be used.
        """
        self.now_s = now_s
        self.in_memory = path is None
        self._lock = threading.RLock()
        self._path = path
        try:
            if path is None:
                self._open(":memory:")
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            # One process creates the file; the others wait for it.
            with FileLock(path.with_name(f".{path.name}.lock"), timeout=_PATIENCE_S):
                # It holds what users asked, and addresses that may contain a secret. SQLite's other files get its mode.
                path.touch(mode=0o600)
                with suppress(OSError):
                    os.chmod(path, 0o600)
                self._open(path)
        except (OSError, sqlite3.Error, Timeout) as exc:
            raise Misconfigured(
                f"{path} cannot be used ({exc}); move it away, or set COOPBOT_STATE_DIR to a folder that can be written"
            ) from exc

    def __del__(self) -> None:
        if hasattr(self, "_connection"):
            self._connection.close()

    @contextmanager
    def write(self, *, flushed: bool = False) -> Iterator[None]:
        """A transaction; one within another is part of it.

        Once committed, it survives a killed process; if `flushed`, also a power cut. Raises Busy if another process writes for
        too long, Misconfigured if the file cannot be written.
        """
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            with _translated():
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
        with self._lock, _translated():
            return self._connection.execute(query, values).fetchall()

    def first(self, query: str, *values: object) -> sqlite3.Row | None:
        """The first row of a query; None if there is none."""
        return next(iter(self.read(query, *values)), None)

    def number(self, query: str, *values: object) -> int:
        """The single value of a query; 0 if there is no row, or it is NULL."""
        row = self.first(query, *values)
        return int(row[0] or 0) if row else 0

    def lease(self, name: str, for_s: float, on_lost: Callable[[], object] = lambda: None) -> Lease | None:
        """The right to do what only one process at a time may do; None while another holds it.

        A holder that dies loses it after `for_s` seconds, at most _LONGEST_LEASE_S. on_lost: called in another thread if it is
        lost before its end.
        """
        now_s = self.now_s()
        held = "SELECT COUNT(*) FROM leases WHERE name = ? AND until_s > ? AND until_s <= ?"
        lease = Lease(self, name, for_s, on_lost)
        return None if self.number(held, name, now_s, now_s + _LONGEST_LEASE_S) or not lease.renew() else lease

    def take_over(self, earlier: Path) -> None:
        """Copy what the bot of an earlier release, 0.1.0, stored in a file of its own, and rename that file."""
        if not earlier.exists():
            return
        with self._lock, _translated():
            self._connection.execute("ATTACH ? AS earlier", (str(earlier),))
            try:
                with self.write(flushed=True):
                    for table in _OF_THE_BOT:
                        self._connection.execute(f"INSERT OR IGNORE INTO main.{table} SELECT * FROM earlier.{table}")
                    columns = "outbox_id, chat_id, key, part, body, created_at_s"
                    self._connection.execute(
                        f"INSERT OR IGNORE INTO main.outbox ({columns}, unclear)"
                        f" SELECT {columns}, after_id IS NOT NULL FROM earlier.outbox"
                    )
                    self._connection.execute(_VOTES_AS_FEEDBACK.format("earlier"))
            finally:
                self._connection.execute("DETACH earlier")
        with suppress(FileNotFoundError):  # another process did the same
            earlier.rename(earlier.with_name(f"{earlier.name}.taken-over"))

    def close(self) -> None:
        """Close the file; nothing else may be called afterwards."""
        with self._lock:
            self._connection.close()

    def _open(self, where: Path | str) -> None:
        self._connection = sqlite3.connect(where, timeout=_PATIENCE_S, isolation_level=None, check_same_thread=False)
        try:
            self._connection.row_factory = sqlite3.Row
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA secure_delete = ON")  # what a user had deleted is overwritten
            version = self.number("PRAGMA user_version")
            if version > len(_MIGRATIONS):
                raise Misconfigured(
                    f"{self._path} was written by a newer coopbot; install that, or set COOPBOT_STATE_DIR to another folder"
                )
            for number, script in enumerate(_MIGRATIONS[version:], start=version + 1):
                self._connection.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {number}; COMMIT;")
        except BaseException:
            self._connection.close()
            raise


class Lease:
    """A context in which a thread renews the lease, so that it lasts; at its end another process may take it."""

    def __init__(self, state: State, name: str, for_s: float, on_lost: Callable[[], object]) -> None:
        self._state, self._name, self._for_s, self._on_lost = state, name, for_s, on_lost
        self._holder = uuid4().hex
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"coopbot-lease-{name}", daemon=True)
        self.lost = False

    def __enter__(self) -> Lease:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        self._thread.join()

    def release(self) -> None:
        """Let another process take the lease."""
        self._ended.set()
        with suppress(Busy, Misconfigured):  # then it expires
            self._state.execute("DELETE FROM leases WHERE name = ? AND holder = ?", self._name, self._holder)

    def renew(self) -> bool:
        """Take or prolong the lease. Returns False if another process has it."""
        now_s = self._state.now_s()
        query = """
            INSERT INTO leases VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE SET holder = ?2, until_s = ?3
            WHERE holder = ?2 OR until_s <= ?4 OR until_s > ?5"""
        given = (self._name, self._holder, now_s + self._for_s, now_s, now_s + _LONGEST_LEASE_S)
        return self._state.execute(query, *given).rowcount > 0

    def check(self) -> None:
        """Raise Busy if another process has taken the lease: in a transaction, before what only the holder may write."""
        held = "SELECT COUNT(*) FROM leases WHERE name = ? AND holder = ?"
        if not self._state.number(held, self._name, self._holder):
            raise Busy("another process goes on with this, since this one did not respond for a while")

    def _keep(self) -> None:
        while not self._ended.wait(self._for_s / 3):
            with suppress(Busy, Misconfigured):  # `check` finds out if it expires meanwhile
                if not self.renew():
                    self.lost = True
                    self._on_lost()
                    return


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as exc:
        if getattr(exc, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
            raise Busy("another process is writing the service's state; try again when it is done") from exc
        raise Misconfigured(f"the service's state cannot be written ({exc}); see to the disk of COOPBOT_STATE_DIR") from exc
