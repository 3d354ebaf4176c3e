from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi.testclient import TestClient

from coopbot.ask.answer.answerer import Answerer
from coopbot.errors import IndexBroken
from coopbot.index.build import build
from coopbot.index.live import LiveIndex
from coopbot.sections import QuestionLimits
from coopbot.serve.admission import Admission
from tests.fakes import BagOfWords, FigureReader, make_article
from tests.serve.small_service import service_over

QUESTION = {"question": "How much cargo did the Tongjiang bridge carry in 2023?"}
EVENTS = {"Accept": "text/event-stream"}
CHAT = {"model": "coopbot", "messages": [{"role": "user", "content": QUESTION["question"]}]}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LiveIndex:
    folder, embedder = tmp_path_factory.mktemp("index"), BagOfWords()
    articles = [make_article("en/bridge", "The Tongjiang bridge carried 5.1 million tonnes of cargo in 2023.")]
    articles += [make_article(f"en/{n}", f"Soybeans of the year {n} are grown along the river.") for n in range(8)]
    build(articles, embedder, folder, model="bag of words", precision="f32")
    return LiveIndex(folder, embedder.fingerprint)


@pytest.fixture(scope="module")
def client(index: LiveIndex) -> Iterator[TestClient]:
    app = service_over(index, Answerer(BagOfWords(), index.current, FigureReader()))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def events_of(text: str) -> list[tuple[str, Any]]:
    """(name, data) of each event."""
    events = [event.split("\n") for event in text.removesuffix("\n\n").split("\n\n")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in events]


def test_an_answer_comes_as_events_that_end_with_what_json_has(client: TestClient) -> None:
    response = client.post("/v1/ask", json=QUESTION, headers=EVENTS)
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-store"
    events = events_of(response.text)
    names = [name for name, _ in events]
    assert names[0] == "retrieved"
    assert names[-2:] == ["claims", "done"]
    assert set(names[1:-2]) == {"read"}
    assert events[0][1] == {"passages": 9}
    assert events[1][1] == {"passages": 4}
    plain = client.post("/v1/ask", json=QUESTION).json()
    done = events[-1][1]
    changing = ("conversation_id", "timings_ms")
    assert {k: v for k, v in done.items() if k not in changing} == {k: v for k, v in plain.items() if k not in changing}
    assert set(done) == set(plain)
    claims = events[-2][1]
    assert set(claims) >= {"outcome", "question_language", "text", "blocks", "claims", "citations"}
    assert claims == {name: done[name] for name in claims}


def test_a_client_that_takes_anything_gets_json(client: TestClient) -> None:
    for accept in ("*/*", "application/json", "text/html"):
        assert client.post("/v1/ask", json=QUESTION, headers={"Accept": accept}).headers["content-type"] == "application/json"


def test_an_invalid_request_is_refused_before_the_first_event(client: TestClient) -> None:
    response = client.post("/v1/ask", json={"question": " "}, headers=EVENTS)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"


class _Broken(Answerer):
    def ask(self, question: str, **others):  # type: ignore[no-untyped-def]  # passed on as they are
        if "crash" in question:
            raise ZeroDivisionError(f"a secret: {question}")
        raise IndexBroken("/srv/secret/index is damaged; run: coopbot index --force")


@pytest.mark.parametrize(("question", "status", "detail"), [("Why?", 503, "damaged"), ("A crash?", 500, "report it")])
def test_a_later_error_is_the_last_event(index: LiveIndex, question: str, status: int, detail: str) -> None:
    app = service_over(index, _Broken(BagOfWords(), index.current))
    with TestClient(app, raise_server_exceptions=False) as client:
        ((name, problem),) = events_of(client.post("/v1/ask", json={"question": question}, headers=EVENTS).text)
    assert name == "error"
    assert problem["status"] == status
    assert detail in problem["detail"]
    assert "secret" not in problem["detail"]


class _Gated(Answerer):
    """Holds every question after its first event until the gate is open. finished: questions ended; read: to the end."""

    gate = threading.Event()
    finished = read = 0

    # The parameters are passed on as they are.
    def ask(self, question: str, *, watch=None, **others):  # type: ignore[no-untyped-def]
        def held(progress: Any) -> None:
            watch(progress)
            assert self.gate.wait(60)

        try:
            answer = super().ask(question, watch=held, **others)
            _Gated.read += 1
            return answer
        finally:
            _Gated.finished += 1


@pytest.fixture
def gated(index: LiveIndex) -> Iterator[httpx.Client]:
    """A client of a service that works on two questions at a time, and lets four wait."""
    _Gated.gate, _Gated.finished, _Gated.read = threading.Event(), 0, 0
    admission = Admission(QuestionLimits(at_once=2, waiting=4))
    app = service_over(index, _Gated(BagOfWords(), index.current, FigureReader()), admission=admission)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        _until(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as client:
            yield client
    finally:
        _Gated.gate.set()
        server.should_exit = True
        thread.join(60)


@pytest.mark.server
def test_the_question_of_a_client_that_disconnects_ends(gated: httpx.Client) -> None:
    for headers in (EVENTS, {}):
        for _ in range(10):
            with (
                suppress(httpx.ReadTimeout),
                gated.stream("POST", "/v1/ask", json=QUESTION, headers=headers, timeout=0.2) as reply,
            ):
                next(reply.iter_text())
    assert gated.get("/healthz").status_code == 200
    _Gated.gate.set()
    assert "event: done" in gated.post("/v1/ask", json=QUESTION, headers=EVENTS).text
    # Those that had begun end before their next batch, and the others never begin.
    _until(lambda: _Gated.finished >= 3)
    assert _Gated.read == 1


@pytest.mark.server
def test_a_question_that_waits_is_told_so_and_one_too_many_is_refused(gated: httpx.Client) -> None:
    with ExitStack() as streams:

        def begun() -> str:
            reply = streams.enter_context(gated.stream("POST", "/v1/ask", json=QUESTION, headers=EVENTS))
            texts.append(reply.iter_text())  # which hangs up when it is collected
            return next(texts[-1])

        texts: list[Iterator[str]] = []
        events = [begun() for _ in range(6)]
        assert [event.partition("\n")[0] for event in events] == ["event: retrieved"] * 2 + ["event: waiting"] * 4
        assert events[-1].startswith('event: waiting\ndata: {"questions":5}\n\n')
        for path, sent in (("/v1/ask", QUESTION), ("/v1/chat/completions", CHAT)):
            refused = gated.post(path, json=sent)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
            assert "too many questions" in refused.json()["detail"]
        assert gated.get("/v1/search", params={"q": "bridge"}).status_code == 503
        assert gated.post("/ask", data=QUESTION).status_code == 503
        assert gated.get("/v1/articles").status_code == 200
        _Gated.gate.set()


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
