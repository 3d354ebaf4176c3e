"""The host names that the service answers to, against DNS rebinding by other web pages."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from coopbot.serve.http.problems import problem_response


class Hosts:
    """Refuses requests whose Host is not `allowed`: names without ports; `*.example.org` allows all names below example.org.

    Health checks, which use the IP address, are always allowed.
    """

    def __init__(self, app: ASGIApp, allowed: Sequence[str]) -> None:
        self._app = app
        self._names = frozenset(name.lower() for name in allowed if not name.startswith("*."))
        self._suffixes = tuple(name[1:].lower() for name in allowed if name.startswith("*."))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http" or scope["path"] in ("/healthz", "/readyz") or self._is_allowed(scope):
            await self._app(scope, receive, send)
            return
        detail = "the service does not answer to this host name; ask its operator for the right address"
        await problem_response(HTTPStatus.MISDIRECTED_REQUEST, detail)(scope, receive, send)

    def _is_allowed(self, scope: Scope) -> bool:
        host = Headers(scope=scope).get("host", "").lower()
        name = host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]
        return name in self._names or name.endswith(self._suffixes)
