"""Shares answering fairly between clients: which questions are worked on now, which wait, and which are refused.

All interfaces ask through one `Admission`. A question waits in the lane of its client. When the machine can bear another one,
it is the turn of the client whose questions took the least time so far, and a question that goes on for long pauses between
batches of reading for clients that had less. So a client that asks much, or asks what takes long, delays its own questions.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar

from coopbot.ask.rank.retrieve import Progress, Watch
from coopbot.errors import Busy
from coopbot.sections import QuestionLimits

T = TypeVar("T")

# A client is not made to pause before it is ahead of another by this much: about one question on two cores.
_SLICE_S = 0.25
# Paused questions hold memory, so there are at most this many for each one at work.
_PAUSED = 2
# Clients whose time is remembered after their last question.
_REMEMBERED = 4096
# Every question at work has been at it for this long: nothing is answered any more.
_STUCK_S = 120.0

# How long a question is thought to take before any has ended, and how much the latest one counts.
_USUAL_S, _LATEST = 0.5, 0.1
# Who is refused is told to come back after a multiple of this, and at the latest after a minute.
_RETRY_S, _MOST_RETRY_S = 5, 60

_FULL = "too many questions are waiting; ask again in {} seconds"
_STOPPING = "the service is stopping; ask again in a few seconds"


class Left(Busy):
    """Nobody waits for the answer any more."""


class Asked(Generic[T]):
    """Someone's wait for an answer. result: the answer, or the error. ahead: how many were before it; 0 if it began at once."""

    def __init__(self, leave: Callable[[Asked[Any]], None], watch: Watch) -> None:
        self.result: Future[T] = Future()
        self.ahead = 0
        self.watch = watch
        self._leave = leave

    def leave(self) -> None:
        """Wait no longer. A question that nobody waits for ends: at once while it waits, else before its next batch."""
        self._leave(self)


# Compared by identity.
@dataclass(eq=False, slots=True, kw_only=True)
class _Question:
    """asked: all who wait for its answer. since_s: when its turn began. paused: whether it began and waits."""

    client: str
    key: Hashable
    work: Callable[[Watch], Any]
    asked: list[Asked[Any]]
    since_s: float = 0.0
    paused: bool = False
    resumed: threading.Event = field(default_factory=threading.Event)


