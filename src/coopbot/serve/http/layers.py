"""ASGI middleware from functions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Handle = Callable[[ASGIApp, Scope, Receive, Send], Awaitable[None]]


def layer(handle: Handle) -> Callable[[ASGIApp], ASGIApp]:
    """The middleware that handles HTTP requests; everything else is passed on."""

    def around(app: ASGIApp) -> ASGIApp:
        async def layered(scope: Scope, receive: Receive, send: Send) -> None:
            await (handle(app, scope, receive, send) if scope["type"] == "http" else app(scope, receive, send))

        return layered

    return around


def guard(refuse: Callable[[Scope], Response | None]) -> Callable[[ASGIApp], ASGIApp]:
    """The middleware that responds with what `refuse` returns, before the body is read, and passes the request on for None."""

    async def guarded(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        await (refuse(scope) or app)(scope, receive, send)

    return layer(guarded)


def at_start(send: Send, act: Callable[[Message], object]) -> Send:
    """`send`, which calls `act` with the start of the response; `act` may change it."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            act(message)
        await send(message)

    return sending
