"""The service's public address, for links to itself."""

from __future__ import annotations

from starlette.requests import Request


def base_address(request: Request | None, public_url: str) -> str:
    """`public_url`, or else the base address of the request; without a trailing slash."""
    return (public_url or (str(request.base_url) if request else "")).rstrip("/")
