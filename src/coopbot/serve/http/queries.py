"""Limits on the size of a request's head, checked before it is parsed."""

from __future__ import annotations

from http import HTTPStatus

from starlette.types import ASGIApp, Receive, Scope, Send

from coopbot.serve.http.problems import problem_response

_HEADERS_BYTES = 16_384
_PATH_BYTES = 2_000
# A question of 500 characters with every byte escaped is 6,000.
_QUERY_BYTES = 16_000
# A search with all filters has 74.
_PARAMETERS = 80


class HeadLimit:
    """Refuses requests whose address or headers are too large, or that have too many parameters."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        refusal = _refusal(scope) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await problem_response(*refusal)(scope, receive, send)


def _refusal(scope: Scope) -> tuple[HTTPStatus, str] | None:
    query = scope["query_string"]
    if len(scope.get("raw_path") or b"") > _PATH_BYTES or len(query) > _QUERY_BYTES:
        return HTTPStatus.REQUEST_URI_TOO_LONG, "the address is too long; send less"
    if query.count(b"&") >= _PARAMETERS:
        return HTTPStatus.UNPROCESSABLE_ENTITY, f"there are more than {_PARAMETERS} parameters; send fewer"
    if sum(len(name) + len(value) for name, value in scope["headers"]) > _HEADERS_BYTES:
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the headers are too large; send less"
    return None
