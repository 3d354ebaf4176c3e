"""Id spaces of messages: all private chats and small groups of a bot share one; each supergroup has its own."""

from __future__ import annotations

from coopbot.serve.telegram.database import Database

# Ids of supergroups and channels begin with -100.
_FIRST_SUPERGROUP = -1_000_000_000_000

OWN = 0


def space_of(chat_id: int) -> int:
    """The id space of a chat: the chat itself, or OWN for the shared one."""
    return chat_id if chat_id < _FIRST_SUPERGROUP else OWN


def note_latest(database: Database, chat_id: int, message_id: int) -> None:
    """Record the id of an existing message."""
    query = "INSERT INTO latest_ids VALUES (?1, ?2) ON CONFLICT (space) DO UPDATE SET message_id = MAX(message_id, ?2)"
    database.execute(query, space_of(chat_id), message_id)
