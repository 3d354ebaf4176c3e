"""Limits on the size of request bodies."""

from __future__ import annotations

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coopbot.ingest.formats.readers import LARGEST_FILE_BYTES

# A form needs this much besides the file.
_ENVELOPE_BYTES = 10_000
_ARTICLE_BYTES = LARGEST_FILE_BYTES + _ENVELOPE_BYTES

# A front end sends the whole conversation with each question.
_CONVERSATION_BYTES = 1_000_000
# The largest question with all filters takes about 45 kB in UTF-8.
_QUESTION_BYTES = 65_536


_LIMITS_BYTES = {
    "/v1/articles": _ARTICLE_BYTES,
    "/v1/chat/completions": _CONVERSATION_BYTES,
    # The MCP library has its own, lower limit.
    "/mcp": _CONVERSATION_BYTES,
}


class TooLarge(HTTPException):
    """413. The rest of the body is not read, so the connection is closed."""

    def __init__(self, limit_bytes: int) -> None:
        limit = f"{limit_bytes / 1e6:.0f} MB" if limit_bytes >= 1_000_000 else f"{limit_bytes // 1024} kB"
        detail = f"larger than {limit}; send less"
        super().__init__(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail, headers={"Connection": "close"})


class BodyLimit:
    """Refuses bodies that are too large, by declared or actual length, when a route reads them: tokens are checked first."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting the bytes of its body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit_bytes = _LIMITS_BYTES.get(scope["path"], _QUESTION_BYTES)
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        left_bytes = limit_bytes

        async def counted() -> Message:
            nonlocal left_bytes
            if declared.isdigit() and int(declared) > limit_bytes:
                raise TooLarge(limit_bytes)
            message = await receive()
            left_bytes -= len(message.get("body", b""))
            if left_bytes < 0:
                raise TooLarge(limit_bytes)
            return message

        await self._app(scope, counted, send)
