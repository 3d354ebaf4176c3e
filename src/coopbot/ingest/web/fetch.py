"""Fetches web addresses without risk to this machine or its network, and reads the articles there."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from coopbot.errors import InvalidRequest, Unreachable, Unreadable
from coopbot.ingest.addresses import is_web_address
from coopbot.ingest.draft import Draft
from coopbot.ingest.formats.readers import Read, read_bytes
from coopbot.ingest.web.content import ARTICLES, as_utf8, ending_of, inflated, too_large
from coopbot.ingest.web.hosts import Address, is_public, resolve

if TYPE_CHECKING:
    from httpx import URL

    from coopbot.ingest.web.connection import Deadline, Reply

# The ports that articles are served on. Others belong to other services, which nobody may probe through us.
_WEB_PORTS = frozenset({80, 443, 8080, 8443})
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5
_LONGEST_URL = 4096
_LONGEST_VALIDATOR = 1000
_STATUS_NAMES = {status.value: f" {status.phrase}" for status in HTTPStatus}
_PASSING = (408, 425, 429, 500, 502, 503, 504)  # temporary statuses
_SAVE = "save the page and add the file"


def public_authorities() -> ssl.SSLContext:
    """The public certificate authorities, or those in SSL_CERT_FILE or SSL_CERT_DIR."""
    from httpx import create_ssl_context

    return create_ssl_context()


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Access to the network and its limits. `resolve` raises OSError for unknown names; `clock` counts seconds."""

    resolve: Callable[[str], tuple[Address, ...]] = resolve
    permitted: Callable[[Address], bool] = is_public
    ports: Collection[int] = _WEB_PORTS
    authorities: Callable[[], ssl.SSLContext] = public_authorities
    clock: Callable[[], float] = time.monotonic
    limit_s: float = 20.0
    most_bytes: int = 10_000_000


