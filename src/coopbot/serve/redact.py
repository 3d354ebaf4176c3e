"""Removes from web addresses what may be secret."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_ADDRESS = re.compile(r"https?://[^\s\"'<>]+", re.IGNORECASE)


def public_address(url: str) -> str:
    """The address without user, password, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(not an address)"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def without_secrets(text: str) -> str:
    """The text, each web address in it reduced to its `public_address`."""
    return _ADDRESS.sub(lambda found: public_address(found[0]), text)
