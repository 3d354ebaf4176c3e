"""Limits on the size of requests."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coopbot.ingest.formats.readers import LARGEST_FILE_BYTES
from coopbot.serve.http.layers import layer
from coopbot.serve.http.problems import problem_response
from coopbot.serve.http.webhook import WEBHOOK_PATH

# A form needs this much besides the file.
_ENVELOPE_BYTES = 10_000
_ARTICLE_BYTES = LARGEST_FILE_BYTES + _ENVELOPE_BYTES

# A front end sends the whole conversation with each question.
_CONVERSATION_BYTES = 500_000
# The largest question with all filters takes about 45 kB in UTF-8.
_QUESTION_BYTES = 65_536

# Parsing a larger one takes more than a millisecond.
_LARGE_BYTES = 8_192
# How long other requests have the event loop to themselves before a large body is handed on.
_PAUSE_S = 0.005

# Of a body that was answered before it was read, this much is read after the response, for this long: many clients look for no
# response before they have sent everything, and closing a connection on unread data resets it.
_UNREAD_BYTES, _UNREAD_S = _ARTICLE_BYTES, 10.0

_LIMITS_BYTES = {
    "/v1/articles": _ARTICLE_BYTES,
    "/v1/chat/completions": _CONVERSATION_BYTES,
    # An update contains the message that it replies to, with all its entities.
    WEBHOOK_PATH: _CONVERSATION_BYTES,
    # The MCP library has its own, lower limit.
    "/mcp": _CONVERSATION_BYTES,
}

_HEADERS_BYTES = 16_384
_PATH_BYTES = 2_000
# A question of 500 characters with every byte escaped is 6,000.
_QUERY_BYTES = 16_000
# A search with all filters has 74.
_PARAMETERS = 80


class TooLarge(HTTPException):
    """413."""

    def __init__(self, limit_bytes: int) -> None:
        limit = f"{limit_bytes / 1e6:.0f} MB" if limit_bytes >= 1_000_000 else f"{limit_bytes // 1024} kB"
        detail = f"larger than {limit}; send less"
        super().__init__(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)


def body_limit(app: ASGIApp) -> ASGIApp:
    """Refuse bodies that are too large, by declared or actual length, when a route reads them: tokens are checked first.

    Large ones are handed on one after another, with a pause between two of them. A small request takes several rounds of the
    event loop; without the pause, each of these rounds would parse a large body.

    A response to a body that was not read to its end closes the connection, but not before the client could see it.
    """
    handing_on = asyncio.Lock()

    @layer
    async def limited(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        limit_bytes = left_bytes = _LIMITS_BYTES.get(scope["path"], _QUESTION_BYTES)
        headers = Headers(scope=scope)
        declared = headers.get("content-length", "")
        unread = declared not in ("", "0") or "transfer-encoding" in headers

        async def counted() -> Message:
            nonlocal left_bytes, unread
            if declared.isdecimal() and int(declared) > limit_bytes:
                raise TooLarge(limit_bytes)
            message = await receive()
            unread = unread and message.get("more_body", False)
            left_bytes -= len(message.get("body", b""))
            if left_bytes < 0:
                raise TooLarge(limit_bytes)
            if message["type"] == "http.request" and limit_bytes - left_bytes > _LARGE_BYTES and not message.get("more_body"):
                async with handing_on:
                    await asyncio.sleep(_PAUSE_S)
            return message

        async def answered(message: Message) -> None:
            if unread and message["type"] == "http.response.start":
                MutableHeaders(scope=message)["connection"] = "close"
            elif unread and not message.get("more_body"):
                await send({**message, "more_body": True})
                thrown_away_bytes, more = 0, True
                with suppress(TimeoutError):
                    async with asyncio.timeout(_UNREAD_S):
                        while more and thrown_away_bytes < _UNREAD_BYTES:
                            rest = await receive()
                            more = rest.get("more_body", False)
                            thrown_away_bytes += len(rest.get("body", b""))
                message = {"type": "http.response.body"}
            await send(message)

        await app(scope, counted, answered)

    return limited(app)


async def head_limit(scope: Scope) -> Response | None:
    """Refuse requests whose address or headers are too large, or that have too many parameters, before they are parsed."""
    names = [name for name, _ in scope["headers"]]
    if b"content-length" in names and b"transfer-encoding" in names:
        # A proxy in front may have taken the other for the length, so that the rest is another request.
        detail = "there are both Content-Length and Transfer-Encoding; send one of them"
        return problem_response(HTTPStatus.BAD_REQUEST, detail, {"Connection": "close"})
    query = scope["query_string"]
    if len(scope.get("raw_path") or b"") > _PATH_BYTES or len(query) > _QUERY_BYTES:
        return problem_response(HTTPStatus.REQUEST_URI_TOO_LONG, "the address is too long; send less")
    if query.count(b"&") >= _PARAMETERS:
        detail = f"there are more than {_PARAMETERS} parameters; send fewer"
        return problem_response(HTTPStatus.UNPROCESSABLE_ENTITY, detail)
    if sum(len(name) + len(value) for name, value in scope["headers"]) > _HEADERS_BYTES:
        return problem_response(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the headers are too large; send less")
    return None
