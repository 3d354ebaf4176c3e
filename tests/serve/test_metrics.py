from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from threading import Thread

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from coopbot.ask.answer.answerer import Answerer
from coopbot.domain import Answer, Writing
from coopbot.errors import IndexBroken
from coopbot.index.live import LiveIndex
from coopbot.serve.http.metrics import Metrics, Monitoring
from coopbot.serve.run import Server
from tests.fakes import BagOfWords, FigureReader

from .small_service import QUESTION, UNANSWERED, built, service_over

TOKEN = "only-for-tests-of-metrics"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
SECRET = "xyzzy-nobody-may-see-this"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LiveIndex:
    return built(tmp_path_factory.mktemp("index"))


def monitored(index: LiveIndex, metrics: Metrics) -> Monitoring:
    models = {"embedder": "bag of words", "reader": "figures"}
    return Monitoring(
        metrics=metrics, token=TOKEN, index=index, models=models, waiting=lambda: {"changes": 3}, now_s=lambda: 4e9
    )


class WritingAnswerer(Answerer):
    """Reports of every answer that a language model wrote it, one sentence left out."""

    def __init__(self, index: LiveIndex, metrics: Metrics) -> None:
        writing = Writing(model="m", outcome="written", dropped=("figure",))
        super().__init__(BagOfWords(), index.current, FigureReader(), writer=_Writer(writing), on_answer=metrics.answered)

    # The parameters are passed on as they are.
    def ask(self, question: str, **others):  # type: ignore[no-untyped-def]
        if "broken" in question:
            raise IndexBroken(SECRET)
        return super().ask(question, **others)


class _Writer:
    def __init__(self, writing: Writing) -> None:
        self._writing = writing

    def write(self, quoted: Answer, citations: object) -> Answer:
        from dataclasses import replace

        return replace(quoted, writing=self._writing)


@contextmanager
def serving(index: LiveIndex) -> Iterator[httpx.Client]:
    """The service as `coopbot serve` runs it, in this process, on a port."""
    metrics = Metrics()
    app = service_over(index, WritingAnswerer(index, metrics), monitoring=monitored(index, metrics))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()  # or a question asked before the thread runs would be refused
        server = Server(app, on_stop=lambda: None, shutdown_s=5)
        thread = Thread(target=server.run, args=([taken],))
        thread.start()
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{taken.getsockname()[1]}", trust_env=False, timeout=60) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join(60)


def read(client: httpx.Client) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Values by name and labels."""
    response = client.get("/metrics", headers=BEARER)
    assert response.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


@pytest.mark.server
def test_metrics_contain_nothing_that_users_wrote(index: LiveIndex) -> None:
    with serving(index) as client:
        for number, question in enumerate((QUESTION, f"{UNANSWERED} {SECRET}", "broken")):
            client.post("/v1/ask", json={"question": question, "conversation_id": f"{SECRET}-{number}"})
        client.get(f"/{SECRET}")
        client.request(SECRET.upper(), "/v1/index")
        found = read(client)
        text = client.get("/metrics", headers=BEARER).text

    def value(name: str, **labels: str) -> float:
        return found[name, frozenset(labels.items())]

    assert value("coopbot_answers_total", outcome="answered", language="en") == 1
    assert value("coopbot_answers_total", outcome="no_evidence", language="en") == 1
    assert value("coopbot_failed_questions_total", error="IndexBroken") == 1
    assert value("coopbot_writing_total", outcome="written") == 1
    assert value("coopbot_unsupported_claims_total", fault="figure") == 1
    for stage, count in {"embed": 2, "retrieve": 2, "read": 2, "compose": 2, "write": 1, "total": 2}.items():
        assert value("coopbot_stage_seconds_count", stage=stage) == count
    assert value("coopbot_http_requests_total", route="/v1/ask", status="200") == 2
    assert value("coopbot_http_requests_total", route="/v1/ask", status="503") == 1
    assert value("coopbot_http_requests_total", route="none", status="404") == 1
    assert value("coopbot_http_request_seconds_count", route="/v1/ask") == 3
    assert value("coopbot_waiting", queue="changes") == 3
    assert value("coopbot_index_articles") == 3
    assert value("coopbot_index_passages", language="zh") == 1
    assert value("coopbot_index_bytes") > 0
    assert value("coopbot_index_age_seconds") > 1e9
    assert value("coopbot_index_fault") == 0
    assert value("coopbot_info", version=version("coopbot"), embedder="bag of words", reader="figures") == 1
    assert SECRET not in text
    assert SECRET.upper() not in text


@pytest.mark.server
def test_metrics_need_the_token(index: LiveIndex) -> None:
    with serving(index) as client:
        assert client.get("/metrics").status_code == 401
        refused = client.get("/metrics", headers={"Authorization": "Bearer another"})
    assert refused.status_code == 403
    assert "COOPBOT_METRICS_TOKEN" in refused.json()["detail"]


def test_documented_metrics_are_those_exported(index: LiveIndex, tmp_path: Path) -> None:
    metrics = Metrics()
    text = metrics.exposed(monitored(index, metrics)).decode()
    given = {name for name in re.findall(r"^# TYPE (\S+)", text, re.M) if name.startswith("coopbot")}
    page = (Path(__file__).parents[2] / "docs" / "http.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`(coopbot_\w+)`", page.partition("## GET /metrics")[2].partition("\n## ")[0]))
    created = {name for name in given if name.endswith("_created")}
    assert documented == given - created
