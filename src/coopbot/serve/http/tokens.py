"""Routes that need a token of their own."""

from __future__ import annotations

import hmac
from http import HTTPStatus

import structlog
from fastapi import Request
from starlette.exceptions import HTTPException

from coopbot.errors import Forbidden
from coopbot.serve.http.clients import bearer_token

log = structlog.get_logger()


class TokenCheck:
    """Lets requests pass that have the token. purpose: what it is for, in one word; token: empty if `setting` is not set."""

    def __init__(self, purpose: str, setting: str, token: str) -> None:
        self._name = f"{purpose} token"
        self._setting = setting
        self._expected = token.encode("utf-8", "surrogateescape")

    def require(self, request: Request) -> None:
        """Raises Forbidden, or HTTPException 401 where there is no token."""
        if not self._expected:
            raise Forbidden(f"this is off, for no {self._name} is set; set {self._setting} and start again")
        token = bearer_token(request.headers)
        if not token:
            challenge = {"WWW-Authenticate": 'Bearer realm="coopbot"'}
            detail = f"this needs the {self._name}; send it as `Authorization: Bearer ...`"
            raise HTTPException(HTTPStatus.UNAUTHORIZED, detail, headers=challenge)
        if not hmac.compare_digest(token, self._expected):
            log.warning("token_refused", path=request.scope.get("path", "")[:200], client=getattr(request.state, "client", ""))
            raise Forbidden(f"this is not the {self._name}; send the one in {self._setting}")
