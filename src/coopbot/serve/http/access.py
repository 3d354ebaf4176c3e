"""Access control: the ASGI layers around the routes, in order."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import FastAPI

from coopbot.serve.http.bodies import BodyLimit
from coopbot.serve.http.clients import Clients
from coopbot.serve.http.crashes import Crashes
from coopbot.serve.http.head import Head
from coopbot.serve.http.headers import SecurityHeaders
from coopbot.serve.http.hosts import Hosts
from coopbot.serve.http.keys import Keys
from coopbot.serve.http.queries import HeadLimit
from coopbot.serve.http.rate import RateLimit, parse_limits
from coopbot.serve.http.request_ids import RequestIds


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
    keys = [_bytes(key) for key in (*access.api_keys, *([admin_token] if admin_token else []))]
    limits = parse_limits(access.rate_limit)
    app.add_middleware(BodyLimit)
    app.add_middleware(HeadLimit)
    app.add_middleware(Head)
    if access.api_keys:
        app.add_middleware(Keys)
    if limits:
        app.add_middleware(RateLimit, limits=limits, storage_uri=access.rate_storage)
    app.add_middleware(Clients, keys=keys, trusted_proxies=access.trusted_proxies)
    if access.hosts:
        app.add_middleware(Hosts, allowed=access.hosts)
    app.add_middleware(Crashes)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestIds)


def _bytes(secret: str) -> bytes:
    """The bytes of a secret as they were in the environment."""
    return secret.encode("utf-8", "surrogateescape")
