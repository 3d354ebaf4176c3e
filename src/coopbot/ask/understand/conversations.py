"""What was asked earlier in each conversation, for follow-up questions."""

from __future__ import annotations

import re
import secrets
from contextlib import suppress
from dataclasses import dataclass

from coopbot.errors import Busy, InvalidRequest, Misconfigured
from coopbot.records import from_json, to_json
from coopbot.state import State

MAX_CONVERSATIONS = 4000
MAX_CONVERSATIONS_PER_CLIENT = 100
MAX_EARLIER = 10
MAX_IDLE_S = 3600.0

_ID_BYTES = 16
_CONVERSATION_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotation:
    """A quote of an answer: `article.text[start_char:end_char]`, within a passage."""

    article_id: str
    start_char: int
    end_char: int
    passage: str
    deep_link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A question as it was searched, completed by those before it, and the ids of the articles that answered it, or of those
    that answered before where nothing did. typed: the question alone. answers: the words that answered it, and what it follows
    up. quoted: the first quotes of the last answer that had some. A new field needs a default: stored turns lack it.
    """

    question: str
    typed: str = ""
    articles: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    quoted: tuple[Quotation, ...] = ()


NO_TURN = Turn(question="")
"""The turn before the first question of a conversation."""


class Conversations:
    """The turns of each conversation, in the service's state. Safe to share between threads.

    The same id used by two clients is two conversations. Kept are the last MAX_EARLIER turns of the MAX_CONVERSATIONS latest
    conversations, for MAX_IDLE_S after the last turn. A named client keeps at most MAX_CONVERSATIONS_PER_CLIENT, so that it
    cannot evict everybody else's.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def remember(self, conversation_id: str, turn: Turn, client: str = "") -> None:
        """Add a turn. If the state cannot be written it is dropped: the next question is then not a follow-up."""
        with suppress(Busy, Misconfigured), self._state.write():
            turns = (*self.earlier(conversation_id, client), turn)[-MAX_EARLIER:]
            now_s = self._state.now_s()
            self._state.execute("DELETE FROM talks WHERE at_s < ?", now_s - MAX_IDLE_S)
            # A replaced row is the newest one.
            added = "INSERT OR REPLACE INTO talks VALUES (?, ?, ?, ?)"
            self._state.execute(added, client, conversation_id, now_s, to_json(tuple[Turn, ...], turns))
            if client:
                oldest = "SELECT rowid FROM talks WHERE client = ? ORDER BY rowid DESC LIMIT -1 OFFSET ?"
                self._state.execute(f"DELETE FROM talks WHERE rowid IN ({oldest})", client, MAX_CONVERSATIONS_PER_CLIENT)
            oldest = "SELECT rowid FROM talks ORDER BY rowid DESC LIMIT 1 OFFSET ?"
            self._state.execute(f"DELETE FROM talks WHERE rowid <= ({oldest})", MAX_CONVERSATIONS)

    def earlier(self, conversation_id: str, client: str = "") -> tuple[Turn, ...]:
        """The turns so far, newest last; none for an id that this client has not used."""
        query = "SELECT turns FROM talks WHERE client = ? AND conversation = ? AND at_s >= ?"
        with suppress(Busy, Misconfigured, ValueError):  # ValueError: another release wrote it
            row = self._state.first(query, client, conversation_id, self._state.now_s() - MAX_IDLE_S)
            return from_json(tuple[Turn, ...], row["turns"]) if row else ()
        return ()


def new_conversation_id() -> str:
    """An id of 128 random bits, which nobody can guess."""
    return secrets.token_urlsafe(_ID_BYTES)


def checked_conversation_id(text: str) -> str:
    """The id as it is. Raises InvalidRequest unless it is 1-64 characters of A-Z, a-z, 0-9, _ and -."""
    if not _CONVERSATION_ID.fullmatch(text):
        raise InvalidRequest(
            "conversation_id", "a conversation id is 1 to 64 letters a-z, digits, _ or -; send a valid id or none"
        )
    return text
