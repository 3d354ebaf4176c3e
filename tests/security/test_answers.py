"""What leaves the service: headers for browsers, no address that runs, no folder of the server, no user's text in logs."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs

from coopbot.ask.answer.answerer import Answerer
from coopbot.errors import IndexBroken, InvalidRequest
from coopbot.index.live import LiveIndex
from coopbot.serve.admission import Admission
from coopbot.serve.http.health import Health
from coopbot.serve.http.problems import crashes
from tests.fakes import BagOfWords, Clock
from tests.security.conftest import Start

SECRET = "what only the user knows"
REPLIES = [
    ("GET", "/healthz", 200),
    ("GET", "/docs", 200),
    ("GET", "/docs/assets/swagger-ui.css", 200),
    ("GET", "/openapi.json", 200),
    ("GET", "/", 200),
    ("GET", "/?language=ru", 200),
    ("GET", "/page/page.js", 200),
    ("GET", "/page/../app.py", 404),
    ("GET", "/article/en/nothing", 404),
    ("POST", "/ask", 422),
    ("GET", "/v1/articles", 200),
    ("GET", "/nothing", 404),
    ("PUT", "/v1/ask", 405),
    ("POST", "/v1/ask", 422),
    ("POST", "/v1/articles", 403),
    ("GET", "/v1/search?q=a&" + "a=1&" * 70, 422),
    ("GET", "/" + "a" * 3000, 414),
]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Logs as nobody configured them take long to print."""
    with capture_logs():
        yield


class Failing:
    """An answerer that meets an error with the user's words in it."""

    def __init__(self, error: Exception) -> None:
        self.error: Exception | None = error

    # The parameters do not matter.
    def ask(self, *given: Any, **more: Any) -> Any:
        raise self.error if self.error else InvalidRequest("question", "no")

    search = ask


@pytest.mark.parametrize(("method", "path", "status"), REPLIES)
def test_every_answer_has_the_headers_for_browsers_and_an_id(client: TestClient, method: str, path: str, status: int) -> None:
    reply = client.request(method, path, follow_redirects=False)
    assert reply.status_code == status
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in reply.headers["content-security-policy"]
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    assert len(reply.headers.get_list("x-request-id")) == 1


def test_a_crash_has_them_too_and_reveals_nothing(start: Start) -> None:
    reply = start(answerer=Failing(RuntimeError(SECRET))).post("/v1/ask", json={"question": "a"})
    assert reply.status_code == 500
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["content-type"] == "application/problem+json"
    assert len(reply.headers["x-request-id"]) == 32
    assert SECRET not in reply.text


