"""Memory of the earlier questions of each conversation."""

from __future__ import annotations

import re
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable
from threading import Lock
from typing import Protocol

from coopbot.errors import InvalidRequest

MAX_CONVERSATIONS = 4000
MAX_CONVERSATIONS_PER_CLIENT = 100
MAX_EARLIER = 10
MAX_IDLE_S = 3600.0

_ID_BYTES = 16
_CONVERSATION_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

# (client, conversation id): the same id used by two clients is two conversations.
_Key = tuple[str, str]


class ConversationMemory(Protocol):
    """The conversation memory an `Answerer` needs. Safe to share between threads."""

    def remember(self, conversation_id: str, question: str, client: str = "") -> None:
        """Add a resolved question."""

    def earlier(self, conversation_id: str, client: str = "") -> tuple[str, ...]:
        """The questions so far, newest last; none for an id that this client has not used."""


class Conversations:
    """Resolved questions by client and conversation id, in memory only. Safe to share between threads.

    Keeps the last MAX_EARLIER questions of the MAX_CONVERSATIONS latest conversations, for MAX_IDLE_S after the last question.
    A named client keeps at most MAX_CONVERSATIONS_PER_CLIENT, so that it cannot evict everybody else's.
    clock: monotonic seconds, for example time.monotonic.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = Lock()
        # The longest idle first.
        self._asked: OrderedDict[_Key, tuple[float, deque[str]]] = OrderedDict()

    def remember(self, conversation_id: str, question: str, client: str = "") -> None:
        """Add a resolved question."""
        with self._lock:
            now, key = self._drop_idle(), (client, conversation_id)
            _, questions = self._asked.pop(key, (now, deque[str](maxlen=MAX_EARLIER)))
            questions.append(question)
            self._asked[key] = (now, questions)
            own = [one for one in self._asked if one[0] == client] if client else []
            if len(own) > MAX_CONVERSATIONS_PER_CLIENT:
                del self._asked[own[0]]
            if len(self._asked) > MAX_CONVERSATIONS:
                self._asked.popitem(last=False)

    def earlier(self, conversation_id: str, client: str = "") -> tuple[str, ...]:
        """The questions so far, newest last; none for an id that this client has not used."""
        with self._lock:
            self._drop_idle()
            _, questions = self._asked.get((client, conversation_id), (0.0, ()))
            return tuple(questions)

    def _drop_idle(self) -> float:
        now = self._clock()
        while self._asked and now - next(iter(self._asked.values()))[0] > MAX_IDLE_S:
            self._asked.popitem(last=False)
        return now


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
