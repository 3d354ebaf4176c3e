"""Who a request is from: the holder of an API key, or an address."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

# All that reads the corpus: a key may be needed for it, and it is counted.
_GUARDED_UNDER, _GUARDED = ("/v1/", "/article/"), frozenset({"/ask", "/mcp"})

# A client with IPv6 has at least that many bits to choose addresses from.
_NETWORK_BITS = 64


class Clients:
    """Writes into each request's state `client`, a name for whoever sent it, and `admitted`, whether by a key.

    keys: the API keys and the admin token. trusted_proxies: how many proxies stand before the service, each of which adds the
    address it was asked from to X-Forwarded-For; what stands before those was written by the client itself.
    """

    def __init__(self, app: ASGIApp, keys: Sequence[bytes], trusted_proxies: int) -> None:
        self._app = app
        self._keys = tuple(keys)
        self._trusted_proxies = trusted_proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its client named."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            key = bearer_token(headers)
            admitted = self._is_known(key)
            name = f"key:{hashlib.sha256(key).hexdigest()[:32]}" if admitted else f"address:{self._address(scope, headers)}"
            scope.setdefault("state", {}).update(client=name, admitted=admitted)
        await self._app(scope, receive, send)

    def _is_known(self, key: bytes) -> bool:
        # All are compared, so that the time says nothing of which one was nearly right.
        return sum(hmac.compare_digest(key, known) for known in self._keys) > 0

    def _address(self, scope: Scope, headers: Headers) -> str:
        peer = scope["client"][0] if scope.get("client") else ""
        if not self._trusted_proxies:
            return network(peer)
        forwarded = ",".join(headers.getlist("x-forwarded-for")).split(",")
        named = forwarded[-self._trusted_proxies].strip() if len(forwarded) >= self._trusted_proxies else ""
        return network(named) or network(peer)


def is_guarded(path: str) -> bool:
    """Whether keys and rate limits hold for a path: for everything but health checks, documentation and pages."""
    return path.startswith(_GUARDED_UNDER) or path in _GUARDED


def bearer_token(headers: Headers) -> bytes:
    """The bytes after `Authorization: Bearer`, none if there are none."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    # Header values are Latin-1 to the framework; these are the bytes that were sent.
    return token.strip(" ").encode("latin-1") if scheme.lower() == "bearer" else b""


def network(address: str) -> str:
    """The address, of IPv6 its network; "" for what is none."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, _NETWORK_BITS), strict=False))
    return str(found)