class Admission:
    """Safe to share between threads and event loops.

    If too many wait, the last question of the client who has most is refused.
    """

    def __init__(self, limits: QuestionLimits | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits or QuestionLimits()
        self._clock = clock
        self._lock = threading.Lock()
        self._lanes: dict[str, deque[_Question]] = {}
        self._working: list[_Question] = []
        # Time that each client's questions took. When a client comes back, it is brought within a slice of what the others had:
        # time away earns nothing, and earlier questions, for whose answers the client has waited, cost at most a slice.
        self._spent_s: dict[str, float] = {}
        self._level_s = 0.0
        self._usual_s = _USUAL_S
        self._stopped = False

    @property
    def waiting(self) -> int:
        """The number of questions that have not begun."""
        with self._lock:
            return len(self._unbegun())

    @property
    def working(self) -> int:
        """The number of questions at work."""
        with self._lock:
            return len(self._working)

    @property
    def stuck(self) -> bool:
        """Whether all that is worked on has been for minutes."""
        with self._lock:
            since = [question.since_s for question in self._working]
            return len(since) >= self._limits.at_once and self._clock() - max(since) > _STUCK_S

    def ask(self, client: str, work: Callable[[Watch], T], *, key: Hashable = None, watch: Watch = lambda _: None) -> Asked[T]:
        """Have `work` done in a thread, when it is the turn of `client`. Raises Busy if too many wait.

        `work` gets the function to call between batches, which calls `watch`. If work with the same `key`, other than None, is
        being done, its result is shared.
        """
        asked: Asked[T] = Asked(self._left, watch)
        with self._lock:
            if self._stopped:
                raise Busy(_STOPPING)
            context = copy_context()
            # In a copy of the context, which has the request's id for what is logged, and its span for traces.
            question = _Question(client=client, key=key, work=lambda watch: context.run(work, watch), asked=[asked])
            if self._joined(question):
                return asked
            refused = self._refused_for(client)
            if refused is None:
                raise self._full()
            if client not in self._lanes and all(one.client != client for one in self._working):
                first_s, last_s = self._level_s - _SLICE_S, self._level_s + _SLICE_S
                self._spent_s[client] = min(max(self._spent_s.pop(client, first_s), first_s), last_s)
            asked.ahead = len(self._unbegun()) + len(self._working)
            self._lanes.setdefault(client, deque()).append(question)
            self._go_on()
            if question in self._working:
                asked.ahead = 0
            full = self._full()
        _settle(refused, full)
        return asked

    def stop(self, within_s: float) -> None:
        """Answer what can be answered in this time; then whoever still waits gets Busy. Returns at once."""
        timer = threading.Timer(within_s, self._end)
        timer.daemon = True
        timer.start()

    def _end(self) -> None:
        with self._lock:
            self._stopped = True
            begun = [*self._working, *(one for lane in self._lanes.values() for one in lane if one.paused)]
            asked = [one for question in (*begun, *self._unbegun()) for one in question.asked]
            self._lanes.clear()
            for question in begun:
                question.asked = []
                question.resumed.set()
        _settle(asked, Busy(_STOPPING))

    # The methods below are called with the lock, except where they say otherwise.

    def _full(self) -> Busy:
        """The error for who is refused. It says when the questions that wait now are likely to be answered."""
        ahead_s = self._usual_s * (len(self._unbegun()) + len(self._working)) / self._limits.at_once
        retry_after_s = min(_MOST_RETRY_S, _RETRY_S * max(1, math.ceil(ahead_s / _RETRY_S)))
        return Busy(_FULL.format(retry_after_s), retry_after_s)

    def _unbegun(self) -> list[_Question]:
        return [question for lane in self._lanes.values() for question in lane if not question.paused]

    def _joined(self, question: _Question) -> bool:
        """Whether the same work is being done already. Those who asked then share its result."""
        same = next((one for one in self._working if one.key is not None and one.key == question.key), None)
        if same is not None:
            same.asked += question.asked
        return same is not None

    def _refused_for(self, client: str) -> list[Asked[Any]] | None:
        """Who gives way to a question of the client: nobody while there is room, else the last of the longest lane.

        None if that lane would be no longer than the client's, or its last question has begun: then the client is refused.
        """
        if len(self._unbegun()) < self._limits.waiting:
            return []
        longest = max(self._lanes, key=lambda name: len(self._lanes[name]))
        lane = self._lanes[longest]
        if len(lane) <= len(self._lanes.get(client, ())) + 1 or lane[-1].paused:
            return None
        return lane.pop().asked

    def _owed_s(self, client: str) -> float:
        """The time that a client's questions took so far, including those at work."""
        now_s = self._clock()
        return self._spent_s.get(client, 0.0) + sum(now_s - one.since_s for one in self._working if one.client == client)

    def _go_on(self) -> None:
        """Begin or resume questions while there is room."""
        while self._lanes and len(self._working) < self._limits.at_once:
            client = min(self._lanes, key=self._owed_s)
            question = self._lanes[client].popleft()
            if not self._lanes[client]:
                del self._lanes[client]
            if not question.paused and self._joined(question):
                continue
            self._level_s = max(self._level_s, self._spent_s.get(client, 0.0))
            question.since_s = self._clock()
            self._working.append(question)
            if question.paused:
                question.paused = False
                question.resumed.set()
            else:
                # Daemons: a question that never ends must not keep the process.
                threading.Thread(target=self._run, args=(question,), name="coopbot-question", daemon=True).start()

    def _put_down(self, question: _Question) -> None:
        """End the question's turn, and charge its client."""
        if question in self._working:
            self._working.remove(question)
            self._spent_s[question.client] = self._spent_s.get(question.client, 0.0) + self._clock() - question.since_s
            for name in list(self._spent_s)[: len(self._spent_s) - _REMEMBERED]:
                if name not in self._lanes:
                    del self._spent_s[name]

    def _left(self, asked: Asked[Any]) -> None:
        """Without the lock: see `Asked.leave`."""
        with self._lock:
            for question in [*self._working, *(one for lane in self._lanes.values() for one in lane)]:
                if asked in question.asked:
                    question.asked.remove(asked)
                    if not question.asked and question not in self._working:
                        self._lanes[question.client].remove(question)
                        if not self._lanes[question.client]:
                            del self._lanes[question.client]
                        question.resumed.set()
        asked.result.cancel()

    def _between(self, question: _Question, progress: Progress) -> None:
        """Without the lock, in the question's thread: pause if it is another's turn, and end if nobody waits. Raises Left."""
        with self._lock:
            watching = [asked.watch for asked in question.asked]
            client, paused = question.client, sum(one.paused for lane in self._lanes.values() for one in lane)
            first = min(self._lanes, key=self._owed_s, default=client)
            ahead_s = self._owed_s(client) - self._owed_s(first)
            pause = bool(watching) and first != client and ahead_s > _SLICE_S and paused < _PAUSED * self._limits.at_once
            if pause:
                self._put_down(question)
                question.paused = True
                question.resumed.clear()
                self._lanes.setdefault(client, deque()).appendleft(question)
                self._go_on()
        for watch in watching:
            watch(progress)
        if pause:
            question.resumed.wait()
        if not question.asked:
            raise Left("nobody waits for the answer any more")

    def _run(self, question: _Question) -> None:
        """Without the lock, in the question's thread: do its work, and pass the result on to all who wait for it."""
        result, error = None, None
        try:
            result = question.work(partial(self._between, question))
        except BaseException as exc:  # raised again where the result is awaited
            error = exc
        with self._lock:
            self._usual_s += _LATEST * (self._clock() - question.since_s - self._usual_s)
            self._put_down(question)
            asked, question.asked = question.asked, []
            self._go_on()
        _settle(asked, error, result)


def _settle(asked: Sequence[Asked[Any]], error: BaseException | None, result: object = None) -> None:
    for one in asked:
        with suppress(InvalidStateError):  # it has left
            if error is None:
                one.result.set_result(result)
            else:
                one.result.set_exception(error)
