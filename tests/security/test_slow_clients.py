"""Clients that send slowly, never finish, or do not read: each is closed by a timeout and keeps nobody waiting."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest

from tests.security.processes import Running, received, running
from tests.security.service import ADMIN_TOKEN

pytestmark = [pytest.mark.server, pytest.mark.process]

QUICK = {"head_s": 1, "body_s": 1, "body_bytes_per_s": 10_000, "idle_s": 3, "write_s": 0.5}
BODY = b"POST /v1/ask HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("slow"), timeouts=QUICK) as found:
        yield found


@pytest.mark.parametrize(
    ("sent", "part"),
    [
        (b"", b"the head"),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\n", b"the head"),
        (BODY, b"the body"),
        (BODY + b'{"question": ', b"the body"),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /heal", b"the head"),
    ],
    ids=["nothing", "half a head", "no body", "half a body", "half a second head"],
)
def test_what_is_not_finished_in_time_is_answered_with_408_and_closed(service: Running, sent: bytes, part: bytes) -> None:
    with service.connect(sent) as connection:
        answer = received(connection)
    assert b"408 Request Timeout" in answer
    assert part in answer
    assert b"nosniff" in answer
    assert b"application/problem+json" in answer


@pytest.mark.parametrize("sent", [b"GET /healthz HTTP/1.1\r\nHost: a\r\n", BODY], ids=["head", "body"])
def test_a_slow_drip_does_not_extend_the_deadline(service: Running, sent: bytes) -> None:
    with service.connect(sent) as connection:
        connection.settimeout(0.05)
        answer = b""
        for _ in range(200):
            try:
                connection.sendall(b"a")
                answer = connection.recv(65536)
                break
            except TimeoutError:
                continue
            except (ConnectionResetError, BrokenPipeError):
                break
        else:
            pytest.fail("still open")
    assert answer == b"" or b"408" in answer


def test_an_idle_connection_is_closed(service: Running) -> None:
    with service.connect(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n") as connection:
        answer = received(connection)
    assert answer.count(b"HTTP/1.1") == 1
    assert b"alive" in answer


def test_a_connection_may_be_used_again_in_time(service: Running) -> None:
    with service.connect() as connection, connection.makefile("rb") as answers:
        for pause_s in (0, QUICK["head_s"] + 0.2):
            time.sleep(pause_s)
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            while (line := answers.readline()) != b"\r\n":
                assert line
            assert answers.read(len(b'{"status":"alive"}')) == b'{"status":"alive"}'


def test_a_body_that_arrives_at_a_fair_rate_gets_more_time(service: Running) -> None:
    head = BODY.replace(b"Content-Length: 100", b"Connection: close\r\nContent-Length: 60000")
    with service.connect(head) as connection:
        for _ in range(12):
            connection.sendall(b" " * 5000)
            time.sleep(QUICK["body_s"] / 10)
        assert b"422" in received(connection)


def test_a_client_that_does_not_read_the_answer_is_dropped(service: Running) -> None:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(60)
        connection.connect(("127.0.0.1", service.port))
        asked = b"GET /docs/assets/swagger-ui-bundle.js HTTP/1.1\r\nHost: a\r\n\r\n"
        connection.sendall(asked * 5)
        time.sleep(2.5)
        assert len(received(connection)) < 5_000_000


UNAUTHORISED = b"POST /v1/articles HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize("ending", [b"", b"Connection: close\r\n"], ids=["kept open", "closed"])
@pytest.mark.parametrize("size", [1_000, 200_000, 8_000_000])
def test_who_sends_a_whole_body_before_reading_gets_the_refusal(service: Running, size: int, ending: bytes) -> None:
    with service.connect(UNAUTHORISED + ending + b"Content-Length: %d\r\n\r\n" % size) as connection:
        connection.sendall(b"a" * size)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"\r\nconnection: close\r\n" in answer.lower()


def test_a_refused_body_is_not_read_for_ever(service: Running) -> None:
    sent = 0
    with service.connect(UNAUTHORISED + b"Content-Length: 1000000000\r\n\r\n") as connection:
        with suppress(ConnectionResetError, BrokenPipeError):
            while sent < 1_000_000_000:
                sent += connection.send(b"a" * 65536)
        assert received(connection).startswith(b"HTTP/1.1 401 ")
    # Besides what the service reads, the system holds some.
    assert 20_000_000 < sent < 60_000_000


def test_many_slow_connections_keep_nobody_waiting_and_are_all_closed(service: Running) -> None:
    slow = [service.connect(b"GET /v1/index HTTP/1.1\r\nHost: a\r\nX-Slow: ") for _ in range(300)]
    assert service.client.post("/v1/ask", json={"question": "When did the bridge open?"}).status_code == 200
    for connection in slow:
        with connection:
            received(connection)


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"GET  HTTP/1.1\r\n\r\n", b"A" * 100_000]
)
def test_what_is_not_http_is_a_problem_and_closed(service: Running, sent: bytes) -> None:
    with service.connect(sent) as connection:
        answer = received(connection)
    assert b"400 Bad Request" in answer
    assert b"application/problem+json" in answer
    assert b"nosniff" in answer
    assert len(answer) < 2000


def test_many_connections_keep_nobody_out(tmp_path: Path) -> None:
    with running(tmp_path, timeouts={"head_s": 30, "connections": 20}) as service, ExitStack() as connections:
        crowd = [connections.enter_context(service.connect(b"GET /v1/index HTTP/1.1\r\nX-Slow: ")) for _ in range(60)]
        # A client that comes now; of those that were there before, the connections kept open may be closed as well.
        with httpx.Client(base_url=service.client.base_url, trust_env=False, timeout=60) as newcomer:
            assert newcomer.get("/readyz").status_code == 200
            for connection in crowd[:40]:
                assert received(connection) == b""
            assert newcomer.post("/v1/ask", json={"question": "When did the bridge open?"}).status_code == 200


def test_idle_connections_leave_files_for_others_and_for_new_articles(tmp_path: Path) -> None:
    """The process may open 64 files at first, its soft limit, and no more than 256."""
    with running(tmp_path, files=[64, 256], quick=True) as service, ExitStack() as connections:
        for _ in range(600):  # a usual limit of this process is 1,024
            connections.enter_context(service.connect())
        with httpx.Client(base_url=service.client.base_url, trust_env=False, timeout=60) as newcomer:
            newcomer.headers["Authorization"] = f"Bearer {ADMIN_TOKEN}"
            for number in range(3):
                text = f"Ferry {number} carried passengers to the island."
                job = newcomer.post("/v1/articles", json={"title": f"Ferry {number}", "text": text}).json()
                while job["finished_at"] is None:
                    job = newcomer.get(f"/v1/index/jobs/{job['job_id']}").json()
                assert job["state"] == "done"
                reply = newcomer.post("/v1/ask", json={"question": f"What did ferry {number} carry?"})
                assert f"Ferry {number}" in reply.text
    assert [line for line in service.logged() if line["level"] == "error"] == []


def test_the_service_is_healthy_afterwards_and_its_log_is_json(service: Running, tmp_path: Path) -> None:
    assert service.client.get("/readyz").status_code == 200
    assert "Traceback" not in service.log.read_text(encoding="utf-8")
    service.logged()
