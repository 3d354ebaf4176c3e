"""Messages to send, stored on disk until Telegram has accepted them, in order for each chat."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from coopbot.serve.telegram.database import Database
from coopbot.serve.telegram.outgoing import Outgoing

# Ids of supergroups and channels begin with -100. Each of them has its own message ids; all other chats of a bot share OWN_IDS.
_FIRST_SUPERGROUP = -1_000_000_000_000
OWN_IDS = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A message to send. age_s: how long it has waited.

    after_id: None, or if it may have been sent, the latest message id known before that.
    """

    outbox_id: int
    outgoing: Outgoing
    after_id: int | None
    age_s: float

    @property
    def chat_id(self) -> int:
        """The chat it is for."""
        return self.outgoing.chat_id


class Outbox:
    """Safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, outgoing: Iterable[Outgoing]) -> None:
        """Add messages."""
        query = "INSERT INTO outbox (chat_id, key, part, body, created_at_s) VALUES (?, ?, ?, ?, ?)"
        with self._database.write():
            for one in outgoing:
                self._database.execute(query, one.chat_id, one.key, one.part, one.as_json(), self._database.now_s())

    def chats(self) -> list[int]:
        """The chats with waiting messages, the longest waiting first."""
        rows = self._database.read("SELECT chat_id FROM outbox GROUP BY chat_id ORDER BY MIN(outbox_id)")
        return [int(row["chat_id"]) for row in rows]

    def first(self, chat_id: int) -> Pending | None:
        """The next message of a chat; None if there is none."""
        row = self._database.first("SELECT * FROM outbox WHERE chat_id = ? ORDER BY outbox_id LIMIT 1", chat_id)
        if row is None:
            return None
        age_s = self._database.now_s() - row["created_at_s"]
        return Pending(outbox_id=row["outbox_id"], outgoing=Outgoing.from_row(row), after_id=row["after_id"], age_s=age_s)

    def begin(self, pending: Pending) -> None:
        """Record that the message may have been sent from now on."""
        query = "UPDATE outbox SET after_id = ? WHERE outbox_id = ?"
        self._database.execute(query, self.latest_id(pending.chat_id), pending.outbox_id)

    def not_sent(self, pending: Pending) -> None:
        """Record that the message was not sent."""
        self._database.execute("UPDATE outbox SET after_id = NULL WHERE outbox_id = ?", pending.outbox_id)

    def accepted(self, pending: Pending, message_id: int) -> None:
        """Record that Telegram accepted the message under this id."""
        query, shown = "INSERT OR REPLACE INTO sent VALUES (?, ?, ?, ?, ?)", pending.outgoing
        with self._database.write():
            self.drop(pending)
            self._database.execute(query, shown.chat_id, message_id, shown.key, shown.part, self._database.now_s())
            note_latest(self._database, shown.chat_id, message_id)

    def drop(self, pending: Pending) -> None:
        """Delete a message from the outbox."""
        self._database.execute("DELETE FROM outbox WHERE outbox_id = ?", pending.outbox_id)

    def drop_chat(self, chat_id: int) -> None:
        """Delete all messages and subscriptions of a chat."""
        with self._database.write():
            self._database.execute("DELETE FROM outbox WHERE chat_id = ?", chat_id)
            self._database.execute("DELETE FROM subscriptions WHERE chat_id = ?", chat_id)

    def move_chat(self, old_id: int, new_id: int) -> None:
        """Move messages of a group that became a supergroup. Message ids change, so nothing stays a reply or an edit."""
        for row in self._database.read("SELECT * FROM outbox WHERE chat_id = ?", old_id):
            moved = replace(Outgoing.from_row(row), chat_id=new_id, action="send", reply_to=None, topic_id=None)
            query = "UPDATE outbox SET chat_id = ?, body = ?, after_id = NULL WHERE outbox_id = ?"
            self._database.execute(query, new_id, moved.as_json(), row["outbox_id"])
        self._database.execute("UPDATE OR REPLACE subscriptions SET chat_id = ? WHERE chat_id = ?", new_id, old_id)

    def message_id(self, outgoing: Outgoing) -> int | None:
        """The id of the sent message that an edit or deletion refers to; None if there is none."""
        query = "SELECT message_id FROM sent WHERE key = ? AND part = ? AND chat_id = ?"
        return self._database.number(query, outgoing.key, outgoing.part, outgoing.chat_id) or None

    def latest_id(self, chat_id: int) -> int:
        """The highest known message id in the chat's id space."""
        return self._database.number("SELECT message_id FROM latest_ids WHERE space = ?", space_of(chat_id))

    def known_ids(self, chat_id: int, first: int, last: int) -> set[int]:
        """The ids from `first` to `last` that are recorded as sent by the bot."""
        query = "SELECT message_id FROM sent WHERE chat_id = ? AND message_id BETWEEN ? AND ?"
        return {int(row["message_id"]) for row in self._database.read(query, chat_id, first, last)}

    def under_way(self) -> int:
        """How many may have been sent."""
        return self._database.number("SELECT COUNT(*) FROM outbox WHERE after_id IS NOT NULL")

    def count(self) -> int:
        """How many wait."""
        return self._database.number("SELECT COUNT(*) FROM outbox")


def space_of(chat_id: int) -> int:
    """The id space of a chat's messages: the chat itself, or OWN_IDS."""
    return chat_id if chat_id < _FIRST_SUPERGROUP else OWN_IDS


def note_latest(database: Database, chat_id: int, message_id: int) -> None:
    """Record the id of an existing message."""
    query = "INSERT INTO latest_ids VALUES (?1, ?2) ON CONFLICT (space) DO UPDATE SET message_id = MAX(message_id, ?2)"
    database.execute(query, space_of(chat_id), message_id)
