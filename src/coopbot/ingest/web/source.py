"""Reads the article at a web address into a Draft."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from coopbot.errors import Unreadable
from coopbot.ingest.addresses import is_web_address
from coopbot.ingest.draft import Draft
from coopbot.ingest.formats.readers import Read, read_bytes
from coopbot.ingest.web.fetch import Fetch


def read_url(url: str, fetch: Fetch, read: Read = read_bytes) -> Draft:
    """The article at an address. Its `url` is the final one, or the one on the same host that the page declares.

    `read` reads what `fetch` fetched. Raises Unreadable if there is no article, and what `fetch` raises.
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
    """The host without "www."; empty if `url` is not a web address."""
    return (urlsplit(url).hostname or "").removeprefix("www.") if is_web_address(url) else ""
