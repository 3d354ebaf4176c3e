"""The address that people reach the service under, for links that lead back to it."""

from __future__ import annotations

from starlette.requests import Request


def base_address(request: Request | None, public_url: str) -> str:
    """`public_url`, or else what the request was sent to; without a slash at its end."""
    return (public_url or (str(request.base_url) if request else "")).rstrip("/")
