from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopbot.errors import CoopbotError, Unreachable, Unreadable
from coopbot.ingest.web.feed import (
    LARGEST_FEED_BYTES,
    FeedState,
    poll_feed,
    read_feed,
)
from coopbot.ingest.web.fetch import Fetched, fetch
from coopbot.records import from_json, to_json
from tests.ingest.web import Route, Site, redirect, reply

URL = "https://news.example/feeds/all.xml"


def rss(*items: str, head: str = "") -> str:
    return f'<?xml version="1.0"?>{head}<rss version="2.0"><channel><title>Вести</title>{"".join(items)}</channel></rss>'


def item(link: str, title: str = "Мост", published: str = "") -> str:
    return f"<item><title>{title}</title><link>{link}</link><pubDate>{published}</pubDate></item>"


def links(text: str, url: str = URL) -> list[str]:
    return list(read_feed(text.encode(), url))


RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="x"><title>c</title></channel>
<item rdf:about="https://news.example/1"><title>同江大桥</title><link>/1</link><dc:date>2025-06-01T23:00:00Z</dc:date></item></rdf:RDF>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://news.example/2025/"><title>t</title>
<entry><title type="html">同江&lt;b&gt;大桥&lt;/b&gt;</title><link rel="edit" href="/e"/><link href="../1"/>
<published>2025-06-01T02:00:00+08:00</published><updated>2025-07-01T02:00:00+08:00</updated></entry></feed>"""


@pytest.mark.parametrize(
    "feed",
    [rss(item("../1", "同江大桥", "Sun, 01 Jun 2025 02:00:00 +0800")), RDF, ATOM],
    ids=["RSS 2.0", "RSS 1.0", "Atom"],
)
def test_the_formats(feed: str) -> None:
    assert links(feed) == ["https://news.example/1"]


@pytest.mark.parametrize("charset", ["windows-1251", "koi8-r", "utf-16"])
def test_charsets(charset: str) -> None:
    feed = rss(item("https://news.example/мост")).replace('"1.0"', f'"1.0" encoding="{charset}"')
    assert read_feed(feed.encode(charset), URL) == ("https://news.example/мост",)


def test_only_web_addresses_are_taken_and_each_once() -> None:
    feed = rss(
        item("/1"),
        item("javascript:alert(1)"),
        item("file:///etc/passwd"),
        item("http://["),
        item(""),
        "<item><title>none</title></item>",
        '<item><enclosure url="https://news.example/a.mp3"/></item>',
        '<item><guid isPermaLink="false">https://news.example/no</guid></item>',
        "<item><guid>https://news.example/2</guid></item>",
        item("https://news.example/1", "again"),
        item("//other.example/3?a=1&amp;b=2"),
    )
    assert links(feed) == ["https://news.example/1", "https://news.example/2", "https://other.example/3?a=1&b=2"]


def test_a_feed_that_breaks_off_gives_what_it_has() -> None:
    assert links(rss(item("/1"), item("/2"))[:-20]) == ["https://news.example/1", "https://news.example/2"]


def test_a_feed_without_entries_is_one() -> None:
    assert links(rss()) == []


@pytest.mark.parametrize(
    "text",
    [
        "<html><body><p>Мост</p></body></html>",
        '{"version": "https://jsonfeed.org/version/1.1"}',
        "<?xml version='1.0'?><a/>",
        "Мост",
    ],
)
def test_what_is_not_a_feed(text: str) -> None:
    with pytest.raises(
        Unreadable, match="not an RSS or Atom feed; give the address of the site's feed, or add the page itself"
    ):
        read_feed(text.encode(), URL)


def test_a_page_that_names_its_feed() -> None:
    page = '<html><head><link rel="alternate" type="application/rss+xml" href="/rss"></head><body>Мост</body></html>'
    with pytest.raises(Unreadable, match=r"the site's feed \(https://news\.example/rss\)"):
        read_feed(page.encode(), URL)


def test_a_local_file_is_not_opened(tmp_path: Path) -> None:
    """feedparser takes bytes for a file name first."""
    (tmp_path / "secret.xml").write_text(rss(item("/secret")))
    with pytest.raises(Unreadable, match="not an RSS or Atom feed"):
        read_feed(str(tmp_path / "secret.xml").encode(), URL)


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE r [<!ENTITY % a SYSTEM "http://127.0.0.1:9/x.dtd"> %a;]>',
    ],
    ids=["laughs", "local file", "network"],
)
@pytest.mark.parametrize("charset", ["utf-8", "utf-16"])
def test_entities_are_refused(head: str, charset: str) -> None:
    with pytest.raises(Unreadable, match="declares XML entities"):
        read_feed(rss(item("/1", "&a;"), head=head).encode(charset), URL)


def test_a_document_type_without_entities_is_harmless() -> None:
    doctype = '<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "http://127.0.0.1:9/rss-0.91.dtd">'
    assert links(rss(item("/1"), head=doctype)) == ["https://news.example/1"]


def test_a_feed_over_the_limit() -> None:
    with pytest.raises(Unreadable, match="larger than 2 MB"):
        read_feed(b" " * (LARGEST_FEED_BYTES + 1), URL)


@given(
    st.lists(
        st.sampled_from(
            [*"<>&;![]/\"'= x", "<item>", "</item>", "<link>", "<title", "<!--", "<![CDATA[", "<rss version='2.0'>"]
        )
    )
)
def test_any_text_gives_entries_or_a_reason(pieces: list[str]) -> None:
    try:
        found = links("".join(pieces))
    except Unreadable:
        found = []
    assert all(link.startswith(("http://", "https://")) for link in found)


@given(st.text(st.characters(exclude_categories=["C"], exclude_characters="<&"), max_size=40))
def test_any_date_is_read_or_left(written: str) -> None:
    assert links(rss(item("/1", published=written))) == ["https://news.example/1"]


def test_polling_gives_what_is_new(site: Site) -> None:
    get = partial(fetch, network=site.network())
    one, two, three = (site.url(f"/{name}") for name in ("1", "2", "3"))
    site.routes["/old"] = redirect("/feed")
    site.routes["/feed"] = reply(rss(item("/2"), item("/1")).encode(), content_type="application/rss+xml", ETag='"v1"')
    entries, state = poll_feed(site.url("/old"), FeedState(), get, now_s=0)
    assert entries == (two, one)
    state = state.took(two)

    site.routes["/feed"] = reply(status=304)
    entries, state = poll_feed(site.url("/old"), state, get, now_s=0)
    assert site.asked[-1][1]["If-None-Match"] == '"v1"'
    assert entries == (one,)  # it waits from before
    state = state.took(one)
    assert poll_feed(site.url("/old"), state, get, now_s=0) == ((), state)

    site.routes["/feed"] = reply(
        rss(item("/3"), item("/2")).encode(), content_type="text/xml", Last_Modified="Sun, 01 Jun 2025"
    )
    entries, state = poll_feed(site.url("/old"), state, get, now_s=0)
    assert entries == (three,)
    assert (state.etag, state.last_modified, set(state.taken)) == ("", "Sun, 01 Jun 2025", {one, two})


def test_what_the_feed_no_longer_lists_does_not_wait(site: Site) -> None:
    site.routes["/feed"] = reply(rss(item("/2")).encode(), content_type="text/xml")
    waiting = FeedState(waiting=(site.url("/1"),))
    entries, state = poll_feed(site.url("/feed"), waiting, partial(fetch, network=site.network()), now_s=0)
    assert entries == state.waiting == (site.url("/2"),)


def test_the_memory_of_a_feed_is_bounded_but_never_forgets_what_is_listed(site: Site) -> None:
    site.routes["/feed"] = reply(rss(item("/0"), item("/1")).encode(), content_type="text/xml")
    taken = tuple(site.url(f"/{number}") for number in range(5000))
    entries, state = poll_feed(site.url("/feed"), FeedState(taken=taken), partial(fetch, network=site.network()), now_s=0)
    assert entries == ()
    assert len(state.taken) == 2002
    assert {site.url("/0"), site.url("/4999")} <= set(state.taken)


@pytest.mark.parametrize(
    ("route", "error"),
    [
        (reply(b"<html><p>x</p></html>"), Unreadable),
        (reply(status=500), Unreachable),
        (reply(b"x", content_type="image/png"), Unreadable),
    ],
)
def test_a_feed_that_is_none(site: Site, route: Route, error: type[CoopbotError]) -> None:
    site.routes["/feed"] = route
    with pytest.raises(error, match=rf"^{site.url('/feed')}: "):
        poll_feed(site.url("/feed"), FeedState(), partial(fetch, network=site.network()), now_s=0)


def test_states_of_earlier_versions_are_read() -> None:
    entry = {"url": "https://news.example/2", "title": "Мост", "published": None}
    stored = json.dumps({"taken": ["https://news.example/1"], "waiting": [entry]})
    expected = FeedState(taken=("https://news.example/1",), waiting=("https://news.example/2",))
    assert from_json(FeedState, stored) == expected
    assert from_json(FeedState, to_json(FeedState, expected)) == expected


def test_a_try_is_waited_after_longer_each_time_and_given_up_at_last() -> None:
    entry = f"{URL}/1"
    state, now_s, waits = FeedState(waiting=(entry,)), 1e9, []
    while state.waiting:
        assert state.due(now_s) == (entry,)
        state = state.trying(entry, now_s)
        assert state.due(now_s) == ()
        wait_s = 600
        while not state.due(now_s + wait_s):
            assert not state.due(now_s + wait_s - 1)
            wait_s = min(2 * wait_s, 86_400)
        assert not state.due(now_s + wait_s - 1)
        waits.append(wait_s)
        now_s += wait_s
        state = state.without_hopeless()
    assert waits == [600, 1200, 2400, 4800, 9600, 19200, 38400, 76800, 86400, 86400]
    assert state == FeedState(taken=(entry,))


def test_a_clock_that_was_set_back_makes_nothing_wait() -> None:
    entry = f"{URL}/1"
    state = FeedState(waiting=(entry,)).trying(entry, 1e9)
    assert state.due(1e9 - 3600) == (entry,)


def test_tries_are_kept_and_those_of_entries_that_are_listed_no_more_forgotten() -> None:
    state = FeedState(waiting=(f"{URL}/1",)).trying(f"{URL}/1", 5.0)
    assert from_json(FeedState, to_json(FeedState, state)) == state

    def fetch_other(url: str, **_: object) -> Fetched:
        return Fetched(url=url, content=rss(item("https://news.example/2")).encode(), name="feed.xml")

    entries, after = poll_feed(URL, state, fetch_other, now_s=5.0)
    assert entries == ("https://news.example/2",)
    assert after.tries == ()
