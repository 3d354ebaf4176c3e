"""What a conversation remembers of its earlier questions."""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from collections.abc import Callable
from threading import Lock

from coopbot.errors import InvalidRequest

MAX_CONVERSATIONS = 1000
MAX_EARLIER = 10
MAX_IDLE_S = 3600.0

_CONVERSATION_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Conversations:
    """Resolved questions by conversation id, in memory only. Safe to share between threads.

    Keeps the last MAX_EARLIER questions of the MAX_CONVERSATIONS latest conversations, until MAX_IDLE_S after the last one.
    clock: seconds that never go back, such as time.monotonic.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = Lock()
        # Longest idle first.
        self._asked: OrderedDict[str, tuple[float, deque[str]]] = OrderedDict()

    def remember(self, conversation_id: str, question: str) -> None:
        """Add a resolved question."""
        with self._lock:
            now = self._drop_idle()
            _, questions = self._asked.pop(conversation_id, (now, deque[str](maxlen=MAX_EARLIER)))
            questions.append(question)
            self._asked[conversation_id] = (now, questions)
            if len(self._asked) > MAX_CONVERSATIONS:
                self._asked.popitem(last=False)

    def earlier(self, conversation_id: str) -> tuple[str, ...]:
        """The questions so far, newest last; none for an unknown id."""
        with self._lock:
            self._drop_idle()
            return tuple(self._asked[conversation_id][1]) if conversation_id in self._asked else ()

    def _drop_idle(self) -> float:
        now = self._clock()
        while self._asked and now - next(iter(self._asked.values()))[0] > MAX_IDLE_S:
            self._asked.popitem(last=False)
        return now


def checked_conversation_id(text: str) -> str:
    """The id as it is. Raises InvalidRequest unless it is 1-64 characters of A-Z, a-z, 0-9, _ and -."""
    if not _CONVERSATION_ID.fullmatch(text):
        raise InvalidRequest(
            "conversation_id", "a conversation id is 1 to 64 letters a-z, digits, _ or -; send such a one or none"
        )
    return text
