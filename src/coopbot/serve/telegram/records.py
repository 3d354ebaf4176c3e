"""Records of answers and their questions, for buttons and edited questions."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from coopbot.domain import Language
from coopbot.serve.telegram.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question of a user in a chat. question_id: its message. topic_id: None outside a topic."""

    chat_id: int
    topic_id: int | None
    user_id: int
    question_id: int
    question: str


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
        answer_id = self._database.execute(
            "INSERT INTO answers"
            " (chat_id, topic_id, user_id, question_id, question, searched_as, language, parts, created_at_s)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            asked.chat_id,
            asked.topic_id,
            asked.user_id,
            asked.question_id,
            asked.question,
            searched_as,
            language,
            parts,
            self._database.now_s(),
        ).lastrowid
        return Record(answer_id=answer_id or 0, asked=asked, searched_as=searched_as, language=language, parts=parts)

    def change(self, record: Record, question: str, searched_as: str, language: Language, parts: int) -> None:
        """Update the record for an edited question or another view."""
        query = "UPDATE answers SET question = ?, searched_as = ?, language = ?, parts = ? WHERE answer_id = ?"
        self._database.execute(query, question, searched_as, language, parts, record.answer_id)

    def get(self, answer_id: int) -> Record | None:
        """An answer by id; None if it is not stored."""
        rows = self._database.read("SELECT * FROM answers WHERE answer_id = ?", answer_id)
        return _record(rows[0]) if rows else None

    def of_question(self, chat_id: int, question_id: int) -> Record | None:
        """The latest answer to a message; None if there is none."""
        rows = self._database.read(
            "SELECT * FROM answers WHERE chat_id = ? AND question_id = ? ORDER BY answer_id DESC LIMIT 1", chat_id, question_id
        )
        return _record(rows[0]) if rows else None

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


def _record(row: sqlite3.Row) -> Record:
    return Record(
        answer_id=row["answer_id"],
        asked=Asked(
            chat_id=row["chat_id"],
            topic_id=row["topic_id"],
            user_id=row["user_id"],
            question_id=row["question_id"],
            question=row["question"],
        ),
        searched_as=row["searched_as"],
        language=row["language"],
        parts=row["parts"],
    )
