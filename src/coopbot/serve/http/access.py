"""Access control: the ASGI layers around the routes, in order."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import FastAPI

from coopbot.serve.http.clients import Clients, needs_key
from coopbot.serve.http.headers import head_like_get, request_ids, security_headers
from coopbot.serve.http.hosts import only_hosts
from coopbot.serve.http.layers import layer
from coopbot.serve.http.problems import crashes
from coopbot.serve.http.rate import RateLimit, parse_limits
from coopbot.serve.http.sizes import body_limit, head_limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """hosts: host names the service answers to; empty for any. api_keys: clients need one of them; empty for none.

    rate_limit: such as `600/minute`, or `off`; counted in `rate_storage`, a URI. trusted_proxies: see `Clients`.
    """

    hosts: tuple[str, ...] = ()
    api_keys: tuple[str, ...] = ()
    rate_limit: str = "off"
    rate_storage: str = "memory://"
    trusted_proxies: int = 0


OPEN = Access()


def add_access(app: FastAPI, access: Access, admin_token: str | None) -> None:
    """Add the layers. Raises Misconfigured.

    The last one added sees a request first: all responses get a request id and the security headers.
    """
    secrets = (*access.api_keys, *([admin_token] if admin_token else []))
    # Their bytes as they were in the environment.
    keys = [secret.encode("utf-8", "surrogateescape") for secret in secrets]
    limits = parse_limits(access.rate_limit)
    app.add_middleware(body_limit)
    app.add_middleware(head_limit)
    app.add_middleware(head_like_get)
    if access.api_keys:
        app.add_middleware(needs_key)
    if limits:
        app.add_middleware(RateLimit, limits=limits, storage_uri=access.rate_storage)
    app.add_middleware(layer(Clients(keys=keys, trusted_proxies=access.trusted_proxies).identify))
    if access.hosts:
        app.add_middleware(only_hosts(access.hosts))
    app.add_middleware(crashes)
    app.add_middleware(security_headers)
    app.add_middleware(request_ids)
