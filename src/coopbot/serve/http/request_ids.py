"""A name for each request, in its answer and in every line that is logged for it."""

from __future__ import annotations

import re
from uuid import uuid4

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

_HEADER = "X-Request-ID"
_USABLE = re.compile(r"[A-Za-z0-9_-]{8,64}")


class RequestIds:
    """Takes the id that a proxy or client sent in `X-Request-ID`, if it is 8 to 64 letters, digits, _ or -, or makes one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
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
