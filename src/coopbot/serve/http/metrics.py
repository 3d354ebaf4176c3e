"""`/metrics`, which needs a token, and the layer that counts requests."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import FastAPI, Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coopbot.serve.http.clients import TokenCheck
from coopbot.serve.http.layers import at_start, layer
from coopbot.serve.metrics import TEXT_FORMAT, Metrics, State

# Requests without a route, whose paths could be anything.
_NO_ROUTE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitoring:
    """Counters, gauges, and the token for reading them."""

    metrics: Metrics
    state: State
    token: str


def add_metrics(app: FastAPI, monitoring: Monitoring | None) -> None:
    """Add the route, which answers 403 without `monitoring`."""
    check = TokenCheck("metrics", "COOPBOT_METRICS_TOKEN", monitoring.token if monitoring else "")
    # So that it responds while questions occupy all other threads.
    looking = CapacityLimiter(1)

    @app.get("/metrics", include_in_schema=False)
    async def metrics(request: Request) -> Response:
        check.require(request)
        assert monitoring is not None
        text = await run_sync(monitoring.metrics.exposed, monitoring.state, limiter=looking)
        return Response(text, media_type=TEXT_FORMAT)


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