def test_a_request_that_is_cut_off_is_told_to_come_back() -> None:
    sent: list[Message] = []

    async def never(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(3600)

    async def receive() -> Message:
        raise NotImplementedError

    async def send(message: Message) -> None:
        sent.append(message)

    async def cut_off() -> None:
        task = asyncio.ensure_future(
            crashes(never)({"type": "http", "method": "GET", "path": "/", "headers": []}, receive, send)
        )
        await asyncio.sleep(0)
        task.cancel()
        await task

    asyncio.run(cut_off())
    assert sent[0]["status"] == 503
    assert (b"retry-after", b"5") in sent[0]["headers"]
    assert (b"content-type", b"application/problem+json") in sent[0]["headers"]


def test_a_request_id_is_taken_from_a_proxy_if_it_is_harmless(client: TestClient) -> None:
    assert client.get("/healthz", headers={"x-request-id": "abc-123_DEF"}).headers["x-request-id"] == "abc-123_DEF"
    for sent in (b"short", b"a" * 65, b"a b c d e f g", "ключ-ключ-ключ".encode()):
        assert len(client.get("/healthz", headers={b"x-request-id": sent}).headers["x-request-id"]) == 32


def test_the_documentation_may_run_its_own_script_only(client: TestClient) -> None:
    policy = client.get("/docs").headers["content-security-policy"]
    assert "script-src 'self' 'sha256-" in policy
    assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/v1/index", "/v1/articles", "/v1/articles/en/bridge", "/docs", "/openapi.json"]
)
def test_every_get_route_answers_head(client: TestClient, path: str) -> None:
    head, get = client.head(path), client.get(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"]
    assert client.head("/v1/ask").status_code == 405


def test_an_address_that_would_run_does_not_leave(client: TestClient) -> None:
    for path in ("/v1/articles/en/port", "/v1/articles", "/v1/search?q=zarubino"):
        assert "javascript" not in client.get(path).text
    asked = client.post("/v1/ask", json={"question": "How much can the port of Zarubino handle?"}).text
    assert "60 million" in asked
    assert "javascript" not in asked


def test_no_folder_of_the_server_is_named(start: Start, attacked_index: Path, tmp_path: Path) -> None:
    index_dir = tmp_path / "index"
    shutil.copytree(attacked_index, index_dir)
    client = start(index_dir)
    (index_dir / "CURRENT").write_text("20990101T000000Z-00000000\n")
    described = client.get("/v1/index").json()
    assert described["fault"]
    assert str(tmp_path) not in described["fault"]
    broken = start(answerer=Failing(IndexBroken(f"{tmp_path}/index/a is damaged; run: coopbot index")))
    reply = broken.post("/v1/ask", json={"question": "a"})
    assert reply.status_code == 503
    assert "run: coopbot index" in reply.json()["detail"]
    assert str(tmp_path) not in reply.text


# Readiness


def test_not_ready_while_questions_fail(start: Start) -> None:
    client = start(answerer=Failing(RuntimeError(SECRET)))
    for _ in range(2):
        client.post("/v1/ask", json={"question": "a"})
    client.get("/v1/search", params={"q": "a"})
    reply = client.get("/readyz")
    assert reply.status_code == 503
    assert reply.json()["detail"].startswith("questions_fail")
    assert client.get("/healthz").status_code == 200


class Poisoned(Answerer):
    """Fails at one question, whoever asks it."""

    # The parameters are passed on as they are.
    def ask(self, question: str, **others):  # type: ignore[no-untyped-def]
        if question == "poison":
            raise RuntimeError(SECRET)
        return super().ask(question, **others)


def test_questions_that_are_the_cause_themselves_leave_it_ready(start: Start, attacked_index: Path) -> None:
    embedder = BagOfWords()
    client = start(answerer=Poisoned(embedder, LiveIndex(attacked_index, embedder.fingerprint).current))
    for _ in range(5):
        assert client.post("/v1/ask", json={"question": "poison"}).status_code == 500
    assert client.get("/readyz").status_code == 200


class Files:
    """An index whose files can be damaged."""

    fault = ""

    def __init__(self) -> None:
        self.found = ""
        self.looks = 0

    def current(self) -> Any:
        raise NotImplementedError

    def damage(self) -> str:
        self.looks += 1
        return self.found


class Itself:
    """The service's own question, answered unless `error` is set."""

    error: Exception | None = None
    asked = 0

    def __call__(self) -> None:
        self.asked += 1
        if self.error:
            raise self.error


def test_it_is_ready_again_once_its_own_question_is_answered() -> None:
    clock, itself = Clock(), Itself()
    health = Health(Files(), Admission(), itself, clock)

    def look(after_s: float) -> str:
        clock.now_s += after_s
        return health.trouble()

    def fail(times: int, error: Exception) -> None:
        for _ in range(times):
            with pytest.raises(type(error)), health.watched():
                raise error

    fail(2, RuntimeError())
    fail(5, InvalidRequest("question", "of the user's making"))
    assert (look(0), itself.asked) == ("", 0)
    itself.error = IndexBroken()
    fail(1, RuntimeError())
    assert (look(6), itself.asked) == ("questions_fail", 1)
    assert (look(1), itself.asked) == ("questions_fail", 1)  # not for every probe
    itself.error = None
    assert (look(6), itself.asked) == ("", 2)
    fail(3, RuntimeError())
    with health.watched():
        pass
    assert (look(6), itself.asked) == ("", 2)


class Stuck(Admission):
    stuck = True


def test_not_ready_while_no_question_comes_to_an_end() -> None:
    assert Health(Files(), Stuck(), Itself(), Clock()).trouble() == "questions_stuck"


def test_files_are_not_read_for_every_check() -> None:
    clock, files = Clock(), Files()
    health = Health(files, Admission(), Itself(), clock)
    for _ in range(100):
        health.trouble()
    assert files.looks == 1
    files.found, clock.now_s = "damaged", 6.0
    assert health.trouble() == "index_damaged"
    files.found, clock.now_s = "", 12.0
    assert health.trouble() == ""


@pytest.mark.parametrize("how", ["overwritten", "gone"])
def test_not_ready_when_files_in_force_are_damaged(start: Start, attacked_index: Path, tmp_path: Path, how: str) -> None:
    index_dir = tmp_path / "index"
    shutil.copytree(attacked_index, index_dir)
    client = start(index_dir)
    file = next(index_dir.glob("snapshots/*/**/passages.sqlite"))
    if how == "gone":
        file.unlink()
    else:
        data = file.read_bytes()
        file.unlink()
        file.write_bytes(data[:-100] + b"x" * 100)
    reply = client.get("/readyz")
    assert reply.status_code == 503
    assert reply.json()["detail"].startswith("index_damaged")
    assert str(tmp_path) not in reply.text


# Logs

_LOGGING = """
import asyncio, logging, sys, threading, warnings
import structlog
from coopbot.serve.logs import log_as_json
log_as_json()
secret = "what only the user knows"
def fail():
    raise ValueError(secret)
try:
    fail()
except ValueError as exc:
    structlog.get_logger().error("request_crashed", exc_info=exc)
    logging.getLogger("uvicorn.error").error("Exception in ASGI application\\n", exc_info=exc)
    logging.getLogger("other").warning("Something about %s", secret)
warnings.warn("a warning")
thread = threading.Thread(target=fail, name="worker")
thread.start()
thread.join()
async def forget():
    asyncio.create_task(crash())
    await asyncio.sleep(0.01)
async def crash():
    fail()
asyncio.run(forget())
import gc; gc.collect()
fail()
"""


@pytest.mark.process
def test_every_error_is_logged_as_one_line_of_json_without_the_users_words() -> None:
    ran = subprocess.run([sys.executable, "-c", _LOGGING], capture_output=True, text=True, timeout=60, check=False)
    entries = [json.loads(line) for line in ran.stderr.splitlines()]
    assert ran.stdout == ""
    assert SECRET not in ran.stderr
    assert [entry["event"] for entry in entries] == [
        "request_crashed",
        "Exception in ASGI application",
        "Something about %s",
        entries[3]["event"],
        "thread_crashed",
        "Task exception was never retrieved",
        "process_crashed",
    ]
    for number in (0, 1, 4, 5, 6):
        assert entries[number]["error"] == "ValueError"
        assert any("fail" in frame for frame in entries[number]["frames"])


def test_every_line_of_a_request_has_its_id(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    from structlog.contextvars import get_contextvars

    seen: list[dict[str, Any]] = []

    class Noting(Failing):
        def ask(self, *given: Any, **more: Any) -> Any:
            seen.append(dict(get_contextvars()))
            raise InvalidRequest("question", "no")

    reply = start(answerer=Noting(RuntimeError())).post("/v1/ask", json={"question": "a"})
    assert seen == [{"request_id": reply.headers["x-request-id"]}]
