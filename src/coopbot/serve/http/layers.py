"""ASGI middleware from functions; the headers of every response, against browsers that run or frame it, and the request id.

Also HEAD for every route with GET.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

Handle = Callable[[ASGIApp, Scope, Receive, Send], Awaitable[None]]
Check = Callable[[Scope], Awaitable[Response | None]]
"""Looks at the head of a request. Returns the response that refuses it, or None."""

SECURITY_HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}
_REQUEST_ID = "x-request-id"
_USABLE = re.compile(r"[A-Za-z0-9_-]{8,64}")


def layer(handle: Handle) -> Callable[[ASGIApp], ASGIApp]:
    """The middleware that handles HTTP requests; everything else is passed on."""

    def around(app: ASGIApp) -> ASGIApp:
        async def layered(scope: Scope, receive: Receive, send: Send) -> None:
            await (handle(app, scope, receive, send) if scope["type"] == "http" else app(scope, receive, send))

        return layered

    return around


def guard(checks: Sequence[Check]) -> Callable[[ASGIApp], ASGIApp]:
    """The middleware that responds with the first refusal, before the body is read, and passes the request on without one."""

    async def guarded(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        for check in checks:
            refusal = await check(scope)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        await app(scope, receive, send)

    return layer(guarded)


def at_start(send: Send, act: Callable[[Message], object]) -> Send:
    """`send`, which calls `act` with the start of the response; `act` may change it."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            act(message)
        await send(message)

    return sending


@layer
async def response_headers(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Add the security headers that the route has not set itself, and name the request, in every line logged for it too.

    Its id is the `X-Request-ID` that a proxy or client sent, if it is 8 to 64 letters, digits, _ or -; else a new one.
    """
    sent = Headers(scope=scope).get(_REQUEST_ID, "")
    request_id = sent if _USABLE.fullmatch(sent) else uuid4().hex

    def add(start: Message) -> None:
        headers = MutableHeaders(scope=start)
        for name, value in SECURITY_HEADERS.items():
            headers.setdefault(name, value)
        headers.append(_REQUEST_ID, request_id)

    with bound_contextvars(request_id=request_id):
        await app(scope, receive, at_start(send, add))


@layer
async def head_like_get(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer HEAD like GET, without the body."""

    async def bodiless(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    if scope["method"] == "HEAD":
        await app({**scope, "method": "GET"}, receive, bodiless)
    else:
        await app(scope, receive, send)
