"""A `milvus-lite server` for tests: a Milvus in Python with the same protocol."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class Server:
    """A process on a free port of this machine, with its data in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._start()

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _start(self) -> None:
        command = [sys.executable, "-m", "milvus_lite", "server", "--host", "127.0.0.1", "--port", str(self.port)]
        with (self._folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--data-dir", str(self._folder / "data")], stdout=log, stderr=subprocess.STDOUT
            )
        until(self._answers)

    def _answers(self) -> bool:
        assert self.process.poll() is None, (self._folder / "log").read_text()
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def restart(self) -> None:
        self.kill()
        self._start()


@contextmanager
def milvus_server(folder: Path) -> Iterator[Server]:
    """A running server. Skips the test if milvus-lite is not installed."""
    if importlib.util.find_spec("milvus_lite") is None:
        pytest.skip("milvus-lite has no wheel for this platform")
    server = Server(folder)
    try:
        yield server
    finally:
        server.kill()


def until(happened: Callable[[], bool], timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
