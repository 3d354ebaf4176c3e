"""SIGTERM ends the service in time, whatever clients and jobs do, and nothing that was accepted is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from coopbot.index.live import LiveIndex
from tests.fakes import BagOfWords
from tests.security.processes import Running, received, running
from tests.security.service import ADMIN_TOKEN

pytestmark = [pytest.mark.server, pytest.mark.process]

SHUTDOWN_S = 2
ADMIN = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
UNFINISHED = b"POST /v1/ask HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path, shutdown_s=SHUTDOWN_S) as found:
        yield found


def stopped(service: Running) -> tuple[int, float]:
    """Exit code and seconds."""
    start = time.monotonic()
    code = service.stop(within_s=SHUTDOWN_S + 2)
    return code, time.monotonic() - start


def test_an_idle_service_ends_at_once(service: Running) -> None:
    code, took_s = stopped(service)
    assert code == 0
    assert took_s < SHUTDOWN_S


def test_an_unfinished_body_and_an_unfinished_head_are_dropped(service: Running) -> None:
    with ExitStack() as connections:
        for sent in (UNFINISHED, b"GET /healthz HTTP/1.1\r\nHost: a\r\n", b"") * 5:
            connections.enter_context(service.connect(sent))
        time.sleep(0.2)
        code, took_s = stopped(service)
    assert code == 0
    assert took_s < SHUTDOWN_S


def test_requests_in_flight_are_answered(service: Running) -> None:
    answers: list[httpx.Response] = []

    def ask() -> None:
        question = {"question": "Slowly now: when did the bridge open to freight? slowly"}
        answers.append(httpx.post(f"http://127.0.0.1:{service.port}/v1/ask", json=question, timeout=10, trust_env=False))

    asking = [threading.Thread(target=ask) for _ in range(8)]
    for thread in asking:
        thread.start()
    time.sleep(0.5)
    code, _ = stopped(service)
    for thread in asking:
        thread.join()
    assert code == 0
    assert [answer.status_code for answer in answers] == [200] * 8


@pytest.mark.parametrize("name", ["slow.txt", "busy.txt"], ids=["a reader that waits", "a reader that works"])
def test_a_document_that_is_being_read_does_not_keep_it(service: Running, name: str, tmp_path: Path) -> None:
    reply = service.client.post("/v1/articles", files={"file": (name, b"A harbour.")}, headers=ADMIN)
    assert reply.status_code == 202
    time.sleep(0.3)
    code, took_s = stopped(service)
    assert code == 0
    assert took_s < SHUTDOWN_S + 2
    embedder = BagOfWords()
    assert LiveIndex(tmp_path / "index", embedder.fingerprint).damage() == ""


@pytest.mark.parametrize("how", ["terminate", "kill"])
def test_what_was_accepted_is_done_by_the_next_process(tmp_path: Path, how: str) -> None:
    with running(tmp_path, shutdown_s=1) as service:
        jobs = [
            service.client.post("/v1/articles", files={"file": (name, name.encode())}, headers=ADMIN).json()["job_id"]
            for name in ("slow.txt", "next.txt")
        ]
        time.sleep(0.2)
        getattr(service.process, how)()
        service.process.wait(5)
    with running(tmp_path, quick=True) as service:
        deadline = time.monotonic() + 10
        while (states := [state_of(service, job) for job in jobs]) != ["done", "done"]:
            assert time.monotonic() < deadline, states
            time.sleep(0.05)
        listed = service.client.get("/v1/articles").json()["articles"]
    assert {"slow.txt", "next.txt"} <= {article["title"] for article in listed}


def state_of(service: Running, job_id: str) -> str:
    return str(service.client.get(f"/v1/index/jobs/{job_id}", headers=ADMIN).raise_for_status().json()["state"])


def test_a_question_that_never_ends_does_not_keep_it(service: Running) -> None:
    body = b'{"question": "never"}'
    head = b"POST /v1/ask HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    with service.connect(head + body) as connection:
        time.sleep(0.3)
        code, took_s = stopped(service)
        received(connection)
    assert code == 1
    assert took_s < SHUTDOWN_S + 2
    assert service.logged()[-1]["event"] == "shutdown_forced"


def test_health_is_answered_while_every_thread_is_busy(service: Running) -> None:
    body = b'{"question": "never"}'
    head = b"POST /v1/ask HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    with ExitStack() as connections:
        for _ in range(60):  # the framework has 40 threads
            connections.enter_context(service.connect(head + body))
        time.sleep(0.3)
        for path in ("/healthz", "/readyz"):
            assert service.client.get(path, timeout=2).status_code == 200
        code, took_s = stopped(service)
    assert code == 1
    assert took_s < SHUTDOWN_S + 2


def test_what_is_logged_until_the_end_is_json(service: Running) -> None:
    stopped(service)
    service.logged()
