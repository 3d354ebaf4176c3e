"""Records of answers and their questions, for buttons and edited questions."""

from __future__ import annotations

from dataclasses import dataclass, fields

from coopbot.domain import Language
from coopbot.serve.telegram.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a user wrote in a chat, usually a question. question_id: its message. topic_id: None outside a topic."""

    chat_id: int
    topic_id: int | None
    user_id: int
    question_id: int
    text: str


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

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, asked: Asked, searched_as: str, language: Language, parts: int) -> Record:
        """Record an answer that is about to be sent."""
        query = "INSERT INTO answers VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        question = (asked.chat_id, asked.topic_id, asked.user_id, asked.question_id, asked.text)
        added = self._database.execute(query, *question, searched_as, language, parts, self._database.now_s())
        return Record(answer_id=added.lastrowid or 0, asked=asked, searched_as=searched_as, language=language, parts=parts)

    def change(self, record: Record) -> None:
        """Update a record after an edit of its question, or another view."""
        query = "UPDATE answers SET question = ?, searched_as = ?, language = ?, parts = ? WHERE answer_id = ?"
        changed = (record.asked.text, record.searched_as, record.language, record.parts)
        self._database.execute(query, *changed, record.answer_id)

    def get(self, answer_id: int) -> Record | None:
        """An answer by id; None if it is not stored."""
        return self._find("answer_id = ?", answer_id)

    def of_question(self, chat_id: int, question_id: int) -> Record | None:
        """The latest answer to a message; None if there is none."""
        return self._find("chat_id = ? AND question_id = ?", chat_id, question_id)

    def vote(self, answer_id: int, user_id: int, *, good: bool) -> None:
        """Record a user's vote on an answer; the last one counts."""
        query = "INSERT OR REPLACE INTO votes VALUES (?, ?, ?, ?)"
        self._database.execute(query, answer_id, user_id, good, self._database.now_s())

    def votes(self) -> tuple[int, int]:
        """(Number of good votes, number of bad ones.)"""
        return (
            self._database.number("SELECT COUNT(*) FROM votes WHERE good"),
            self._database.number("SELECT COUNT(*) FROM votes WHERE NOT good"),
        )

    def disliked(self, limit: int) -> list[str]:
        """The latest questions whose answers got a bad vote."""
        rows = self._database.read(
            "SELECT question FROM votes JOIN answers USING (answer_id) WHERE NOT good ORDER BY voted_at_s DESC LIMIT ?", limit
        )
        return [str(row["question"]) for row in rows]

    def _find(self, condition: str, *values: int) -> Record | None:
        query = f"SELECT *, question AS text FROM answers WHERE {condition} ORDER BY answer_id DESC LIMIT 1"
        row = self._database.first(query, *values)
        if row is None:
            return None
        asked = Asked(**{field.name: row[field.name] for field in fields(Asked)})
        return Record(asked=asked, **{name: row[name] for name in ("answer_id", "searched_as", "language", "parts")})
