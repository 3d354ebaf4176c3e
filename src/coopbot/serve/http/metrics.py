"""`/metrics` for Prometheus: answers counted and timed by stage, HTTP requests, the state of index and queues.

Label values come from fixed sets, never from users or articles.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coopbot.ask.store import LiveStore
from coopbot.domain import Answer
from coopbot.index.disk.manifest import Manifest
from coopbot.serve.http.clients import TokenCheck
from coopbot.serve.http.layers import at_start, layer

# From embedding a question to an answer written by a language model.
_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
# Requests without a route, whose paths could be anything.
_NO_ROUTE = "none"


class Metrics:
    """Counters and histograms. Safe to share between threads.

    shared: whether several worker processes count together, in the folder that PROMETHEUS_MULTIPROC_DIR names.
    """

    def __init__(self, *, shared: bool = False) -> None:
        self._shared = shared
        self._registry = own = CollectorRegistry()
        self._stages = Histogram(
            "coopbot_stage_seconds", "Time of answering, by stage and in total.", ["stage"], buckets=_BUCKETS_S, registry=own
        )
        self._answers = Counter("coopbot_answers", "Answers, by outcome and language.", ["outcome", "language"], registry=own)
        self._failures = Counter("coopbot_failed_questions", "Questions that ended with an error.", ["error"], registry=own)
        self._writing = Counter("coopbot_writing", "Outcomes of asking a language model.", ["outcome"], registry=own)
        self._dropped = Counter(
            "coopbot_unsupported_claims", "Sentences of a language model that were dropped, by fault.", ["fault"], registry=own
        )
        self._requests = Counter("coopbot_http_requests", "HTTP requests.", ["route", "status"], registry=own)
        self._request_times = Histogram(
            "coopbot_http_request_seconds",
            "Time from the head of a request to the end of its response.",
            ["route"],
            buckets=_BUCKETS_S,
            registry=own,
        )

    def answered(self, answer: Answer) -> None:
        """Count an answer and its stages."""
        for stage, taken_ms in answer.timings_ms.items():
            self._stages.labels(stage).observe(taken_ms / 1000)
        self._answers.labels(answer.outcome, answer.question_language).inc()
        if answer.writing:
            self._writing.labels(answer.writing.outcome).inc()
            for fault in answer.writing.dropped:
                self._dropped.labels(fault).inc()

    def failed(self, error: Exception) -> None:
        """Count a question that ended with an error."""
        self._failures.labels(type(error).__name__).inc()

    def requested(self, route: str, status: int, seconds: float) -> None:
        """Count an HTTP request. route: the declared route, not the requested path."""
        self._requests.labels(route, str(status)).inc()
        self._request_times.labels(route).observe(seconds)

    def exposed(self, state: Collector) -> bytes:
        """All metrics and `state`, in Prometheus's text format."""
        counted = CollectorRegistry() if self._shared else self._registry
        if self._shared:
            MultiProcessCollector(counted)  # type: ignore[no-untyped-call]  # the library has no type for it
        now = CollectorRegistry()
        now.register(state)
        ProcessCollector(registry=now)
        return generate_latest(counted) + generate_latest(now)


# Compared by identity, as a registry of collectors wants it.
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Monitoring(Collector):
    """The counters, and gauges read at each scrape.

    token: for reading them. models: names by role. waiting: length of each queue.
    """

    metrics: Metrics
    token: str
    index: LiveStore
    models: Mapping[str, str]
    waiting: Callable[[], Mapping[str, int]] = dict
    now_s: Callable[[], float] = time.time

    def collect(self) -> Iterable[Metric]:
        """See `Collector`."""
        yield InfoMetricFamily("coopbot", "The release and its models.", {"version": version("coopbot"), **self.models})
        manifest = self.index.current().manifest
        built_s = datetime.fromisoformat(manifest.facts.built_at).timestamp()
        yield GaugeMetricFamily("coopbot_index_age_seconds", "Age of the current snapshot.", self.now_s() - built_s)
        yield GaugeMetricFamily("coopbot_index_articles", "Articles in the current snapshot.", manifest.articles)
        passages = GaugeMetricFamily("coopbot_index_passages", "Passages of the current snapshot.", labels=["language"])
        for language, count in manifest.passages.items():
            passages.add_metric([language], count)
        yield passages
        # An index in Milvus has no files here.
        if isinstance(manifest, Manifest):
            size = sum(int(entry["bytes"]) for entry in manifest.files.values())
            yield GaugeMetricFamily("coopbot_index_bytes", "Size of the current snapshot.", size)
        yield GaugeMetricFamily(
            "coopbot_index_fault", "1 while a newer snapshot cannot be opened.", int(bool(self.index.fault))
        )
        queues = GaugeMetricFamily("coopbot_waiting", "Changes, or Telegram messages, that wait in a queue.", labels=["queue"])
        for queue, count in self.waiting().items():
            queues.add_metric([queue], count)
        yield queues


def add_metrics(app: FastAPI, monitoring: Monitoring | None) -> None:
    """Add the route, which answers 403 without `monitoring`."""
    check = TokenCheck("metrics", "COOPBOT_METRICS_TOKEN", monitoring.token if monitoring else "")
    # So that it responds while questions occupy all other threads.
    looking = CapacityLimiter(1)

    @app.get("/metrics", include_in_schema=False)
    async def metrics(request: Request) -> Response:
        check.require(request)
        assert monitoring is not None
        text = await run_sync(monitoring.metrics.exposed, monitoring, limiter=looking)
        return Response(text, media_type=CONTENT_TYPE_LATEST)


def request_metrics(metrics: Metrics) -> Callable[[ASGIApp], ASGIApp]:
    """Counts every request by route and status, including those that other layers answer."""

    @layer
    async def counted(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        start_s, status = time.perf_counter(), 500

        def observe(start: Message) -> None:
            nonlocal status
            status = start["status"]

        try:
            await app(scope, receive, at_start(send, observe))
        finally:
            route = getattr(scope.get("route"), "path", _NO_ROUTE)
            metrics.requested(route, status, time.perf_counter() - start_s)

    return counted
