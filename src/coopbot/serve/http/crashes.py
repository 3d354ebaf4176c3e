"""The outermost edge of the HTTP service, for unexpected errors."""

from __future__ import annotations

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coopbot.serve.http.problems import describe, to_response

log = structlog.get_logger()


class Crashes:
    """Answers an unexpected error with 500 and logs its stack, without its message, which may contain a question."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        begun = False

        async def observed(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, observed)
        except Exception as exc:  # the outermost edge of HTTP: logged, and answered without details
            if scope["type"] != "http" or begun:
                raise
            log.error("request_crashed", path=scope["path"][:200], exc_info=exc)
            await to_response(describe(exc))(scope, receive, send)
