"""The host names that the service answers to, against DNS rebinding by other web pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Scope

from coopbot.serve.http.layers import guard
from coopbot.serve.http.problems import problem_response


def only_hosts(allowed: Sequence[str]) -> Callable[[ASGIApp], ASGIApp]:
    """Refuse requests whose Host is not `allowed`: names without ports; `*.example.org` allows all names below example.org.

    Health checks, which use the IP address, are always allowed.
    """
    names = frozenset(name.lower() for name in allowed if not name.startswith("*."))
    suffixes = tuple(name[1:].lower() for name in allowed if name.startswith("*."))

    def refuse(scope: Scope) -> Response | None:
        host = Headers(scope=scope).get("host", "").lower()
        name = host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]
        if scope["path"] in ("/healthz", "/readyz") or name in names or name.endswith(suffixes):
            return None
        detail = "the service does not answer to this host name; ask its operator for the right address"
        return problem_response(HTTPStatus.MISDIRECTED_REQUEST, detail)

    return guard(refuse)
