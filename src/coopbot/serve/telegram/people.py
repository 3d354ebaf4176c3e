"""Data of users: chosen language and conversations; and the deletion of everything stored about a user."""

from __future__ import annotations

from coopbot.domain import Language
from coopbot.serve.telegram.database import Database
from coopbot.serve.telegram.records import Asked

# Each table with the condition for the rows of a user.
_OF_USER = {
    "votes": "user_id = ?1 OR answer_id IN (SELECT answer_id FROM answers WHERE user_id = ?1)",
    "answers": "user_id = ?1",
    "conversations": "user_id = ?1 OR chat_id = ?1",
    "languages": "user_id = ?1",
    "subscriptions": "user_id = ?1",
}


class People:
    """Safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def language(self, user_id: int) -> Language | None:
        """The language that a user chose; None if none."""
        row = self._database.first("SELECT language FROM languages WHERE user_id = ?", user_id)
        return row["language"] if row else None

    def choose_language(self, user_id: int, language: Language | None) -> None:
        """Set the language of a user; None for that of each message."""
        with self._database.write():
            self._database.execute("DELETE FROM languages WHERE user_id = ?", user_id)
            if language is not None:
                self._database.execute("INSERT INTO languages VALUES (?, ?)", user_id, language)

    def begin_conversation(self, asked: Asked) -> None:
        """Start a new conversation at a message: later questions do not follow earlier ones."""
        query = "INSERT OR REPLACE INTO conversations VALUES (?, ?, ?, ?, ?)"
        self._database.execute(query, *_place(asked), asked.question_id, self._database.now_s())

    def conversation_id(self, asked: Asked) -> str:
        """The id of the current conversation, valid for `ask.understand.conversations.checked_conversation_id`."""
        query = "SELECT begun_id FROM conversations WHERE chat_id = ? AND topic_id = ? AND user_id = ?"
        chat_id, topic_id, user_id = _place(asked)
        begun_id = self._database.number(query, chat_id, topic_id, user_id)
        return f"tg_{chat_id}_{topic_id}_{user_id}_{begun_id}"

    def forget(self, user_id: int) -> dict[str, int]:
        """Delete what is stored about a user. Returns the number of rows of each kind, by name in `BotTexts.stored`.

        Conversations, which are only message ids, are deleted but not reported.
        """
        with self._database.write():
            deleted = {
                table: self._database.execute(f"DELETE FROM {table} WHERE {condition}", user_id).rowcount
                for table, condition in _OF_USER.items()
            }
        return {table: count for table, count in deleted.items() if count and table != "conversations"}


def _place(asked: Asked) -> tuple[int, int, int]:
    """Chat, topic and user: each of them has its conversations."""
    return asked.chat_id, asked.topic_id or 0, asked.user_id
