"""Forwards requests that only the leader can answer from the other workers to it."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.contextvars import get_contextvars

from coopbot.serve.http.problems import problem_response
from coopbot.serve.http.webhook import WEBHOOK_PATH

# Changes and their progress, metrics, and whether the bot is alive.
_PATHS = frozenset({"/healthz", "/metrics", "/v1/index/rebuild", WEBHOOK_PATH})
_UNDER = "/v1/index/jobs/"
_CHANGES = "/v1/articles"
_HEADERS = ("content-type", "location", "retry-after", "www-authenticate")
# Enough for a file of 20 MB on a busy machine.
_TIMEOUT_S = 60.0


class ToLeader:
    """Forwards the leader's requests to its Unix socket, and passes all others to the app."""

    def __init__(self, app: ASGIApp, address: Path) -> None:
        self._app = app
        self._client = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(uds=str(address)), base_url="http://leader", timeout=_TIMEOUT_S, trust_env=False
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward the request, or pass it on."""
        if scope["type"] == "http" and _is_leaders(scope["method"], scope["path"]):
            answer = await self._handed_on(Request(scope, receive))
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)
        if scope["type"] == "lifespan":
            await self._client.aclose()

    async def _handed_on(self, request: Request) -> Response:
        path = request.scope.get("raw_path") or request.url.path.encode()
        url = httpx.URL("http://leader").copy_with(raw_path=path + b"?" + request.scope["query_string"])
        headers = [pair for pair in request.headers.raw if pair[0] not in (b"connection", b"x-request-id")]
        headers.append((b"x-request-id", str(get_contextvars().get("request_id", "")).encode()))
        try:
            answer = await self._client.request(request.method, url, headers=headers, content=request.stream())
        except httpx.TransportError:
            detail = "the worker that makes changes is starting; try again"
            return problem_response(HTTPStatus.SERVICE_UNAVAILABLE, detail, {"Retry-After": "5"})
        kept = {name: answer.headers[name] for name in _HEADERS if name in answer.headers}
        return Response(answer.content, answer.status_code, kept)


def _is_leaders(method: str, path: str) -> bool:
    if path == _CHANGES or path.startswith(f"{_CHANGES}/"):
        return method in ("POST", "DELETE")
    return path in _PATHS or path.startswith(_UNDER)
