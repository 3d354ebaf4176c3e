"""Data of users: answers with their questions, for buttons and edits; chosen languages; conversations."""

from __future__ import annotations

from dataclasses import dataclass, fields

from coopbot.domain import InterfaceLanguage, Language
from coopbot.state import State

# How long questions and their answers are kept, which is how long the buttons under an answer work.
_KEPT_ANSWERS_S = 30 * 86_400
# Telegram repeats unconfirmed updates for a day.
_KEPT_NUMBERS_S = 2 * 86_400

# Each table with the condition for the rows of a user.
_OF_USER = {
    "feedback": "feedback_id LIKE 'tg' || ?1 || '.%'",
    "answers": "user_id = ?1",
    "conversations": "user_id = ?1 OR chat_id = ?1",
    "languages": "user_id = ?1",
    "subscriptions": "user_id = ?1",
    "talks": "client = 'tg' || ?1",
}


def feedback_id(user_id: int, answer_id: int) -> str:
    """Under which a user's latest feedback on an answer is stored."""
    return f"tg{user_id}.{answer_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a user wrote in a chat, usually a question. question_id: its message. topic_id: None outside a topic."""

    chat_id: int
    topic_id: int | None
    user_id: int
    question_id: int
    text: str

    @property
    def client(self) -> str:
        """In whose name it waits for its turn: all that is asked in a chat is one client's."""
        return f"tg{self.chat_id}"

    @property
    def place(self) -> tuple[int, int, int]:
        """Chat, topic and user: each combination has its own conversations."""
        return self.chat_id, self.topic_id or 0, self.user_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An answer, sent in `parts` messages."""

    answer_id: int
    asked: Asked
    searched_as: str
    language: Language
    parts: int

    @property
    def key(self) -> str:
        """The key of its messages."""
        return f"answer:{self.answer_id}"


class Records:
    """Safe to share between threads."""

    def __init__(self, state: State) -> None:
        self._state = state

    def add(self, asked: Asked, searched_as: str, language: Language, parts: int) -> Record:
        """Record an answer that is about to be sent."""
        query = "INSERT INTO answers VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        question = (asked.chat_id, asked.topic_id, asked.user_id, asked.question_id, asked.text)
        added = self._state.execute(query, *question, searched_as, language, parts, self._state.now_s())
        return Record(answer_id=added.lastrowid or 0, asked=asked, searched_as=searched_as, language=language, parts=parts)

    def change(self, record: Record) -> None:
        """Update a record after an edit of its question, or another view."""
        query = "UPDATE answers SET question = ?, searched_as = ?, language = ?, parts = ? WHERE answer_id = ?"
        changed = (record.asked.text, record.searched_as, record.language, record.parts)
        self._state.execute(query, *changed, record.answer_id)

    def get(self, answer_id: int) -> Record | None:
        """An answer by id; None if it is not stored."""
        return self._find("answer_id = ?", answer_id)

    def of_question(self, chat_id: int, question_id: int) -> Record | None:
        """The latest answer to a message; None if there is none."""
        return self._find("chat_id = ? AND question_id = ?", chat_id, question_id)

    def language(self, user_id: int) -> InterfaceLanguage | None:
        """The language that a user chose; None if none."""
        row = self._state.first("SELECT language FROM languages WHERE user_id = ?", user_id)
        return row["language"] if row else None

    def choose_language(self, user_id: int, language: InterfaceLanguage | None) -> None:
        """Set the language of a user; None for that of each message."""
        with self._state.write():
            self._state.execute("DELETE FROM languages WHERE user_id = ?", user_id)
            if language is not None:
                self._state.execute("INSERT INTO languages VALUES (?, ?)", user_id, language)

    def begin_conversation(self, asked: Asked) -> None:
        """Start a new conversation at a message: later questions do not follow earlier ones."""
        query = "INSERT OR REPLACE INTO conversations VALUES (?, ?, ?, ?, ?)"
        self._state.execute(query, *asked.place, asked.question_id, self._state.now_s())

    def conversation_id(self, asked: Asked) -> str:
        """The id of the current conversation, valid for `ask.understand.conversations.checked_conversation_id`."""
        query = "SELECT begun_id FROM conversations WHERE chat_id = ? AND topic_id = ? AND user_id = ?"
        chat_id, topic_id, user_id = asked.place
        begun_id = self._state.number(query, chat_id, topic_id, user_id)
        return f"tg_{chat_id}_{topic_id}_{user_id}_{begun_id}"

    def forget(self, user_id: int) -> dict[str, int]:
        """Delete what is stored about a user. Returns the number of rows of each kind, by name in `BotTexts.stored`.

        Conversations are deleted but not reported.
        """
        with self._state.write():
            deleted = {
                table: self._state.execute(f"DELETE FROM {table} WHERE {condition}", user_id).rowcount
                for table, condition in _OF_USER.items()
            }
        return {table: count for table, count in deleted.items() if count and table not in ("conversations", "talks")}

    def clear_up(self) -> None:
        """Delete what has expired, numbers of updates included."""
        now_s = self._state.now_s()
        with self._state.write():
            self._state.execute("DELETE FROM updates WHERE handled_at_s < ?", now_s - _KEPT_NUMBERS_S)
            for query in (
                "DELETE FROM answers WHERE created_at_s < ?",
                "DELETE FROM sent WHERE sent_at_s < ?",
                "DELETE FROM conversations WHERE begun_at_s < ?",
            ):
                self._state.execute(query, now_s - _KEPT_ANSWERS_S)

    def _find(self, condition: str, *values: int) -> Record | None:
        query = f"SELECT *, question AS text FROM answers WHERE {condition} ORDER BY answer_id DESC LIMIT 1"
        row = self._state.first(query, *values)
        if row is None:
            return None
        asked = Asked(**{field.name: row[field.name] for field in fields(Asked)})
        return Record(asked=asked, **{name: row[name] for name in ("answer_id", "searched_as", "language", "parts")})
