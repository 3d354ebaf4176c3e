"""The limits within which a language model is asked, against a server on loopback that breaks each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from coopbot.sections import LlmServer
from coopbot.write.llm import Llm
from coopbot.write.prompt import Prompt
from coopbot.write.writer import NoText
from tests.write.llm_server import (
    Request,
    Script,
    Server,
    never_ends,
    scripted,
    sends_a_slow_head,
    sends_one_line,
    sends_slowly,
)

# The client asks `uname` what it runs on.
pytestmark = [pytest.mark.server, pytest.mark.process]

PROMPT = Prompt(instructions="Answer.", request="Secret question?")
TIMEOUT_S = 1.0
# For machines that are busy.
_PATIENCE_S = 30.0


@pytest.fixture
def server() -> Iterator[Server]:
    with scripted() as server:
        yield server


def llm_at(server: Server, timeout_s: float = _PATIENCE_S, **limits: int) -> Llm:
    key = SecretStr("a-key")
    return Llm(LlmServer(base_url=server.base_url, model="some-model", api_key=key, timeout_s=timeout_s, **limits))


def fails(llm: Llm) -> str:
    """Why it gave no text; that this is said in time."""
    started_s = time.monotonic()
    with capture_logs() as logged, pytest.raises(NoText) as caught:
        llm.complete(PROMPT)
    assert time.monotonic() - started_s < _PATIENCE_S
    assert all("ecret" not in str(line) and "a-key" not in str(line) for line in logged)
    return caught.value.trouble


def test_the_model_is_asked_with_both_parts_of_the_prompt(server: Server) -> None:
    server.script = lambda request: request.say("It opened in 2022 [1].")
    assert llm_at(server).complete(PROMPT) == "It opened in 2022 [1]."
    (asked,) = server.asked
    assert asked["model"] == "some-model"
    assert [message["content"] for message in asked["messages"]] == ["Answer.", "Secret question?"]


def answers_with(status: int, body: bytes = b"{}", kind: str = "application/json") -> Script:
    def script(request: Request) -> None:
        request.start(status, kind, content_length=str(len(body)))
        request.wfile.write(body)

    return script


def redirects(request: Request) -> None:
    request.start(302, location="http://127.0.0.1:1/elsewhere")


def compresses(request: Request) -> None:
    request.start(content_encoding="gzip")


def hangs_up(request: Request) -> None:
    request.start()
    request.chunk("It op")
    request.connection.close()


@pytest.mark.parametrize(
    "script",
    [
        answers_with(401),
        answers_with(404),
        answers_with(500),
        answers_with(503),
        answers_with(200, b"data: {nonsense\n\n", "text/event-stream"),
        answers_with(200, b'data: {"error": {"message": "secret"}}\n\n', "text/event-stream"),
        redirects,
        compresses,
        sends_one_line,
    ],
)
def test_a_server_that_fails_is_unavailable(server: Server, script: Script) -> None:
    server.script = script
    assert fails(llm_at(server)) == "unavailable"


def test_malformed_responses_raise_no_text(server: Server) -> None:
    for body in (b"<html>", b"data: [1, 2]\n\ndata: [DONE]\n\n", b'data: {"choices": []}\n\n', b"\xff\xfe\x00"):
        server.script = answers_with(200, body, "text/event-stream")
        said: list[str] = []
        with suppress(NoText):
            said.append(llm_at(server).complete(PROMPT))
        assert said in ([], [""])


@pytest.mark.parametrize("script", [sends_slowly, sends_a_slow_head, lambda request: request.pause(60)])
def test_a_call_ends_in_time_whatever_the_server_does(server: Server, script: Callable[[Request], None]) -> None:
    server.script = script
    assert fails(llm_at(server, TIMEOUT_S)) == "unavailable"


def test_an_endless_answer_is_cut_off(server: Server) -> None:
    server.script = never_ends
    assert 4000 < len(llm_at(server).complete(PROMPT)) < 5000


def test_an_unreachable_server_is_unavailable() -> None:
    with scripted() as server:
        gone = llm_at(server)
    assert fails(gone) == "unavailable"


def test_one_failure_is_tried_again(server: Server) -> None:
    def script(request: Request) -> None:
        answers_with(503)(request) if len(server.asked) == 1 else request.say("It opened.")

    server.script = script
    assert llm_at(server).complete(PROMPT) == "It opened."
    assert len(server.asked) == 2


def test_after_failures_in_a_row_the_model_is_not_called(server: Server) -> None:
    server.script = answers_with(500)
    llm = llm_at(server)
    for _ in range(3):
        fails(llm)
    asked = len(server.asked)
    server.script = lambda request: request.say("It opened.")
    assert fails(llm) == "unavailable"
    assert len(server.asked) == asked


def test_calls_beyond_the_concurrency_limit_are_refused(server: Server) -> None:
    reached, go_on = Event(), Event()

    def script(request: Request) -> None:
        reached.set()
        go_on.wait(_PATIENCE_S)
        request.say("It opened.")

    server.script = script
    llm = llm_at(server, concurrency=1)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(llm.complete, PROMPT)
        assert reached.wait(_PATIENCE_S)
        assert fails(llm) == "busy"
        go_on.set()
        assert first.result() == "It opened."
    assert llm.complete(PROMPT) == "It opened."
