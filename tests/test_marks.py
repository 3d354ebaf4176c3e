"""The guard of tests/marks.py, on itself: a test without a mark can do none of what marks stand for."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.cases import check_each
from tests.marks import MARKS, Guard, UnmarkedError, guard


def _listen() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()


ACTIONS: dict[str, Callable[[], object]] = {
    # Not by importlib.import_module, which raises no event where another test has imported torch before.
    "model": lambda: __import__("torch.no_such_module"),
    "server": _listen,
    "process": lambda: subprocess.run([sys.executable, "--version"], check=True),
}


@pytest.mark.parametrize("mark", MARKS)
def test_what_a_test_is_not_marked_with_is_refused(request: pytest.FixtureRequest, mark: str) -> None:
    try:
        with pytest.raises(UnmarkedError, match=f"pytest.mark.{mark}"):
            ACTIONS[mark]()
    finally:
        missing = guard.rest()
    assert len(missing) == 1
    guard.watch(request.node)


@pytest.mark.server
@pytest.mark.process
def test_what_a_test_is_marked_with_is_done() -> None:
    ACTIONS["server"]()
    ACTIONS["process"]()


def test_a_fork_is_a_process_and_what_was_caught_is_reported_all_the_same(request: pytest.FixtureRequest) -> None:
    own = Guard()
    own.watch(request.node)
    with pytest.raises(UnmarkedError):
        own.audit("os.fork", (os.getpid(),))
    assert "pytest.mark.process" in own.rest()[0]
    own.audit("os.fork", (os.getpid(),))  # between tests
    assert own.rest() == []


def test_every_case_that_fails_is_named() -> None:
    def check(case: int) -> None:
        assert case % 2

    check_each([1, 3], check)
    with pytest.raises(BaseExceptionGroup, match="2 of 4 cases") as caught:
        check_each([1, 2, 3, 4], check, str)
    assert [error.__notes__ for error in caught.value.exceptions] == [["case: 2"], ["case: 4"]]
    with pytest.raises(AssertionError, match="no cases"):
        check_each([], check)
