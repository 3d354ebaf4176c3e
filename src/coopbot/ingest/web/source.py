"""A web address in, a Draft out."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from coopbot.errors import Unreadable
from coopbot.ingest.draft import Draft
from coopbot.ingest.formats.readers import Read, read_bytes
from coopbot.ingest.web.fetch import Fetch


def read_url(url: str, fetch: Fetch, read: Read = read_bytes) -> Draft:
    """The article at an address; its `url` is the final one, or the one the page declares for itself on the same host.

    `read` reads what `fetch` fetched.

    Unreadable when there is no article; raises what `fetch` raises.
    """
    fetched = fetch(url)
    try:
        draft = read(fetched.content, fetched.name)
    except Unreadable as error:
        raise Unreadable(url, error.reason) from error
    site = _site(fetched.url)
    return replace(
        draft,
        url=draft.url if _site(draft.url) == site else fetched.url,
        publisher=draft.publisher or site,
    )


def _site(url: str) -> str:
    """The host, without the www that one site may be shown with and without; empty for what is no web address."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return ""
    return host.removeprefix("www.") if parts.scheme in ("http", "https") else ""
