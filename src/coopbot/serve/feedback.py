"""What users say about answers: stored in the state of the service, and shown by `coopbot feedback`.

Only what the sender has agreed to send is stored: no address, and a question only if it is their own and they sent it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from coopbot.domain import Filters, Language, Outcome
from coopbot.errors import Busy
from coopbot.records import from_json, to_json
from coopbot.state import State

Verdict = Literal["good", "bad", "wrong_language"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
Channel = Literal["http", "telegram"]

MAX_COMMENT_CHARS = 10_000
MAX_FEEDBACK_ARTICLES = 20

# The oldest go first.
_STORED = 10_000
# A client may send this many in this time; people do not reach it.
_PER_CLIENT, _WITHIN_S = 30, 3600.0
_CLIENTS = 4096


class TooMuch(Busy):
    """A client sends more than people do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """One person's view of one answer. language: of the answer. question, searched_as, filters: empty if they were not sent.

    articles: ids of those quoted. snapshot: of the answer.
    """

    verdict: Verdict
    channel: Channel
    comment: str = ""
    language: Language | None = None
    outcome: Outcome | None = None
    question: str = ""
    searched_as: str = ""
    filters: Filters = field(default_factory=Filters)
    articles: tuple[str, ...] = ()
    snapshot: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFeedback:
    """Feedback, and when it came, in seconds since the epoch."""

    feedback_id: str
    at_s: float
    feedback: Feedback


class FeedbackBox:
    """Safe to share between threads and processes; what a client sends is counted in each process by itself."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._times: dict[str, deque[float]] = {}

    def add(self, feedback_id: str, feedback: Feedback, client: str) -> None:
        """Store feedback, in place of earlier feedback with the same id. Raises TooMuch."""
        now_s = self._state.now_s()
        with self._lock:
            times = self._times.pop(client, deque())
            self._times[client] = times  # the last to be forgotten
            while times and not now_s - _WITHIN_S < times[0] <= now_s:
                times.popleft()
            if len(times) >= _PER_CLIENT:
                raise TooMuch("this is more feedback than one person has; send more in an hour")
            times.append(now_s)
            while len(self._times) > _CLIENTS:
                del self._times[next(iter(self._times))]
        values = (feedback_id, self._state.now_s(), feedback.verdict, to_json(Feedback, feedback))
        with self._state.write():
            self._state.execute("INSERT OR REPLACE INTO feedback VALUES (?, ?, ?, ?)", *values)
            self._state.execute(
                "DELETE FROM feedback WHERE feedback_id IN"
                " (SELECT feedback_id FROM feedback ORDER BY at_s DESC, feedback_id LIMIT -1 OFFSET ?)",
                _STORED,
            )

    def latest(self, limit: int, *, verdicts: Sequence[Verdict] = VERDICTS, since_s: float = 0.0) -> list[StoredFeedback]:
        """The newest first."""
        marks = ", ".join("?" * len(verdicts))
        query = f"SELECT * FROM feedback WHERE verdict IN ({marks}) AND at_s >= ? ORDER BY at_s DESC, feedback_id LIMIT ?"
        return [
            StoredFeedback(feedback_id=row["feedback_id"], at_s=row["at_s"], feedback=from_json(Feedback, row["record"]))
            for row in self._state.read(query, *verdicts, since_s, limit)
        ]

    def counts(self, since_s: float = 0.0) -> dict[Verdict, int]:
        """How much of each kind."""
        query = "SELECT COUNT(*) FROM feedback WHERE verdict = ? AND at_s >= ?"
        return {verdict: self._state.number(query, verdict, since_s) for verdict in VERDICTS}
