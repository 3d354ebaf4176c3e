"""Request ids, which are sent in the response and logged in every line for the request."""

from __future__ import annotations

import re
from uuid import uuid4

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

_HEADER = "X-Request-ID"
_USABLE = re.compile(r"[A-Za-z0-9_-]{8,64}")


class RequestIds:
    """Uses the `X-Request-ID` that a proxy or client sent if it is 8 to 64 letters, digits, _ or -; else makes one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with its id."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent = Headers(scope=scope).get(_HEADER, "")
        request_id = sent if _USABLE.fullmatch(sent) else uuid4().hex

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                pair = (_HEADER.lower().encode(), request_id.encode())
                message = {**message, "headers": [*message.get("headers", ()), pair]}
            await send(message)

        with bound_contextvars(request_id=request_id):
            await self._app(scope, receive, named)
