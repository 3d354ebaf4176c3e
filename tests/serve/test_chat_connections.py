"""Clients of the chat that go away, over real connections."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.security.processes import Running, running

pytestmark = [pytest.mark.server, pytest.mark.process]

CHAT = {"model": "coopbot", "messages": [{"role": "user", "content": "When did the railway bridge open to freight?"}]}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("chat")) as found:
        yield found


def request(**fields: object) -> bytes:
    body = json.dumps({**CHAT, **fields}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body


def test_a_client_that_disconnects_from_a_stream_does_no_harm(service: Running) -> None:
    for _ in range(50):
        with service.connect(request(stream=True)) as connection:
            assert connection.recv(20).startswith(b"HTTP/1.1 200")
    for _ in range(50):
        service.connect(request(stream=True)).close()
    answer = service.client.post("/v1/chat/completions", json=CHAT)
    assert answer.status_code == 200
    assert "railway bridge" in answer.text
    assert [line for line in service.logged() if line["level"] in ("error", "critical")] == []


def test_a_stream_is_whole_over_a_connection(service: Running) -> None:
    with service.client.stream("POST", "/v1/chat/completions", json={**CHAT, "stream": True}) as response:
        lines = [line for line in response.iter_lines() if line]
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["x-content-type-options"] == "nosniff"
    assert lines[-1] == "data: [DONE]"
    assert all(line.startswith(("data: ", ": ")) for line in lines)
