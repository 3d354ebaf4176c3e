"""Updates from Telegram, stored on disk before they are confirmed, until they are handled in fair turns."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from coopbot.state import State

# JSON of the Bot API, whose values are of every type.
Json = dict[str, Any]

# Larger numbers than any of Telegram's, and than SQLite stores.
_TOO_LARGE = 2**63

# An update that was begun this many times, and never finished, is taken alone: if the process ends again, no other is to blame.
_SUSPECT_STARTS = 2

log = structlog.get_logger()


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

    def __init__(self, state: State) -> None:
        self._state = state
        self.dropped = 0
        # The turn in which a lane was last served; the one that has waited longest is next.
        self._served: dict[str, int] = {}
        self._turn = 0

    def put(self, updates: Sequence[Json]) -> None:
        """Store updates, flushed to disk on return. Known ones are ignored; malformed ones are dropped, counted and logged."""
        rows = [row for body in updates if (row := _row(body, self._state.now_s())) is not None]
        with self._state.write(flushed=True):
            for row in rows:
                self._state.execute(
                    "INSERT OR IGNORE INTO updates (update_id, lane, user_id, album, sent_at_s, body)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    *row,
                )
        if len(rows) < len(updates):
            self.drop(len(updates) - len(rows))

    def drop(self, count: int = 1) -> None:
        """Count updates that cannot be handled, so that they are confirmed and do not come again."""
        self.dropped += count
        log.warning("updates_dropped", count=count, since_start=self.dropped)

    def take(self, busy: Collection[str]) -> Waiting | None:
        """The next update of the lane that has waited longest, except `busy` lanes; None if there is none.

        None too where one must be alone that may have ended the process, until no lane is busy.
        """
        query = "SELECT lane, MIN(update_id) AS first, starts FROM updates WHERE handled_at_s IS NULL GROUP BY lane"
        heads = self._state.read(query)
        free = [row for row in heads if row["lane"] not in busy]
        suspects = [row for row in free if row["starts"] >= _SUSPECT_STARTS]
        alone = any(row["starts"] > _SUSPECT_STARTS for row in heads if row["lane"] in busy)
        if alone or (suspects and busy):
            return None
        free = suspects or free
        if not free:
            self._served = {} if not heads else self._served
            return None
        head = min(free, key=lambda row: (self._served.get(row["lane"], 0), row["first"]))
        self._turn += 1
        self._served[head["lane"]] = self._turn
        self._state.execute("UPDATE updates SET starts = starts + 1 WHERE update_id = ?", head["first"])
        query = "SELECT update_id, lane, user_id, sent_at_s, starts, body FROM updates WHERE update_id = ?"
        (row,) = self._state.read(query, head["first"])
        return Waiting(**{**row, "body": json.loads(row["body"])})

    def put_back(self, waiting: Waiting) -> None:
        """Undo `take`: the update waits again, and this start does not count."""
        self._state.execute("UPDATE updates SET starts = starts - 1 WHERE update_id = ?", waiting.update_id)

    def done(self, update_id: int) -> None:
        """Record an update as handled, and delete its content."""
        query = "UPDATE updates SET body = NULL, handled_at_s = ? WHERE update_id = ?"
        self._state.execute(query, self._state.now_s(), update_id)

    def count(self) -> int:
        """The number of waiting updates."""
        return self._state.number("SELECT COUNT(*) FROM updates WHERE handled_at_s IS NULL")

    def earlier(self, waiting: Waiting, within_s: float) -> int:
        """The number of updates in the same lane within `within_s` before this one."""
        query = "SELECT COUNT(*) FROM updates WHERE user_id = ? AND update_id < ? AND sent_at_s > ? AND lane = ?"
        since_s = waiting.sent_at_s - within_s
        return self._state.number(query, waiting.user_id, waiting.update_id, since_s, waiting.lane)

    def is_followed(self, waiting: Waiting) -> bool:
        """Whether a newer update waits in the same lane."""
        query = "SELECT COUNT(*) FROM updates WHERE handled_at_s IS NULL AND lane = ? AND update_id > ?"
        return self._state.number(query, waiting.lane, waiting.update_id) > 0

    def speaks_for_album(self, update_id: int, album: str) -> bool:
        """Whether this update gets the one reply to its album, none of whose pictures has words: the first does."""
        rows = self._state.read("SELECT update_id, body FROM updates WHERE album = ? ORDER BY update_id", album)
        worded = any(row["body"] and "caption" in _content(json.loads(row["body"])) for row in rows)
        return bool(rows) and rows[0]["update_id"] == update_id and not worded

    def forget(self, user_id: int) -> int:
        """Delete a user's waiting updates. Returns how many there were."""
        query = "UPDATE updates SET body = NULL, handled_at_s = ? WHERE user_id = ? AND handled_at_s IS NULL"
        return self._state.execute(query, self._state.now_s(), user_id).rowcount


def update_id_of(body: object) -> int | None:
    """The number of an update; None if it has none."""
    return _number(body.get("update_id")) if isinstance(body, dict) else None


def _content(body: Json) -> Json:
    """The content of an update, which is its only member besides the id."""
    return next((value for name, value in body.items() if name != "update_id" and isinstance(value, dict)), {})


def _row(body: object, now_s: float) -> tuple[int, str, int, str | None, float, str] | None:
    """The row of an update: number, lane, user, album, time and JSON; None if it is malformed."""
    update_id = update_id_of(body)
    if update_id is None or not isinstance(body, dict):
        return None
    content = _content(body)
    message = content["message"] if isinstance(content.get("message"), dict) else content
    chat, speaker = message.get("chat"), content.get("sender_chat") or content.get("from")
    # An edit has its own date. A button press contains the date of its message, which may be old.
    date = content.get("edit_date") or content.get("date") if content is message else None
    chat_id, user_id, sent_at_s = _id_in(chat), _id_in(speaker), _number(date if date else int(now_s))
    album = content.get("media_group_id")
    if chat_id is None or user_id is None or sent_at_s is None or not isinstance(album, str | None):
        return None
    if not (_is_placed(message) and _is_placed(message.get("reply_to_message"))):
        return None
    try:
        stored = json.dumps(body)
    except RecursionError:
        return None
    lane = f"{chat_id}:{user_id}" if chat_id else f"inline:{user_id}" if user_id else f"update:{update_id}"
    return update_id, lane, user_id, album, float(sent_at_s), stored


def _is_placed(message: object) -> bool:
    """Whether a reply can name the message: its number, and that of its topic, are numbers if there are any."""
    numbers = [message.get("message_id"), message.get("message_thread_id")] if isinstance(message, dict) else []
    return all(one is None or _number(one) is not None for one in numbers)


def _id_in(party: object) -> int | None:
    """The id of a chat or a user: 0 if there is none, None if it is malformed."""
    if party is None:
        return 0
    return _number(party.get("id")) if isinstance(party, dict) else None


def _number(value: object) -> int | None:
    """A whole number; None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _TOO_LARGE else None
