"""Rate limits."""

from __future__ import annotations

import math
import time
from http import HTTPStatus

import structlog
from limits import RateLimitItem, parse_many
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import ConfigurationError, StorageError
from limits.storage import storage_from_string
from starlette.responses import Response
from starlette.types import Scope

from coopbot.errors import Misconfigured
from coopbot.sections import Access
from coopbot.serve.http.clients import is_guarded
from coopbot.serve.http.problems import problem_response

_OFF = "off"
_SCHEMES = ("memory", "redis", "rediss")

log = structlog.get_logger()


class RateLimit:
    """Refuses, with 429 and Retry-After, a client, as named by `Clients`, that requests guarded paths more often than allowed.

    Counts are kept in memory, or in a Redis that several processes share; in memory while Redis fails.
    """

    def __init__(self, limits: tuple[RateLimitItem, ...], storage_uri: str) -> None:
        self._limits = limits
        self._alone = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._storage = None if storage_uri.startswith("memory") else _storage(storage_uri)
        self._shared = SlidingWindowCounterRateLimiter(self._storage) if self._storage else None

    async def refuse(self, scope: Scope) -> Response | None:
        """The refusal of a request that comes too early."""
        if not is_guarded(scope["path"]):
            return None
        client, wait_s = scope["state"]["client"], None
        if self._shared is not None:
            try:
                wait_s = await self._hit(self._shared, client)
            except StorageError as exc:
                log.warning("rate_limits_not_shared", error=type(exc.storage_error).__name__)
        if wait_s is None:
            wait_s = await self._hit(self._alone, client)
        if not wait_s:
            return None
        detail = f"too many requests; try again in {wait_s} s"
        return problem_response(HTTPStatus.TOO_MANY_REQUESTS, detail, {"Retry-After": str(wait_s)})

    async def close(self) -> None:
        """Close the connection to Redis."""
        if self._storage is not None:
            # limits offers no method for it, and no type for this attribute.
            await self._storage.bridge.get_connection().aclose()  # type: ignore[attr-defined]  # of Redis only

    async def _hit(self, limiter: SlidingWindowCounterRateLimiter, client: str) -> int:
        """Seconds until the client may send another request; 0 if it may now."""
        for limit in self._limits:
            if not await limiter.hit(limit, client):
                reset_s = (await limiter.get_window_stats(limit, client)).reset_time - time.time()
                return max(1, math.ceil(reset_s))
        return 0


def rate_limit(access: Access) -> RateLimit | None:
    """The limit in the settings: `600/minute`, several separated by `;`, or `off` for none. Raises Misconfigured."""
    if access.rate_limit.strip().lower() == _OFF:
        return None
    try:
        limits = tuple(parse_many(access.rate_limit))
    except ValueError as exc:
        raise Misconfigured("COOPBOT_RATE_LIMIT cannot be parsed; set it to a limit such as 600/minute, or off") from exc
    return RateLimit(limits, access.rate_storage.get_secret_value()) if limits else None


def _storage(uri: str) -> RedisStorage:
    """The Redis storage at an address. Raises Misconfigured."""
    if uri.partition(":")[0] not in _SCHEMES:
        raise Misconfigured(
            "COOPBOT_RATE_STORAGE cannot be used; set it to an address such as redis://localhost:6379/0, or memory://"
        )
    try:
        storage = storage_from_string(f"async+{uri}", implementation="redispy", wrap_exceptions=True)
    except ConfigurationError as exc:
        raise Misconfigured('Redis needs a library; run: pip install "coopbot[redis]"') from exc
    assert isinstance(storage, RedisStorage)
    return storage
