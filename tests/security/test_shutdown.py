"""SIGTERM ends the service in time, whatever clients and jobs do, and nothing that was accepted is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

import pytest

from benchmarks.hostile.bombs import docx_bomb, pdf_bomb
from coopbot.index.live import LiveIndex
from coopbot.state import State
from tests.fakes import BagOfWords
from tests.ingest.test_sandbox import wait_until_gone
from tests.security.processes import Running, received, running
from tests.security.service import ADMIN_TOKEN

pytestmark = [pytest.mark.server, pytest.mark.process]

# For a service that is to end by itself, and for one with questions that never do: well below what they would take otherwise.
PATIENT, IMPATIENT = {"shutdown_s": 30, "stop_s": 1}, {"shutdown_s": 10, "stop_s": 1}
ENOUGH_S = 20
# What a process may need to start and import its libraries where others take the processors.
BUSY_S = 180
ADMIN = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
UNFINISHED = b"POST /v1/ask HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path, **PATIENT) as found:
        yield found


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path, **IMPATIENT) as found:
        yield found


def stopped(service: Running) -> int:
    """The exit code. Requests that were sent before have arrived."""
    service.client.get("/healthz").raise_for_status()
    return service.stop(within_s=ENOUGH_S)


def asking(question: str) -> bytes:
    body = b'{"question": "%s"}' % question.encode()
    return b"POST /v1/ask HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
        len(body),
        body,
    )


def test_an_idle_service_ends_at_once_and_what_it_logged_is_json(service: Running) -> None:
    assert stopped(service) == 0
    assert service.logged()


def test_an_unfinished_body_and_an_unfinished_head_are_dropped(service: Running) -> None:
    with ExitStack() as connections:
        for sent in (UNFINISHED, b"GET /healthz HTTP/1.1\r\nHost: a\r\n", b"") * 5:
            connections.enter_context(service.connect(sent))
        assert stopped(service) == 0


def test_requests_in_flight_are_answered(service: Running) -> None:
    with ExitStack() as connections:
        question = asking("Slowly now: when did the bridge open to freight? slowly")
        sent = [connections.enter_context(service.connect(question)) for _ in range(8)]
        assert stopped(service) == 0
        for connection in sent:
            assert received(connection).startswith(b"HTTP/1.1 200 OK")


def test_requests_that_were_sent_just_before_are_answered_too(service: Running) -> None:
    with ExitStack() as connections:
        sent = [connections.enter_context(service.connect(asking("When did the bridge open?"))) for _ in range(30)]
        # Without any sign that they have arrived.
        assert service.stop(within_s=ENOUGH_S) == 0
        for connection in sent:
            assert received(connection).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("name", ["slow.txt", "busy.txt"], ids=["a reader that waits", "a reader that works"])
def test_a_document_that_is_being_read_does_not_keep_it(service: Running, name: str, tmp_path: Path) -> None:
    reply = service.client.post("/v1/articles", files={"file": (name, b"A harbour.")}, headers=ADMIN)
    assert reply.status_code == 202
    time.sleep(0.3)
    assert stopped(service) == 0
    embedder = BagOfWords()
    assert LiveIndex(tmp_path / "index", embedder.fingerprint).damage() == ""


# As files they are small; to read them takes the better part of a minute, or fails for want of memory.
DOCUMENTS = {"slow.pdf": partial(pdf_bomb, 200, 2_000_000), "slow.docx": partial(docx_bomb, 60_000_000)}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_real_document_that_is_being_read_leaves_no_part_of_an_article(tmp_path: Path, name: str) -> None:
    with running(tmp_path, corpus=str(tmp_path / "corpus"), **PATIENT) as service, ExitStack() as connections:
        sent = {"file": (name, DOCUMENTS[name]())}
        job = service.client.post("/v1/articles", files=sent, headers=ADMIN).raise_for_status().json()["job_id"]
        reader = at_work(service.process.pid)
        asked = [connections.enter_context(service.connect(asking("When did the bridge open? slowly"))) for _ in range(4)]
        assert state_of(service, job) == "running"
        assert stopped(service) == 0
        assert all(received(connection).startswith(b"HTTP/1.1 200 OK") for connection in asked)
        wait_until_gone(reader)
    assert [path for path in (tmp_path / "corpus").rglob("*") if path.is_file() and path.stat().st_size] == []
    change = State(tmp_path / "index" / "state.sqlite").first("SELECT state FROM changes")
    assert change is not None
    assert change["state"] == "queued"


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_nor_does_one_that_is_added_by_hand(tmp_path: Path, name: str, number: int) -> None:
    (tmp_path / name).write_bytes(DOCUMENTS[name]())
    (tmp_path / "good.md").write_text("# A ferry\n\nThe ferry carries 400 passengers a day across the river.\n", "utf-8")
    environ = {**os.environ, **{f"COOPBOT_{kind}_DIR": str(tmp_path / kind) for kind in ("CORPUS", "INDEX")}}
    environ["COOPBOT_READ_TIMEOUT_S"] = "300"
    # A shell ignores SIGINT for what runs in the background, as the tests may.
    # Not by preexec_fn: gRPC, which tests of Milvus leave running in this process, can end the fork before it starts anything.
    catch = "signal.signal(signal.SIGINT, signal.default_int_handler)"
    start = f"import runpy, signal; {catch}; runpy.run_module('coopbot', None, '__main__')"
    add = [sys.executable, "-c", start, "add", "--no-index"]
    with (
        subprocess.Popen([*add, str(tmp_path / name)], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as adding,
        ExitStack() as stack,
    ):
        stack.callback(adding.kill)
        reader = at_work(adding.pid)
        adding.send_signal(number)
        _, told = adding.communicate(timeout=ENOUGH_S)
    assert adding.returncode != 0
    assert b"Traceback" not in told
    wait_until_gone(reader)
    assert [path for path in (tmp_path / "CORPUS").rglob("*") if path.is_file() and path.stat().st_size] == []
    subprocess.run([*add, str(tmp_path / "good.md")], env=environ, check=True, stdout=subprocess.DEVNULL, timeout=BUSY_S)


def at_work(pid: int) -> int:
    """The id of the process that reads a document for a process, once it has worked at it for a while."""
    deadline = time.monotonic() + BUSY_S
    while time.monotonic() < deadline:
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):  # it has just ended
                fields = stat.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
                # To import its libraries it needs less.
                if int(fields[1]) == pid and int(fields[11]) > os.sysconf("SC_CLK_TCK"):
                    return int(stat.parent.name)
        time.sleep(0.05)
    raise AssertionError("no process reads the document")


@pytest.mark.parametrize("how", ["terminate", "kill"])
def test_what_was_accepted_is_done_by_the_next_process(tmp_path: Path, how: str) -> None:
    with running(tmp_path, shutdown_s=1) as service:
        jobs = [
            service.client.post("/v1/articles", files={"file": (name, name.encode())}, headers=ADMIN).json()["job_id"]
            for name in ("slow.txt", "next.txt")
        ]
        time.sleep(0.2)
        getattr(service.process, how)()
        service.process.wait(ENOUGH_S)
    with running(tmp_path, quick=True) as service:
        deadline = time.monotonic() + BUSY_S
        while (states := [state_of(service, job) for job in jobs]) != ["done", "done"]:
            assert time.monotonic() < deadline, states
            time.sleep(0.05)
        listed = service.client.get("/v1/articles").json()["articles"]
    assert {"slow.txt", "next.txt"} <= {article["title"] for article in listed}


def state_of(service: Running, job_id: str) -> str:
    return str(service.client.get(f"/v1/index/jobs/{job_id}", headers=ADMIN).raise_for_status().json()["state"])


def test_questions_that_never_end_are_told_to_come_back(impatient: Running) -> None:
    with ExitStack() as connections:
        sent = [connections.enter_context(impatient.connect(asking("never"))) for _ in range(60)]
        for path in ("/healthz", "/readyz"):
            assert impatient.client.get(path).status_code == 200
        assert stopped(impatient) == 0
        for connection in sent:
            reply = received(connection)
            assert reply.startswith(b"HTTP/1.1 503 ")
            assert b"\r\nretry-after: 5\r\n" in reply
            assert b"application/problem+json" in reply
