"""RSS and Atom feeds, and what is known of them between two polls. The owner of feedparser."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, cast

from coopbot.errors import Misconfigured, Unreadable
from coopbot.ingest.addresses import is_web_address
from coopbot.ingest.corpus.files import write_atomically
from coopbot.ingest.decode import decode_html
from coopbot.ingest.draft import FeedEntry
from coopbot.ingest.page.full_dates import find_date
from coopbot.ingest.tidy import one_line
from coopbot.ingest.web.fetch import Fetch
from coopbot.ingest.web.inflate import too_large
from coopbot.ingest.web.media import FEEDS

if TYPE_CHECKING:
    from pydantic import TypeAdapter

# A thousand entries with their full texts fit; what a parser makes of a hostile feed grows with it, to ten seconds or so.
LARGEST_FEED_BYTES = 2_000_000
_FIRST_WAIT_S = 600.0  # after a try that failed; less than the quarter of an hour between polls
_LONGEST_WAIT_S = 86_400.0
_MOST_TRIES = 10  # within about three days
_MOST_REMEMBERED = 2000  # of the taken that the feed no longer lists; some feeds list old entries again
_LONGEST_TITLE = 300
_ENTITY = re.compile("<!ENTITY", re.I)
_TAG = re.compile("<[^<>]*>")

_Record = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedTry:
    """That an entry was begun with, so many times, the last time at `at_s` of the clock since 1970."""

    url: str
    count: int
    at_s: float

    def is_over(self, now_s: float) -> bool:
        """Whether the entry may be tried again: each try doubles the wait. A clock that was set back makes nothing wait."""
        return not 0 <= now_s - self.at_s < min(_FIRST_WAIT_S * 2 ** (self.count - 1), _LONGEST_WAIT_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """What is known of one feed: validators for the next request, addresses dealt with, entries still to be dealt with."""

    etag: str = ""
    last_modified: str = ""
    taken: tuple[str, ...] = ()
    waiting: tuple[FeedEntry, ...] = ()
    tries: tuple[FeedTry, ...] = ()

    def took(self, url: str) -> FeedState:
        """The state when the entry of that address needs no further try: added, known already, or useless."""
        waiting = tuple(entry for entry in self.waiting if entry.url != url)
        return replace(self, taken=(*self.taken, url), waiting=waiting, tries=self._other_tries(url))

    def trying(self, url: str, now_s: float) -> FeedState:
        """The state to be kept before an entry is read, so that one which ends the process does not come again at once."""
        earlier = sum(one.count for one in self.tries if one.url == url)
        return replace(self, tries=(*self._other_tries(url), FeedTry(url=url, count=earlier + 1, at_s=now_s)))

    def due(self, now_s: float) -> tuple[FeedEntry, ...]:
        """The waiting entries that are not to be left alone for a while."""
        resting = {one.url for one in self.tries if not one.is_over(now_s)}
        return tuple(entry for entry in self.waiting if entry.url not in resting)

    def without_hopeless(self) -> FeedState:
        """The state with entries that were tried often enough dealt with."""
        state = self
        for one in self.tries:
            state = state.took(one.url) if one.count >= _MOST_TRIES else state
        return state

    def _other_tries(self, url: str) -> tuple[FeedTry, ...]:
        return tuple(one for one in self.tries if one.url != url)


ReadFeed = Callable[[bytes, str], tuple[FeedEntry, ...]]
"""Content and address of a feed to its entries, as `read_feed`."""


def poll_feed(
    url: str, state: FeedState, fetch: Fetch, *, now_s: float, read: ReadFeed | None = None
) -> tuple[tuple[FeedEntry, ...], FeedState]:
    """The entries to be taken now, and the state after the request; when each is dealt with, tell the state with `took`.

    An unchanged feed still gives those waiting from before. `read` is `read_feed` if none is given. Raises what `fetch` and
    `read` raise; the state then stays.
    """
    fetched = fetch(url, kinds=FEEDS, etag=state.etag, last_modified=state.last_modified)
    if not fetched.not_modified:
        listed = (read or read_feed)(fetched.content, fetched.url)
        urls = {entry.url for entry in listed}
        known = set(state.taken)
        state = FeedState(
            etag=fetched.etag,
            last_modified=fetched.last_modified,
            taken=_remembered(state.taken, urls),
            waiting=tuple(entry for entry in listed if entry.url not in known),
            tries=tuple(one for one in state.tries if one.url in urls),
        )
    state = state.without_hopeless()
    return state.due(now_s), state


def _remembered(taken: Sequence[str], listed: set[str]) -> tuple[str, ...]:
    """All that the feed lists still, and the latest of the others."""
    others = [url for url in taken if url not in listed][-_MOST_REMEMBERED:]
    return (*others, *(url for url in taken if url in listed))


def read_feed(data: bytes, url: str) -> tuple[FeedEntry, ...]:
    """The entries of an RSS or Atom feed that was read from `url`, in its order; those without a web address are left out.

    Unreadable for what is not a feed, is too large, or declares XML entities, which can blow up.
    """
    import feedparser

    if len(data) > LARGEST_FEED_BYTES:
        raise too_large(LARGEST_FEED_BYTES, url)
    text = decode_html(data, url)
    if _ENTITY.search(text):
        raise Unreadable(url, "declares XML entities, which no feed needs; give another feed of the site")
    # In a file object, because bytes and strings are tried as names of local files first.
    parsed = feedparser.parse(
        io.BytesIO(text.encode()),
        response_headers={"content-type": "application/xml; charset=utf-8", "content-location": url},
        resolve_relative_uris=False,  # those within texts, which are not used
        sanitize_html=False,
    )
    if not parsed.version:
        raise Unreadable(url, _no_feed(cast("_Record", parsed.feed)))
    unique: dict[str, FeedEntry] = {}
    for entry in filter(None, map(_entry, cast("list[_Record]", parsed.entries))):
        unique.setdefault(entry.url, entry)
    return tuple(unique.values())


def _no_feed(page: _Record) -> str:
    """Why there is none; a web page may say where its feed is."""
    links = cast("list[_Record]", page.get("links", []))
    feeds = (str(link.get("href")) for link in links if str(link.get("type")) in FEEDS and link.get("rel") == "alternate")
    feed = next((f" ({address[:300]})" for address in feeds if is_web_address(address)), "")
    return f"not an RSS or Atom feed; give the address of the site's feed{feed}, or add the page itself without --feed"


def _entry(entry: _Record) -> FeedEntry | None:
    link = str(entry.get("link", "")).strip()
    if not is_web_address(link):
        return None
    title = one_line(unescape(_TAG.sub("", str(entry.get("title", "")))))[:_LONGEST_TITLE]
    return FeedEntry(url=link, title=title, published=next(_dates(entry), None))


def _dates(entry: _Record) -> Iterator[date]:
    """The entry's days. feedparser's own readings are in UTC, by which an article of a Vladivostok morning is a day older."""
    for name in ("published", "created", "updated"):
        written = str(entry[name]) if name in entry else ""
        for parse in (parsedate_to_datetime, datetime.fromisoformat):
            try:
                yield parse(written).date()
            except (ValueError, OverflowError):
                continue
        if (found := find_date(written)) is not None:
            yield found


def load_states(path: Path) -> dict[str, FeedState]:
    """The states by the addresses of their feeds; none when there is no file yet. Misconfigured when it is damaged."""
    from pydantic import ValidationError

    try:
        return _states_json().validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Misconfigured(f"cannot read {path}: {error.strerror}; check its permissions") from error
    except ValidationError as error:
        raise Misconfigured(f"{path} is damaged; delete it, and feeds are read from the start again") from error


def save_states(path: Path, states: Mapping[str, FeedState]) -> None:
    """Writes the whole file or leaves the old one, also after a crash. Misconfigured when it cannot be written."""
    write_atomically(path, _states_json().dump_json(dict(states), indent=1))


def _states_json() -> TypeAdapter[dict[str, FeedState]]:
    from pydantic import TypeAdapter

    return TypeAdapter(dict[str, FeedState])
