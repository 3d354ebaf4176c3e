"""Identifies the client of a request, by API key or address."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

# What reads the corpus may need a key, and is rate limited.
_GUARDED_UNDER, _GUARDED = ("/v1/", "/article/"), frozenset({"/ask", "/mcp"})

# An IPv6 client usually has all addresses of a /64 network.
_NETWORK_BITS = 64


class Clients:
    """Sets in each request's state `client`, a name for its sender, and `admitted`, whether it has a valid key.

    keys: the API keys and the admin token. trusted_proxies: the number of proxies in front of the service. Each appends the
    address of its client to X-Forwarded-For; earlier entries were sent by the client itself and are not trusted.
    """

    def __init__(self, app: ASGIApp, keys: Sequence[bytes], trusted_proxies: int) -> None:
        self._app = app
        self._keys = tuple(keys)
        self._trusted_proxies = trusted_proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Set the client, then pass the request on."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            key = bearer_token(headers)
            admitted = self._is_known(key)
            name = f"key:{hashlib.sha256(key).hexdigest()[:32]}" if admitted else f"address:{self._address(scope, headers)}"
            scope.setdefault("state", {}).update(client=name, admitted=admitted)
        await self._app(scope, receive, send)

    def _is_known(self, key: bytes) -> bool:
        # Compare with all keys, so that the time taken does not depend on which one matches.
        return sum(hmac.compare_digest(key, known) for known in self._keys) > 0

    def _address(self, scope: Scope, headers: Headers) -> str:
        peer = scope["client"][0] if scope.get("client") else ""
        if not self._trusted_proxies:
            return network(peer)
        forwarded = ",".join(headers.getlist("x-forwarded-for")).split(",")
        named = forwarded[-self._trusted_proxies].strip() if len(forwarded) >= self._trusted_proxies else ""
        return network(named) or network(peer)


def is_guarded(path: str) -> bool:
    """Whether keys and rate limits apply to a path: not to health checks, documentation and the page's own files."""
    return path.startswith(_GUARDED_UNDER) or path in _GUARDED


def bearer_token(headers: Headers) -> bytes:
    """The token in `Authorization: Bearer`; empty if there is none."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    # Starlette decodes header values as Latin-1; this restores the bytes sent.
    return token.strip(" ").encode("latin-1") if scheme.lower() == "bearer" else b""


def network(address: str) -> str:
    """The address, or the /64 network of an IPv6 address; "" if it is not an address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, _NETWORK_BITS), strict=False))
    return str(found)
