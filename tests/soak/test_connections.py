"""A thousand connections at once: each is answered or closed, and what they took comes back."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from benchmarks.http.connections import CONNECTIONS, ask_at_once
from benchmarks.memory import resident_mib
from tests.security.processes import Running, running

pytestmark = pytest.mark.soak

_ROUNDS = 4
# Of a bag-of-words service; what is kept for each connection for good would be several times as much.
_LEFT_MIB = 16


def files_of(service: Running) -> int:
    return len(list(Path(f"/proc/{service.process.pid}/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files by /proc")
def test_a_thousand_connections_are_answered_or_closed_and_leave_nothing(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        address = ("127.0.0.1", service.port)
        ask_at_once(address)
        time.sleep(6)  # idle connections end
        files, before_mib = files_of(service), resident_mib(service.process.pid)
        for _ in range(_ROUNDS):
            outcomes = ask_at_once(address)
            assert len(outcomes) == CONNECTIONS
            assert "hanging" not in outcomes
            assert outcomes.count("answered") >= 100
        time.sleep(6)
        after_mib = resident_mib(service.process.pid)
        assert files_of(service) <= files
        assert before_mib is not None
        assert after_mib is not None
        assert after_mib - before_mib < _LEFT_MIB
        assert service.client.post("/v1/ask", json={"question": "When did the bridge open?"}).status_code == 200
