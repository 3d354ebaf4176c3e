"""Optional traces for OpenTelemetry: a span for each request, and within it one for each answer and each of its stages.

Spans contain routes, stages and outcomes, nothing that users or articles wrote.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from importlib.metadata import version
from urllib.parse import urlsplit

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coopbot.domain import Answer
from coopbot.serve.http.layers import at_start, layer

_NS_PER_MS = 1_000_000
_TRACES = "/v1/traces"
_FIRST_FAULT = 500
_METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS"})


class Tracing:
    """Makes spans. On exit from the context, pending ones are sent. Safe to share between threads."""

    def __init__(self, processor: SpanProcessor) -> None:
        release = version("coopbot")
        service = {SERVICE_NAME: os.environ.get("OTEL_SERVICE_NAME", "coopbot"), SERVICE_VERSION: release}
        # Not at the interpreter's exit, which this process may skip.
        self._provider = TracerProvider(resource=Resource.create(service), shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("coopbot", release)

    @classmethod
    def to(cls, endpoint: str) -> Tracing:
        """A tracer that sends to a collector over OTLP/HTTP. OTEL_* variables set headers, sampling and limits."""
        address = endpoint if urlsplit(endpoint).path.strip("/") else endpoint.rstrip("/") + _TRACES
        return cls(BatchSpanProcessor(OTLPSpanExporter(endpoint=address)))

    def __enter__(self) -> Tracing:
        return self

    def __exit__(self, *_: object) -> None:
        self._provider.shutdown()

    def answered(self, answer: Answer) -> None:
        """Add spans for an answer that this thread has just finished, and for its stages in sequence."""
        stages_ms = {stage: taken for stage, taken in answer.timings_ms.items() if stage != "total"}
        at_ns = time.time_ns() - int(sum(stages_ms.values()) * _NS_PER_MS)
        span = self._tracer.start_span(
            "answer",
            start_time=at_ns,
            attributes={
                "coopbot.outcome": answer.outcome,
                "coopbot.language": answer.question_language,
                "coopbot.citations": len(answer.citations),
                "coopbot.snapshot": answer.snapshot,
            },
        )
        within = set_span_in_context(span)
        for stage, taken_ms in stages_ms.items():
            part = self._tracer.start_span(stage, within, start_time=at_ns)
            at_ns += int(taken_ms * _NS_PER_MS)
            part.end(at_ns)
        span.end(at_ns)

    def layer(self) -> Callable[[ASGIApp], ASGIApp]:
        """The middleware that makes a span for each request."""

        @layer
        async def traced(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
            with self._tracer.start_as_current_span(
                scope["method"] if scope["method"] in _METHODS else "request",
                # The trace that a proxy or client started, from the W3C header `traceparent`.
                TraceContextTextMapPropagator().extract(dict(Headers(scope=scope)), Context()),
                kind=SpanKind.SERVER,
                # The text of an error may contain a question.
                record_exception=False,
                set_status_on_exception=False,
            ) as span:

                def observe(start: Message) -> None:
                    span.set_attribute("http.response.status_code", start["status"])
                    if start["status"] >= _FIRST_FAULT:
                        span.set_status(Status(StatusCode.ERROR))

                try:
                    await app(scope, receive, at_start(send, observe))
                finally:
                    if route := getattr(scope.get("route"), "path", ""):
                        span.update_name(f"{scope['method']} {route}")
                        span.set_attribute("http.route", route)

        return traced
