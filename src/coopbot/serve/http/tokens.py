"""The check of the tokens that some routes need."""

from __future__ import annotations

import hmac
from http import HTTPStatus

import structlog
from fastapi import Request
from starlette.exceptions import HTTPException

from coopbot.errors import Forbidden
from coopbot.serve.http.clients import CHALLENGE, bearer_token

log = structlog.get_logger()


class TokenCheck:
    """Checks requests for a token. purpose: of the token, in one word. token: empty if `setting` is not set."""

    def __init__(self, purpose: str, setting: str, token: str) -> None:
        self._name = f"{purpose} token"
        self._setting = setting
        self._expected = token.encode("utf-8", "surrogateescape")

    def require(self, request: Request) -> None:
        """Raises HTTPException 401 if the request has no token, Forbidden if it has another or the setting is not set."""
        if not self._expected:
            raise Forbidden(f"this is off because no {self._name} is set; set {self._setting} and restart")
        token = bearer_token(request.headers)
        if not token:
            detail = f"this needs the {self._name}; send it as `Authorization: Bearer ...`"
            raise HTTPException(HTTPStatus.UNAUTHORIZED, detail, headers=CHALLENGE)
        if not hmac.compare_digest(token, self._expected):
            log.warning("token_refused", path=request.scope.get("path", "")[:200], client=getattr(request.state, "client", ""))
            raise Forbidden(f"this is not the {self._name}; send the one in {self._setting}")
