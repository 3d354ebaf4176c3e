"""Identifies the client of a request, by API key or address, and refuses those without the key or token that is needed."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

import structlog
from fastapi import Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from coopbot.errors import Forbidden
from coopbot.serve.http.problems import problem_response

log = structlog.get_logger()

# What reads the corpus may need a key, and is rate limited.
_GUARDED_UNDER, _GUARDED = ("/v1/", "/article/"), frozenset({"/ask", "/mcp"})

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="coopbot"'}

# An IPv6 client usually has all addresses of a /64 network.
_NETWORK_BITS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """Sets in each request's state `client`, a name for its sender, and `admitted`, whether it has a valid key.

    keys: the API keys and the admin token. trusted_proxies: the number of proxies in front of the service. Each appends the
    address of its client to X-Forwarded-For; earlier entries were sent by the client itself and are not trusted.
    """

    keys: Sequence[bytes]
    trusted_proxies: int

    async def identify(self, scope: Scope) -> None:
        """Set the client. Refuses none."""
        headers = Headers(scope=scope)
        key = bearer_token(headers)
        # Compare with all keys, so that the time taken does not depend on which one matches.
        admitted = sum(hmac.compare_digest(key, known) for known in self.keys) > 0
        if admitted:
            name = f"key:{hashlib.sha256(key).hexdigest()[:32]}"
        else:
            peer = scope["client"][0] if scope.get("client") else ""
            forwarded = ",".join(headers.getlist("x-forwarded-for")).split(",") if self.trusted_proxies else []
            named = forwarded[-self.trusted_proxies].strip() if len(forwarded) >= self.trusted_proxies > 0 else ""
            name = f"address:{network(named) or network(peer)}"
        scope.setdefault("state", {}).update(client=name, admitted=admitted)


async def needs_key(scope: Scope) -> Response | None:
    """Refuse requests for guarded paths without a key that `Clients` accepted."""
    if not is_guarded(scope["path"]) or scope["state"]["admitted"]:
        return None
    if bearer_token(Headers(scope=scope)):
        log.warning("key_refused", path=scope["path"][:200], client=scope["state"]["client"])
        return problem_response(HTTPStatus.FORBIDDEN, "this is not one of the API keys; send one of those in COOPBOT_API_KEYS")
    detail = "this needs an API key; send it as `Authorization: Bearer ...`"
    return problem_response(HTTPStatus.UNAUTHORIZED, detail, CHALLENGE)


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
