"""Access control: the ASGI layers around the routes, in order."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

from coopbot.sections import Access
from coopbot.serve.http.clients import Clients, needs_key
from coopbot.serve.http.layers import Check, guard, head_like_get, response_headers
from coopbot.serve.http.problems import crashes, problem_response
from coopbot.serve.http.rate import RateLimit, rate_limit
from coopbot.serve.http.sizes import head_limit


def add_access(app: FastAPI, access: Access) -> RateLimit | None:
    """Add the layers. Returns the limit of requests, to close when the service ends, if there is one. Raises Misconfigured.

    The last one added sees a request first: all responses get a request id and the security headers. Checks run in order.
    """
    limit = rate_limit(access)
    secrets = (*access.api_keys, *([access.admin_token] if access.admin_token else []))
    # The environment's bytes that are not UTF-8 came as surrogates.
    keys = [secret.get_secret_value().encode("utf-8", "surrogateescape") for secret in secrets]
    checks: list[Check] = [only_hosts(access.hosts)] if access.hosts else []
    checks.append(Clients(keys=keys, trusted_proxies=access.trusted_proxies).identify)
    if limit:
        checks.append(limit.refuse)
    if access.api_keys:
        checks.append(needs_key)
    checks.append(head_limit)
    app.add_middleware(head_like_get)
    app.add_middleware(guard(checks))
    app.add_middleware(crashes)
    app.add_middleware(response_headers)
    return limit


def only_hosts(allowed: Sequence[str]) -> Check:
    """Refuse requests whose Host is not `allowed`, against DNS rebinding by other web pages.

    allowed: names without ports; `*.example.org` allows all names below example.org. Health checks, which use the IP address,
    are always allowed.
    """
    names = frozenset(name.lower() for name in allowed if not name.startswith("*."))
    suffixes = tuple(name[1:].lower() for name in allowed if name.startswith("*."))

    async def refuse(scope: Scope) -> Response | None:
        host = Headers(scope=scope).get("host", "").lower()
        name = host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]
        if scope["path"] in ("/healthz", "/readyz") or name in names or name.endswith(suffixes):
            return None
        detail = "the service does not answer to this host name; ask its operator for the right address"
        return problem_response(HTTPStatus.MISDIRECTED_REQUEST, detail)

    return refuse
