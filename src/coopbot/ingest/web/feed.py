"""RSS and Atom feeds, and their state between polls. The only module that imports feedparser."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce
from typing import Annotated

from pydantic import BeforeValidator

from coopbot.errors import Unreadable
from coopbot.ingest.addresses import is_web_address
from coopbot.ingest.decode import decode_html
from coopbot.ingest.web.content import FEEDS, too_large
from coopbot.ingest.web.fetch import Fetch

# Fits a thousand entries with full texts; a hostile feed of this size takes the parser about ten seconds.
LARGEST_FEED_BYTES = 2_000_000
_FIRST_WAIT_S = 600.0  # after a failed try; less than the quarter of an hour between polls
_LONGEST_WAIT_S = 86_400.0
_MOST_TRIES = 10  # within about three days
_MOST_REMEMBERED = 2000  # entries taken that the feed no longer lists; some feeds list old entries again
_ENTITY = re.compile("<!ENTITY", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedTry:
    """How many times an entry was tried, and when it was last tried: `at_s`, in seconds since 1970."""

    url: str
    count: int
    at_s: float

    def may_be_repeated(self, now_s: float) -> bool:
        """Whether the entry may be tried again: each try doubles the wait. No wait if the clock was set back."""
        return not 0 <= now_s - self.at_s < min(_FIRST_WAIT_S * 2 ** (self.count - 1), _LONGEST_WAIT_S)


def _address(entry: object) -> object:
    """The address of a waiting entry. Earlier versions stored its title and date too."""
    return entry.get("url") if isinstance(entry, dict) else entry


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """The state of one feed: validators for the next request, addresses of entries done and of those still waiting."""

    etag: str = ""
    last_modified: str = ""
    taken: tuple[str, ...] = ()
    waiting: tuple[Annotated[str, BeforeValidator(_address)], ...] = ()
    tries: tuple[FeedTry, ...] = ()

    def took(self, url: str) -> FeedState:
        """The state once the entry at `url` needs no further try: added, known already, or not usable."""
        waiting = tuple(other for other in self.waiting if other != url)
        return replace(self, taken=(*self.taken, url), waiting=waiting, tries=self._other_tries(url))

    def trying(self, url: str, now_s: float) -> FeedState:
        """The state to save before reading an entry, so that one that kills the process is not retried at once."""
        earlier = sum(one.count for one in self.tries if one.url == url)
        return replace(self, tries=(*self._other_tries(url), FeedTry(url=url, count=earlier + 1, at_s=now_s)))

    def due(self, now_s: float) -> tuple[str, ...]:
        """The waiting entries that may be tried now."""
        resting = {one.url for one in self.tries if not one.may_be_repeated(now_s)}
        return tuple(url for url in self.waiting if url not in resting)

    def without_hopeless(self) -> FeedState:
        """The state with entries given up after too many tries."""
        hopeless = (one.url for one in self.tries if one.count >= _MOST_TRIES)
        return reduce(FeedState.took, hopeless, self)

    def _other_tries(self, url: str) -> tuple[FeedTry, ...]:
        return tuple(one for one in self.tries if one.url != url)


def read_feed(data: bytes, url: str) -> tuple[str, ...]:
    """The web addresses of the entries of the RSS or Atom feed at `url`, in its order, each once.

    Raises Unreadable if it is not a feed, is too large, or declares XML entities, which can expand without bound.
    """
    import feedparser

    if len(data) > LARGEST_FEED_BYTES:
        raise too_large(LARGEST_FEED_BYTES, url)
    text = decode_html(data, url)
    if _ENTITY.search(text):
        raise Unreadable(url, "declares XML entities, which no feed needs; give another feed of the site")
    # A file object, because feedparser first tries bytes and strings as names of local files.
    parsed = feedparser.parse(
        io.BytesIO(text.encode()),
        response_headers={"content-type": "application/xml; charset=utf-8", "content-location": url},
        resolve_relative_uris=False,  # only in texts, which are not used
        sanitize_html=False,
    )
    if not parsed.version:
        links = (
            link for link in parsed.feed.get("links", []) if str(link.get("type")) in FEEDS and link.get("rel") == "alternate"
        )
        feeds = (str(link.get("href")) for link in links)
        feed = next((f" ({address[:300]})" for address in feeds if is_web_address(address)), "")
        raise Unreadable(
            url, f"not an RSS or Atom feed; give the address of the site's feed{feed}, or add the page itself without --feed"
        )
    links = (str(entry.get("link", "")).strip() for entry in parsed.entries)
    return tuple(dict.fromkeys(filter(is_web_address, links)))


ReadFeed = Callable[[bytes, str], tuple[str, ...]]
"""From the content and address of a feed to the addresses of its entries; see `read_feed`."""


def poll_feed(
    url: str, state: FeedState, fetch: Fetch, *, now_s: float, read: ReadFeed = read_feed
) -> tuple[tuple[str, ...], FeedState]:
    """The addresses to take now, and the state after the request. Call `took` on the state as each entry is done.

    An unchanged feed still gives the entries left waiting. Raises what `fetch` and `read` raise; the state is
    then unchanged.
    """
    fetched = fetch(url, kinds=FEEDS, etag=state.etag, last_modified=state.last_modified)
    if not fetched.not_modified:
        listed = read(fetched.content, fetched.url)
        urls, known = set(listed), set(state.taken)
        # Addresses taken that the feed still lists, and the latest of the others.
        others = [url for url in state.taken if url not in urls][-_MOST_REMEMBERED:]
        state = FeedState(
            etag=fetched.etag,
            last_modified=fetched.last_modified,
            taken=(*others, *(url for url in state.taken if url in urls)),
            waiting=tuple(address for address in listed if address not in known),
            tries=tuple(one for one in state.tries if one.url in urls),
        )
    state = state.without_hopeless()
    return state.due(now_s), state
