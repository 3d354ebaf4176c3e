"""Updates from Telegram, stored on disk before they are confirmed, until they are handled in fair turns."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coopbot.serve.telegram.database import Database
from coopbot.serve.telegram.outbox import note_latest

# JSON of the Bot API, whose values are of every type.
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An update that is not handled yet. lane: sender and chat; updates of a lane are handled in order.

    starts: how many times handling was started, this time included.
    """

    update_id: int
    lane: str
    user_id: int
    sent_at_s: float
    starts: int
    body: Json

    @property
    def key(self) -> str:
        """The key of the messages that reply to it."""
        return f"update:{self.update_id}"


class Inbox:
    """Safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # The turn in which a lane was last served; the one that has waited longest is next.
        self._served: dict[str, int] = {}
        self._turn = 0

    def put(self, updates: Sequence[Json]) -> None:
        """Store updates, flushed to disk on return. Known ones are ignored."""
        with self._database.write(flushed=True):
            for body in updates:
                content = _content(body)
                lane, user_id, sent_at_s = _sender(body["update_id"], content, self._database.now_s())
                self._database.execute(
                    "INSERT OR IGNORE INTO updates (update_id, lane, user_id, album, sent_at_s, body)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    *(body["update_id"], lane, user_id, content.get("media_group_id"), sent_at_s, json.dumps(body)),
                )
                if "message_id" in content and "chat" in content:
                    note_latest(self._database, int(content["chat"]["id"]), int(content["message_id"]))

    def take(self, busy: Collection[str]) -> Waiting | None:
        """The next update of the lane that has waited longest, except `busy` lanes; None if there is none."""
        query = "SELECT lane, MIN(update_id) AS first FROM updates WHERE handled_at_s IS NULL GROUP BY lane"
        heads = self._database.read(query)
        free = [row for row in heads if row["lane"] not in busy]
        if not free:
            self._served = {} if not heads else self._served
            return None
        head = min(free, key=lambda row: (self._served.get(row["lane"], 0), row["first"]))
        self._turn += 1
        self._served[head["lane"]] = self._turn
        self._database.execute("UPDATE updates SET starts = starts + 1 WHERE update_id = ?", head["first"])
        query = "SELECT update_id, lane, user_id, sent_at_s, starts, body FROM updates WHERE update_id = ?"
        (row,) = self._database.read(query, head["first"])
        return Waiting(**{**row, "body": json.loads(row["body"])})

    def put_back(self, waiting: Waiting) -> None:
        """Undo `take`: the update waits again, and this start does not count."""
        self._database.execute("UPDATE updates SET starts = starts - 1 WHERE update_id = ?", waiting.update_id)

    def done(self, update_id: int) -> None:
        """Record an update as handled, and delete its content."""
        query = "UPDATE updates SET body = NULL, handled_at_s = ? WHERE update_id = ?"
        self._database.execute(query, self._database.now_s(), update_id)

    def count(self) -> int:
        """The number of waiting updates."""
        return self._database.number("SELECT COUNT(*) FROM updates WHERE handled_at_s IS NULL")

    def earlier(self, waiting: Waiting, within_s: float) -> int:
        """The number of updates in the same lane within `within_s` before this one."""
        query = "SELECT COUNT(*) FROM updates WHERE user_id = ? AND update_id < ? AND sent_at_s > ? AND lane = ?"
        since_s = waiting.sent_at_s - within_s
        return self._database.number(query, waiting.user_id, waiting.update_id, since_s, waiting.lane)

    def is_followed(self, waiting: Waiting) -> bool:
        """Whether a newer update waits in the same lane."""
        query = "SELECT COUNT(*) FROM updates WHERE handled_at_s IS NULL AND lane = ? AND update_id > ?"
        return self._database.number(query, waiting.lane, waiting.update_id) > 0

    def speaks_for_album(self, update_id: int, album: str) -> bool:
        """Whether an update without words is the one in its album that gets a reply: the first, if none has words."""
        rows = self._database.read("SELECT update_id, body FROM updates WHERE album = ? ORDER BY update_id", album)
        worded = any(row["body"] and "caption" in _content(json.loads(row["body"])) for row in rows)
        return bool(rows) and rows[0]["update_id"] == update_id and not worded

    def forget(self, user_id: int) -> int:
        """Delete a user's waiting updates. Returns how many there were."""
        query = "UPDATE updates SET body = NULL, handled_at_s = ? WHERE user_id = ? AND handled_at_s IS NULL"
        return self._database.execute(query, self._database.now_s(), user_id).rowcount


def _content(body: Json) -> Json:
    """The content of an update, which is its only member besides the id."""
    return next((value for name, value in body.items() if name != "update_id" and isinstance(value, dict)), {})


def _sender(update_id: int, content: Json, now_s: float) -> tuple[str, int, float]:
    """Lane, user and time of an update."""
    message: Mapping[str, Any] = content.get("message") or content
    chat_id = int((message.get("chat") or {}).get("id", 0))
    speaker = content.get("sender_chat") or content.get("from") or {}
    user_id = int(speaker.get("id", 0))
    lane = f"{chat_id}:{user_id}" if chat_id else f"inline:{user_id}" if user_id else f"update:{update_id}"
    # An edit has its own date. A button press contains the date of its message, which may be old.
    sent_at_s = content.get("edit_date") or content.get("date") if content is message else None
    return lane, user_id, float(sent_at_s or now_s)
