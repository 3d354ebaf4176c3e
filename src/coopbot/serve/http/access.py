"""Access control: the ASGI layers around the routes, in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Scope

from coopbot.sections import Access
from coopbot.serve.http.clients import Clients, needs_key
from coopbot.serve.http.layers import guard, head_like_get, layer, request_ids, security_headers
from coopbot.serve.http.problems import crashes, problem_response
from coopbot.serve.http.rate import RateLimit, parse_limits
from coopbot.serve.http.sizes import body_limit, head_limit


def add_access(app: FastAPI, access: Access) -> None:
    """Add the layers. Raises Misconfigured.

    The last one added sees a request first: all responses get a request id and the security headers.
    """
    secrets = (*access.api_keys, *([access.admin_token] if access.admin_token else []))
    # The environment's bytes that are not UTF-8 came as surrogates.
    keys = [secret.get_secret_value().encode("utf-8", "surrogateescape") for secret in secrets]
    limits = parse_limits(access.rate_limit)
    app.add_middleware(body_limit)
    app.add_middleware(head_limit)
    app.add_middleware(head_like_get)
    if access.api_keys:
        app.add_middleware(needs_key)
    if limits:
        app.add_middleware(RateLimit, limits=limits, storage_uri=access.rate_storage.get_secret_value())
    app.add_middleware(layer(Clients(keys=keys, trusted_proxies=access.trusted_proxies).identify))
    if access.hosts:
        app.add_middleware(only_hosts(access.hosts))
    app.add_middleware(crashes)
    app.add_middleware(security_headers)
    app.add_middleware(request_ids)


def only_hosts(allowed: Sequence[str]) -> Callable[[ASGIApp], ASGIApp]:
    """Refuse requests whose Host is not `allowed`, against DNS rebinding by other web pages.

    allowed: names without ports; `*.example.org` allows all names below example.org. Health checks, which use the IP address,
    are always allowed.
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
