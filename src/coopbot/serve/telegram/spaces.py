"""How message ids are counted: one after another over all private chats and small groups of a bot; a supergroup by itself."""

from __future__ import annotations

import sqlite3

# Ids of supergroups and channels begin with -100.
_FIRST_SUPERGROUP = -1_000_000_000_000

OWN = 0


def space_of(chat_id: int) -> int:
    """The chat itself, or OWN for those that share one count."""
    return chat_id if chat_id < _FIRST_SUPERGROUP else OWN


def note_latest(connection: sqlite3.Connection, chat_id: int, message_id: int) -> None:
    """A message of this id is there."""
    connection.execute(
        "INSERT INTO latest_ids VALUES (?1, ?2) ON CONFLICT (space) DO UPDATE SET message_id = MAX(message_id, ?2)",
        (space_of(chat_id), message_id),
    )