INTERNET = Network()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The content at an address. `url` is the one after redirects; the extension of `name` is the format.

    `etag` and `last_modified` are for the next request; `not_modified`: unchanged since those given, so there is no content.
    """

    url: str
    content: bytes
    name: str
    etag: str = ""
    last_modified: str = ""
    not_modified: bool = False


class Fetch(Protocol):
    """`fetch` bound to a network."""

    def __call__(self, url: str, *, kinds: Mapping[str, str] = ARTICLES, etag: str = "", last_modified: str = "") -> Fetched:
        """See `fetch`."""


def fetch(
    url: str,
    *,
    kinds: Mapping[str, str] = ARTICLES,
    etag: str = "",
    last_modified: str = "",
    network: Network = INTERNET,
) -> Fetched:
    """The content at an http(s) address. `kinds` maps the accepted content types to file extensions.

    Raises InvalidRequest if the address, or one it redirects to, may not be fetched; Unreachable if it does not answer
    properly; Unreadable if the content is of another type, too large, damaged or empty.
    """
    from httpx import URL, InvalidURL

    from coopbot.ingest.web.connection import Deadline

    if len(url) > _LONGEST_URL:
        raise InvalidRequest("url", f"the address is longer than {_LONGEST_URL} characters; give a shorter one")
    try:
        place = _checked(URL(url.strip()), "")
    except (InvalidURL, UnicodeError) as error:  # the latter for invalid domain names
        raise InvalidRequest("url", "not a web address; give one such as https://site.example/article") from error
    deadline = Deadline(source=url, limit_s=network.limit_s, ends_s=network.clock() + network.limit_s, clock=network.clock)
    wanted = {
        "User-Agent": "Mozilla/5.0 (compatible; coopbot)",
        "Accept": ", ".join(kinds) + ", */*;q=0.1",
        "Accept-Encoding": "gzip",
        "If-None-Match": _validator(etag),
        "If-Modified-Since": _validator(last_modified),
    }
    headers = [(name.encode(), value.encode()) for name, value in wanted.items() if value]
    via = ""
    for _ in range(_MOST_REDIRECTS + 1):
        with _asked(place, headers, network, deadline, via) as reply:
            if reply.status not in _REDIRECTS:
                return _fetched(place, reply, kinds, network.most_bytes, deadline)
            via = f"{url} redirects to "
            place = _redirected(place, reply, url, via)
    raise Unreachable(url, f"redirects more than {_MOST_REDIRECTS} times; open it in a browser and give the address it ends at")


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


def _checked(place: URL, via: str) -> URL:
    """The address without fragment and final dot of the host. Raises InvalidRequest if its form alone rules it out."""
    if place.userinfo:
        raise InvalidRequest("url", f"{via}an address at {place.host} with a user name or password; give one without")
    host = place.host.removesuffix(".")
    if place.scheme not in ("http", "https") or not host:
        raise InvalidRequest("url", f"{via}{place}: not http or https; give an address such as https://site.example/article")
    return place.copy_with(host=host, fragment=None)


def _redirected(place: URL, reply: Reply, source: str, via: str) -> URL:
    from httpx import InvalidURL

    location = reply.headers.get("location", "")
    if not location or len(location) > _LONGEST_URL:
        raise Unreachable(source, f"answered {reply.status} without saying where to go; {_SAVE}", reply.status)
    try:
        return _checked(place.join(location), via)
    except (InvalidURL, UnicodeError) as error:
        raise Unreachable(source, f"redirects to something that is not a web address; {_SAVE}") from error


@contextmanager
def _asked(place: URL, headers: list[tuple[bytes, bytes]], network: Network, deadline: Deadline, via: str) -> Iterator[Reply]:
    """The reply of one server. Its name is resolved once, every address is checked, and only those are connected to."""
    from coopbot.ingest.web.connection import sent

    secure = place.scheme == "https"
    port = place.port or (443 if secure else 80)
    if port not in network.ports:
        raise InvalidRequest("url", f"{via}{place}: port {port} is not one that articles are served on; {_SAVE}")
    host = place.raw_host.decode("ascii")
    try:
        addresses = deadline.within(lambda: network.resolve(host))
    except OSError as error:
        raise Unreachable(deadline.source, f"host {host} not found; check the address and the network") from error
    if not all(map(network.permitted, addresses)):
        raise InvalidRequest("url", f"{via}{place}: not on the public internet, so it is not fetched; {_SAVE}")
    with sent(place, headers, addresses, network.authorities() if secure else None, deadline) as reply:
        yield reply


def _validator(value: str) -> str:
    """The ETag or Last-Modified value if it can be sent back unchanged, else ""."""
    return value if value.isascii() and value.isprintable() and len(value) <= _LONGEST_VALIDATOR else ""


def _fetched(place: URL, reply: Reply, kinds: Mapping[str, str], most_bytes: int, deadline: Deadline) -> Fetched:
    not_modified = reply.status == HTTPStatus.NOT_MODIFIED
    content, ending = b"", ""
    if not not_modified:
        if reply.status != HTTPStatus.OK:
            advice = "try again later" if reply.status in _PASSING else f"check the address, or {_SAVE}"
            name = _STATUS_NAMES.get(reply.status, "")
            raise Unreachable(deadline.source, f"answered {reply.status}{name}; {advice}", reply.status)
        content_type = reply.headers.get("content-type", "")
        ending = ending_of(content_type, place.path, kinds, deadline.source)
        length = reply.headers.get("content-length", "")
        if length.isdecimal() and int(length) > most_bytes:
            raise too_large(most_bytes, deadline.source)
        codings = [coding.strip().lower() for coding in reply.headers.get("content-encoding", "").split(",") if coding.strip()]
        received = bytearray()
        for piece in inflated(reply.chunks, codings, most_bytes, deadline.source):
            deadline.left_s()
            received += piece
        if not received:
            raise Unreadable(
                deadline.source, "the answer is empty (0 bytes); open the address in a browser to see what is wrong"
            )
        content = as_utf8(bytes(received), content_type, ending)
    return Fetched(
        url=str(place),
        content=content,
        name=place.host + ending,
        etag=_validator(reply.headers.get("etag", "")),
        last_modified=_validator(reply.headers.get("last-modified", "")),
        not_modified=not_modified,
    )
