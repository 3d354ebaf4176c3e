"""Who is answered, who waits and who is refused, with questions that take the time a test gives them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from coopbot.ask.rank.retrieve import Progress, Watch
from coopbot.errors import Busy
from coopbot.sections import QuestionLimits
from coopbot.serve.admission import Admission, Asked
from tests.fakes import Clock

READ = Progress(stage="read", passages=3)
ENOUGH_S = 60


class Question:
    """Work of some batches, each of which a test lets go."""

    def __init__(self, clock: Clock, seconds_a_batch: float = 1.0) -> None:
        self.begun, self.done = threading.Event(), threading.Event()
        self._clock, self._seconds = clock, seconds_a_batch
        self._batches = threading.Semaphore(0)
        self._reached = threading.Semaphore(0)

    def __call__(self, watch: Watch) -> str:
        self.begun.set()
        try:
            while True:
                assert self._batches.acquire(timeout=ENOUGH_S)
                if self.done.is_set():
                    return "answer"
                self._clock.now_s += self._seconds
                watch(READ)
                self._reached.release()
        finally:
            self.done.set()

    def batch(self) -> None:
        """Read a batch, without waiting for what comes after it."""
        self._batches.release()

    def end(self) -> None:
        self.done.set()
        self._batches.release()

    def goes_on(self) -> None:
        """The batch is over, and the next may be read."""
        assert self._reached.acquire(timeout=ENOUGH_S)


def until(event: threading.Event) -> None:
    assert event.wait(ENOUGH_S)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_no_more_are_at_work_than_the_machine_bears(clock: Clock) -> None:
    admission = Admission(QuestionLimits(at_once=2, waiting=10), clock)
    questions = [Question(clock) for _ in range(3)]
    asked = [admission.ask(f"client {number}", question) for number, question in enumerate(questions)]
    until(questions[0].begun)
    until(questions[1].begun)
    assert (admission.waiting, questions[2].begun.is_set()) == (1, False)
    questions[0].end()
    assert asked[0].result.result(ENOUGH_S) == "answer"
    until(questions[2].begun)
    for question in questions[1:]:
        question.end()
    assert [one.result.result(ENOUGH_S) for one in asked] == ["answer"] * 3


def test_the_next_turn_is_that_of_the_client_who_had_least(clock: Clock) -> None:
    admission = Admission(QuestionLimits(at_once=1, waiting=10), clock)
    order: list[str] = []

    def work(name: str, seconds: float) -> Callable[[Watch], None]:
        def done(watch: Watch) -> None:
            order.append(name)
            clock.now_s += seconds

        return done

    first = Question(clock, seconds_a_batch=1.5)
    running = admission.ask("greedy", first)
    until(first.begun)
    asked: list[Asked[Any]] = [admission.ask("greedy", work(f"greedy {n}", 10)) for n in range(3)]
    asked += [admission.ask("modest", work(f"modest {n}", 1)) for n in range(3)]
    assert asked[-1].ahead == 6
    first.batch()
    first.goes_on()
    first.end()
    for one in (running, *asked):
        one.result.result(ENOUGH_S)
    assert order == ["modest 0", "modest 1", "greedy 0", "modest 2", "greedy 1", "greedy 2"]


def test_who_waited_for_a_long_answer_does_not_wait_as_long_again(clock: Clock) -> None:
    admission = Admission(QuestionLimits(at_once=1, waiting=10), clock)
    long, other, order = Question(clock, seconds_a_batch=100), Question(clock), list[str]()
    asked: list[Asked[Any]] = [admission.ask("long", long)]
    long.batch()
    long.goes_on()
    long.end()
    asked[0].result.result(ENOUGH_S)
    asked += [admission.ask("other", other), admission.ask("long", lambda _: order.append("long"))]
    asked.append(admission.ask("other", lambda _: order.append("other")))
    other.batch()
    other.goes_on()
    other.end()
    for one in asked:
        one.result.result(ENOUGH_S)
    assert order == ["long", "other"]


def test_a_long_question_pauses_for_another_client(clock: Clock) -> None:
    admission = Admission(QuestionLimits(at_once=1, waiting=10), clock)
    long, own, other = Question(clock), Question(clock), Question(clock)
    asked = [admission.ask("greedy", long)]
    until(long.begun)
    asked.append(admission.ask("greedy", own))
    long.batch()
    long.goes_on()  # its own next question makes it wait for nothing
    asked.append(admission.ask("modest", other))
    long.batch()
    until(other.begun)
    other.end()
    long.goes_on()
    long.end()
    until(own.begun)
    own.end()
    assert [one.result.result(ENOUGH_S) for one in asked] == ["answer"] * 3


def test_for_a_client_that_comes_anew_what_is_at_work_pauses_after_the_batch(clock: Clock) -> None:
    admission = Admission(QuestionLimits(at_once=1, waiting=10), clock)
    before, *questions = [Question(clock), *(Question(clock, seconds_a_batch=0.1) for _ in range(3))]
    begun, asked = questions[0], [admission.ask("greedy", before), admission.ask("greedy", questions[0])]
    before.batch()
    before.goes_on()
    before.end()
    until(begun.begun)
    for other in questions[1:]:
        asked.append(admission.ask(f"modest {len(asked)}", other))
        begun.batch()
        until(other.begun)
        other.end()
        begun.goes_on()
    begun.end()
    assert [one.result.result(ENOUGH_S) for one in asked] == ["answer"] * 4


def test_the_longest_lane_gives_way_when_too_many_wait(clock: Clock) -> None:
    admission = Admission(QuestionLimits(at_once=1, waiting=4), clock)
    first = Question(clock)
    running = admission.ask("greedy", first)
    until(first.begun)
    waiting = [admission.ask("greedy", Question(clock)) for _ in range(4)]
    with pytest.raises(Busy):
        admission.ask("greedy", Question(clock))
    modest = [admission.ask("modest", Question(clock)) for _ in range(2)]
    for one in waiting[2:]:
        with pytest.raises(Busy):
            one.result.result(ENOUGH_S)
    with pytest.raises(Busy):  # both have two now
        admission.ask("modest", Question(clock))
    assert admission.waiting == 4
    for one in (*waiting[:2], *modest):
        one.leave()
    first.end()
    assert running.result.result(ENOUGH_S) == "answer"


def test_who_is_refused_learns_when_those_who_wait_are_likely_to_be_answered(clock: Clock) -> None:
    admission = Admission(QuestionLimits(at_once=1, waiting=1), clock)

    def refused_s() -> int:
        question = Question(clock)
        running = admission.ask("a", question)
        until(question.begun)
        waiting = admission.ask("b", Question(clock))
        with pytest.raises(Busy) as caught:
            admission.ask("c", Question(clock))
        waiting.leave()
        for _ in range(30):
            question.batch()
            question.goes_on()
        question.end()
        running.result.result(ENOUGH_S)
        return caught.value.retry_after_s

    waits = [refused_s() for _ in range(30)]
    assert (waits[0], waits[-1]) == (5, 60)
    assert waits == sorted(waits)
    assert all(one % 5 == 0 for one in waits)


def test_a_question_whose_client_is_gone_neither_waits_nor_goes_on(clock: Clock) -> None:
    admission = Admission(QuestionLimits(at_once=1, waiting=10), clock)
    working, waiting = Question(clock), Question(clock)
    asked = admission.ask("a", working)
    until(working.begun)
    admission.ask("b", waiting).leave()
    assert admission.waiting == 0
    asked.leave()
    working.batch()
    until(working.done)
    after = Question(clock)
    answered = admission.ask("c", after)
    after.end()
    assert answered.result.result(ENOUGH_S) == "answer"
    assert not waiting.begun.is_set()


def test_equal_questions_at_work_are_one(clock: Clock) -> None:
    admission = Admission(QuestionLimits(at_once=1, waiting=10), clock)
    question, seen = Question(clock), list[str]()
    one = admission.ask("a", question, key="same", watch=lambda _: seen.append("a"))
    until(question.begun)
    two = admission.ask("b", Question(clock), key="same", watch=lambda _: seen.append("b"))
    gone = admission.ask("c", Question(clock), key="same")
    gone.leave()
    other = Question(clock)
    third = admission.ask("d", other, key="other")
    question.batch()
    until(other.begun)  # a client that had nothing yet
    other.end()
    question.goes_on()
    question.end()
    assert [one.result.result(ENOUGH_S), two.result.result(ENOUGH_S), third.result.result(ENOUGH_S)] == ["answer"] * 3
    assert seen == ["a", "b"]


def test_an_error_reaches_all_who_wait_for_it(clock: Clock) -> None:
    def fail(watch: Watch) -> None:
        raise ZeroDivisionError

    admission = Admission(QuestionLimits(at_once=1, waiting=10), clock)
    with pytest.raises(ZeroDivisionError):
        admission.ask("a", fail).result.result(ENOUGH_S)


def test_stopping_refuses_what_was_not_answered_in_time(clock: Clock) -> None:
    admission = Admission(QuestionLimits(at_once=1, waiting=10), clock)
    working, waiting = Question(clock), Question(clock)
    asked = [admission.ask("a", working), admission.ask("b", waiting)]
    until(working.begun)
    admission.stop(0.01)
    for one in asked:
        with pytest.raises(Busy, match="stopping"):
            one.result.result(ENOUGH_S)
    with pytest.raises(Busy, match="stopping"):
        admission.ask("c", Question(clock))
    working.batch()
    until(working.done)
    assert not waiting.begun.is_set()


def test_it_is_stuck_when_all_have_been_at_work_for_minutes(clock: Clock) -> None:
    admission = Admission(QuestionLimits(at_once=1, waiting=10), clock)
    assert not admission.stuck
    question = Question(clock)
    asked = admission.ask("a", question)
    clock.now_s = 100.0
    assert not admission.stuck
    clock.now_s = 200.0
    assert admission.stuck
    question.end()
    asked.result.result(ENOUGH_S)
    assert not admission.stuck
