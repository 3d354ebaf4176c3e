from __future__ import annotations

import subprocess
import sys
from typing import Any
from unittest.mock import Mock

import pytest
from structlog.testing import capture_logs

from coopbot.index.model.reader_model import ReaderCard
from coopbot.serve import run
from coopbot.serve.http.service import HttpService

CARD = ReaderCard(name="some/reader", fingerprint="x", max_tokens=384, precision="int8")


class Served:
    """Stands in for the server: keeps the application it was given, and is done at once."""

    def __init__(self, service: object, **_: object) -> None:
        self.service = service

    def run(self, **_: object) -> None:
        pass


@pytest.mark.parametrize(("reader", "events"), [(None, ["reader_off"]), (CARD, [])])
def test_the_start_logs_that_the_reader_is_off(
    monkeypatch: pytest.MonkeyPatch, reader: ReaderCard | None, events: list[str]
) -> None:
    monkeypatch.setattr(run, "log_as_json", lambda: None)
    monkeypatch.setattr(run, "Server", Served)
    nothing: Any = Mock()  # neither is asked anything while nothing is served
    with capture_logs() as logged:
        run.run_http(HttpService(answerer=nothing, index=nothing, reader=reader), [], shutdown_s=10)
    assert [line["event"] for line in logged if line["event"].startswith("reader")] == events
    assert all("COOPBOT_READER" in line["reason"] for line in logged)


_POOLS_OF_THREADS = """
import ctypes, tempfile, threading
from coopbot.serve.run import share_memory_pools

share_memory_pools()
at_once = threading.Barrier(16)
threads = [threading.Thread(target=lambda: [bytearray(1_000), at_once.wait(), bytearray(1_000)]) for _ in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
library = ctypes.CDLL(None)
library.fopen.restype = ctypes.c_void_p
with tempfile.NamedTemporaryFile() as file:
    report = ctypes.c_void_p(library.fopen(file.name.encode(), b"w"))
    library.malloc_info(0, report)
    library.fclose(report)
    print(file.read().count(b"<heap nr="))
"""


@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux", reason="only glibc has pools that threads share")
def test_threads_share_their_pools_of_memory() -> None:
    ended = subprocess.run([sys.executable, "-c", _POOLS_OF_THREADS], capture_output=True, text=True, check=True)
    assert int(ended.stdout) <= 2
