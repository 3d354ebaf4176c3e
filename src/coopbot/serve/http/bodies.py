"""How much a request may send."""

from __future__ import annotations

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coopbot.ingest.formats.readers import LARGEST_FILE_BYTES

# What a form puts around a file.
_ENVELOPE_BYTES = 10_000
_ARTICLE_BYTES = LARGEST_FILE_BYTES + _ENVELOPE_BYTES

# A front end sends the whole conversation with each question.
_CONVERSATION_BYTES = 1_000_000
# A question with all filters that are allowed takes 40 kB in UTF-8.
_QUESTION_BYTES = 65_536


_LIMITS_BYTES = {
    "/v1/articles": _ARTICLE_BYTES,
    "/v1/chat/completions": _CONVERSATION_BYTES,
    # The library that answers there has a limit of its own, which is lower.
    "/mcp": _CONVERSATION_BYTES,
}


class TooLarge(HTTPException):
    """413; the rest of the body is not read, so the connection ends."""

    def __init__(self, limit_bytes: int) -> None:
        limit = f"{limit_bytes / 1e6:.0f} MB" if limit_bytes >= 1_000_000 else f"{limit_bytes // 1024} kB"
        detail = f"larger than {limit}; send less"
        super().__init__(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail, headers={"Connection": "close"})


class BodyLimit:
    """Refuses a body that is too large, its length declared or not. Only once somebody reads it: tokens are checked before."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its body counted."""
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
