"""Web addresses: validity, and whether two of them lead to the same page."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from coopbot.text.characters import LONGEST_ADDRESS

# Query parameters that record where a click came from, not which page it leads to.
_TRACKING = re.compile(
    r"utm_\w+|(?:fb|g|dc|y|ys|ms|tw|tt)clid|gbraid|wbraid|igshid|mc_[ce]id|_openstat|_ga|spm|share_token", re.IGNORECASE
)
_WEB = ("http", "https")
_DEFAULT_PORTS = (None, 80, 443)
# These end an address, or begin something else, in HTML, Markdown or a line of text.
_NEVER_IN_ONE = re.compile(r"[\s\"<>\\`]")
_MEDIA = re.compile(
    r"\.(?:mp[34g]|m4[av]|m3u8|webm|mov|avi|flv|wav|ogg|jpe?g|png|gif|webp|svg|ico|css|js|swf)(?:[?#]|$)", re.IGNORECASE
)


def is_web_address(url: str) -> bool:
    """Whether `url` is an http or https address with a host, and without user and password. No other is stored or shown.

    A `javascript:` or `data:` address would run in the page of whoever shows it as a link.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    plain = url.isprintable() and not _NEVER_IN_ONE.search(url) and len(url) <= LONGEST_ADDRESS
    return plain and parts.scheme in _WEB and bool(parts.hostname) and "@" not in parts.netloc and port != 0


def is_meant_as_address(text: str) -> bool:
    """Whether a text that somebody gives begins as a web address does, and so names no file. It may still be a wrong one."""
    return text.lower().startswith(("http://", "https://"))


def is_media_file(url: str) -> bool:
    """Whether the address ends like a video, an image or a page asset, so that it cannot be an article's own."""
    return bool(_MEDIA.search(url))


def page_key(url: str) -> str:
    """A key that is equal for all spellings of a page's address; empty without an address and for a site's front page.

    Ignores the scheme, the host's case, default ports, a final slash, the fragment and tracking parameters.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:  # not an address, but still comparable
        return url.strip()
    if parts.scheme not in _WEB or not parts.hostname:
        return url.strip()
    path = unquote(parts.path).rstrip("/")
    query = [(key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch(key)]
    if not path and not query:
        return ""
    host = parts.hostname.rstrip(".") + ("" if port in _DEFAULT_PORTS else f":{port}")
    return f"//{host}{path}" + (f"?{urlencode(sorted(query))}" if query else "")
