"""API keys, which limit who may read."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from coopbot.serve.http.clients import bearer_token, is_guarded
from coopbot.serve.http.problems import problem_response

log = structlog.get_logger()


class Keys:
    """Refuses requests for guarded paths without a key that `Clients` accepted."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it before its body is read."""
        if scope["type"] != "http" or not is_guarded(scope["path"]) or scope["state"]["admitted"]:
            await self._app(scope, receive, send)
            return
        if bearer_token(Headers(scope=scope)):
            log.warning("key_refused", path=scope["path"][:200], client=scope["state"]["client"])
            refusal = problem_response(
                HTTPStatus.FORBIDDEN, "this is not one of the API keys; send one of those in COOPBOT_API_KEYS"
            )
        else:
            challenge = {"WWW-Authenticate": 'Bearer realm="coopbot"'}
            detail = "this needs an API key; send it as `Authorization: Bearer ...`"
            refusal = problem_response(HTTPStatus.UNAUTHORIZED, detail, challenge)
        await refusal(scope, receive, send)
