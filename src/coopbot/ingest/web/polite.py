"""Requests many pages as sites ask for it: what their robots.txt permits, and one request a second of each host."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import urlsplit
from urllib.robotparser import RobotFileParser

from coopbot.errors import Unreachable, Unreadable
from coopbot.ingest.decode import decode_html
from coopbot.ingest.web.content import ARTICLES
from coopbot.ingest.web.fetch import Fetch, Fetched

# The name by which sites may address us in robots.txt.
_AGENT = "coopbot"
_ROBOTS = {"text/plain": ".txt"}
_EVERY_S, _LONGEST_DELAY_S = 1.0, 30.0
# A site that did not answer this many times in a row is not asked again.
_MOST_FAILURES = 3
# Statuses with which a site asks for fewer requests, or is in trouble.
_BUSY = (429, 503)


class Polite:
    """A `Fetch` that keeps to the rules of each site. clock, sleep: in seconds."""

    def __init__(
        self,
        fetch: Fetch,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._fetch, self._clock, self._sleep = fetch, clock, sleep
        self._rules: dict[str, RobotFileParser] = {}
        self._silent: dict[str, str] = {}
        self._failures: dict[str, int] = {}
        self._next_s: dict[str, float] = {}

    def in_turn(self, urls: Iterable[str]) -> Iterator[str]:
        """The addresses, the next one of the host that may be asked first: the others need not wait for a host."""
        waiting: dict[str, deque[str]] = {}
        for url in urls:
            waiting.setdefault(_site(url), deque()).append(url)
        while waiting:
            site = min(waiting, key=lambda one: self._next_s.get(one, 0.0))
            yield waiting[site].popleft()
            if not waiting[site]:
                del waiting[site]

    def permits(self, url: str) -> bool:
        """Whether the site's robots.txt permits the request.

        Raises Unreachable if the site does not say, or has not answered, or has asked for fewer requests.
        """
        site = _site(url)
        if site in self._silent:
            raise Unreachable(url, self._silent[site])
        if site not in self._rules:
            # A site without robots.txt, or with one that is no text, permits everything.
            rules, lines = RobotFileParser(), list[str]()
            try:
                lines = decode_html(self(f"{site}/robots.txt", kinds=_ROBOTS).content, site).splitlines()
            except Unreadable:
                pass
            except Unreachable as error:
                if not 400 <= error.status < 500 or error.status in _BUSY:
                    self._silent[site] = error.reason
                    raise
            rules.parse(lines)
            self._rules[site] = rules
        return self._rules[site].can_fetch(_AGENT, url)

    def __call__(self, url: str, *, kinds: Mapping[str, str] = ARTICLES, etag: str = "", last_modified: str = "") -> Fetched:
        """See `fetch`. Ask `permits` first."""
        site = _site(url)
        self._sleep(max(0.0, self._next_s.get(site, 0.0) - self._clock()))
        failures = 0
        try:
            return self._fetch(url, kinds=kinds, etag=etag, last_modified=last_modified)
        except Unreachable as error:
            failures = 0 if error.status else self._failures.get(site, 0) + 1
            if failures >= _MOST_FAILURES or error.status in _BUSY:
                self._silent[site] = error.reason
            raise
        finally:
            self._failures[site] = failures
            asked = self._rules[site].crawl_delay(_AGENT) if site in self._rules else None
            self._next_s[site] = self._clock() + min(max(_EVERY_S, float(asked or 0)), _LONGEST_DELAY_S)


def _site(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"
