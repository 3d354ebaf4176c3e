"""The outermost edge of the HTTP service: whatever else goes wrong is a fault of ours."""

from __future__ import annotations

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coopbot.serve.http.problems import describe, to_response

log = structlog.get_logger()


class Crashes:
    """Answers an unexpected error with 500 and logs where it came from, without its text, which may hold a question."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as exc:  # the edge of HTTP: whatever goes wrong is logged, and answered without a word of it
            if scope["type"] != "http" or begun:
                raise
            log.error("request_crashed", path=scope["path"][:200], exc_info=exc)
            await to_response(describe(exc))(scope, receive, send)
