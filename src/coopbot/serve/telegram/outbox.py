"""Messages to send, stored on disk until Telegram has accepted them, in order for each chat."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from coopbot.serve.telegram.outgoing import Outgoing
from coopbot.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A message to send. unclear: whether it may have been sent already. age_s: how long it has waited."""

    outbox_id: int
    outgoing: Outgoing
    unclear: bool
    age_s: float

    @property
    def chat_id(self) -> int:
        """The chat it is for."""
        return self.outgoing.chat_id


class Outbox:
    """Safe to share between threads."""

    def __init__(self, state: State) -> None:
        self._state = state

    def put(self, outgoing: Iterable[Outgoing]) -> None:
        """Add messages."""
        query = "INSERT INTO outbox (chat_id, key, part, body, created_at_s) VALUES (?, ?, ?, ?, ?)"
        with self._state.write():
            for one in outgoing:
                self._state.execute(query, one.chat_id, one.key, one.part, one.as_json(), self._state.now_s())

    def chats(self) -> list[int]:
        """The chats with waiting messages, the longest waiting first."""
        rows = self._state.read("SELECT chat_id FROM outbox GROUP BY chat_id ORDER BY MIN(outbox_id)")
        return [int(row["chat_id"]) for row in rows]

    def first(self, chat_id: int) -> Pending | None:
        """The next message of a chat; None if there is none."""
        row = self._state.first("SELECT * FROM outbox WHERE chat_id = ? ORDER BY outbox_id LIMIT 1", chat_id)
        if row is None:
            return None
        age_s = self._state.now_s() - row["created_at_s"]
        return Pending(outbox_id=row["outbox_id"], outgoing=Outgoing.from_row(row), unclear=bool(row["unclear"]), age_s=age_s)

    def begin(self, pending: Pending) -> None:
        """Record that the message may have been sent from now on."""
        self._state.execute("UPDATE outbox SET unclear = 1 WHERE outbox_id = ?", pending.outbox_id)

    def not_sent(self, pending: Pending) -> None:
        """Record that the message was not sent."""
        self._state.execute("UPDATE outbox SET unclear = 0 WHERE outbox_id = ?", pending.outbox_id)

    def accepted(self, pending: Pending, message_id: int) -> None:
        """Record that Telegram accepted the message under this id."""
        query, shown = "INSERT OR REPLACE INTO sent VALUES (?, ?, ?, ?, ?)", pending.outgoing
        with self._state.write():
            self.drop(pending)
            self._state.execute(query, shown.chat_id, message_id, shown.key, shown.part, self._state.now_s())

    def drop(self, pending: Pending) -> None:
        """Delete a message from the outbox."""
        self._state.execute("DELETE FROM outbox WHERE outbox_id = ?", pending.outbox_id)

    def drop_chat(self, chat_id: int) -> None:
        """Delete all messages and subscriptions of a chat."""
        with self._state.write():
            self._state.execute("DELETE FROM outbox WHERE chat_id = ?", chat_id)
            self._state.execute("DELETE FROM subscriptions WHERE chat_id = ?", chat_id)

    def move_chat(self, old_id: int, new_id: int) -> None:
        """Move messages of a group that became a supergroup. Message ids change, so nothing stays a reply or an edit."""
        for row in self._state.read("SELECT * FROM outbox WHERE chat_id = ?", old_id):
            moved = replace(Outgoing.from_row(row), chat_id=new_id, action="send", reply_to=None, topic_id=None)
            query = "UPDATE outbox SET chat_id = ?, body = ?, unclear = 0 WHERE outbox_id = ?"
            self._state.execute(query, new_id, moved.as_json(), row["outbox_id"])
        self._state.execute("UPDATE OR REPLACE subscriptions SET chat_id = ? WHERE chat_id = ?", new_id, old_id)

    def message_id(self, outgoing: Outgoing) -> int | None:
        """The id of the sent message that an edit or deletion refers to; None if there is none."""
        query = "SELECT message_id FROM sent WHERE key = ? AND part = ? AND chat_id = ?"
        return self._state.number(query, outgoing.key, outgoing.part, outgoing.chat_id) or None

    def key_of(self, chat_id: int, message_id: int) -> str | None:
        """What a sent message shows; None if it is not known any more, or has further parts."""
        query = "SELECT key, part FROM sent WHERE chat_id = ? AND message_id = ?"
        row = self._state.first(query, chat_id, message_id)
        return row["key"] if row is not None and not row["part"] else None

    def count(self) -> int:
        """How many wait."""
        return self._state.number("SELECT COUNT(*) FROM outbox")
