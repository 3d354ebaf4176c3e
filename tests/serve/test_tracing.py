from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from coopbot.ask.answer.answerer import Answerer
from coopbot.errors import IndexBroken
from coopbot.index.live import LiveIndex
from coopbot.serve.http.tracing import Tracing
from tests.fakes import BagOfWords, FigureReader

from .small_service import QUESTION, built, service_over

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LiveIndex:
    return built(tmp_path_factory.mktemp("index"))


class _Sometimes(Answerer):
    # The parameters are passed on as they are.
    def ask(self, question: str, **others):  # type: ignore[no-untyped-def]
        if "broken" in question:
            raise IndexBroken(question)
        return super().ask(question, **others)


def traced(index: LiveIndex, question: str, **headers: str) -> tuple[ReadableSpan, ...]:
    """The spans of one question, in the order in which they ended."""
    kept = InMemorySpanExporter()
    with Tracing(SimpleSpanProcessor(kept)) as tracing:
        answerer = _Sometimes(BagOfWords(), index.current, FigureReader(), on_answer=tracing.answered)
        with TestClient(service_over(index, answerer, tracing=tracing), raise_server_exceptions=False) as client:
            client.post("/v1/ask", json={"question": question}, headers=headers)
    return kept.get_finished_spans()


def named(spans: Sequence[ReadableSpan]) -> dict[str, ReadableSpan]:
    return {span.name: span for span in spans}


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_stages_are_within_an_answer_within_a_request(index: LiveIndex, accept: str) -> None:
    spans = named(traced(index, QUESTION, Accept=accept, **PARENT))
    assert set(spans) == {"POST /v1/ask", "answer", "embed", "retrieve", "read", "compose"}
    request, answer = spans["POST /v1/ask"], spans["answer"]
    assert request.context is not None
    assert f"{request.context.trace_id:032x}" == TRACE
    assert answer.parent == request.context
    stages = [spans[name] for name in ("embed", "retrieve", "read", "compose")]
    assert all(stage.parent == answer.context for stage in stages)
    for before, after in pairwise(stages):
        assert before.end_time == after.start_time
    assert dict(answer.attributes or {})["coopbot.outcome"] == "answered"
    assert dict(request.attributes or {}) == {"http.response.status_code": 200, "http.route": "/v1/ask"}
    assert request.resource.attributes["service.name"] == "coopbot"


def test_a_failed_request_is_marked_without_its_error_text(index: LiveIndex) -> None:
    (request,) = traced(index, "xyzzy broken")
    assert request.status.status_code is StatusCode.ERROR
    assert "xyzzy" not in request.to_json()


def test_spans_do_not_contain_the_question(index: LiveIndex) -> None:
    for span in traced(index, f"{QUESTION} xyzzy"):
        assert "xyzzy" not in span.to_json()
        assert "Tongjiang" not in span.to_json()
