"""The pages that articles cite, fetched from a server that behaves as sites do."""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import islice, pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from coopbot.domain import Article
from coopbot.editing import CITED_FOLDER, CorpusEditor
from coopbot.errors import Unreachable
from coopbot.index.build import BuildReport
from coopbot.index.model.embedder import Progress
from coopbot.ingest.corpus.store import Corpus
from coopbot.ingest.web.cited import Visit, cited_pages, states_any
from coopbot.ingest.web.content import ARTICLES
from coopbot.ingest.web.fetch import Fetch, Fetched, Network, fetch
from coopbot.ingest.web.polite import Polite
from coopbot.state import State
from tests.fakes import Clock, article_of
from tests.ingest.web import LOOPBACK, Out, Route, Site, names, redirect, reply, serving

pytestmark = pytest.mark.server

HOSTS = [f"site{number}.example" for number in range(8)]
DAY_S = 86_400.0


class Noting:
    """A fetch that notes when each host was asked."""

    def __init__(self, network: Network, clock: Clock) -> None:
        self.network, self.clock = network, clock
        self.asked_at: dict[str, list[float]] = {}

    def __call__(self, url: str, *, kinds: Mapping[str, str] = ARTICLES, etag: str = "", last_modified: str = "") -> Fetched:
        self.asked_at.setdefault(urlsplit(url).hostname or "", []).append(self.clock())
        return fetch(url, kinds=kinds, etag=etag, last_modified=last_modified, network=self.network)


def page(number: int, tonnes: int) -> bytes:
    text = (
        f"<p>The port of town {number} handled {tonnes} tonnes of timber, its director Ivan Petrov{number} said.</p>"
        f"<p>Ships from harbour number {number} take it across the lake, which is frozen for {number + 3} weeks.</p>"
    )
    title = f"<title>Timber in port {number}</title>"
    return f"<html><head>{title}</head><body><article><h1>Timber in port {number}</h1>{text}</article></body></html>".encode()


def brief(urls: list[str]) -> str:
    notes = "".join(f"  N{n}: {{sources: [{{publisher: Port News, url: {url!r}}}]}}\n" for n, url in enumerate(urls))
    text = "\n\n".join(f"Port {n} handled {5000 + n} tonnes of timber.[^N{n}]" for n in range(len(urls)))
    return f"---\ntitle: Ports\nlanguage: en\nfootnotes:\n{notes}---\n{text}\n"


def conditional(site: Site, body: bytes) -> Route:
    """A page with an ETag, which answers 304 to who has it."""

    def write(out: Out) -> None:
        _, headers = site.asked[-1]
        (reply(status=304, ETag='"1"') if headers["If-None-Match"] == '"1"' else reply(body, ETag='"1"'))(out)

    return write


def slow(out: Out) -> None:
    time.sleep(1.5)
    reply(page(0, 1))(out)


def editor(folder: Path, get: Fetch, now_s: float = 1e9) -> CorpusEditor:
    def reindex(progress: Progress) -> BuildReport:
        raise AssertionError("the corpus alone is changed here")

    state = State(folder / "state.sqlite", now_s=lambda: now_s)
    return CorpusEditor(corpus=Corpus(folder / "corpus"), state=state, rebuild=reindex, fetch=get)


def visits(folder: Path, get: Fetch, clock: Clock, now_s: float = 1e9, most: int = 1000) -> dict[str, Visit]:
    polite = Polite(get, clock=clock, sleep=clock.sleep)
    return dict(islice(editor(folder, get, now_s).add_cited(polite), most))


def test_two_hundred_cited_pages(tmp_path: Path) -> None:
    with serving() as site:
        clock = Clock()
        get = Noting(site.network(resolve=names(dict.fromkeys(HOSTS, (LOOPBACK,))), limit_s=1.0), clock)
        paths = [f"/port/{number}" for number in range(200)]
        urls = [site.url(path, HOSTS[number % 7]) for number, path in enumerate(paths)]
        urls[199] = site.url(paths[199], HOSTS[7])
        site.routes["/robots.txt"] = reply(b"User-agent: *\nDisallow: /port/19", content_type="text/plain")
        for number, path in enumerate(paths):
            body = page(number, 5000 + number)
            match number % 10:
                case 0:
                    site.routes[path] = reply(status=404 if number % 20 else 410)
                case 1:
                    site.routes[path] = redirect(f"/moved{path}", 301)
                    site.routes[f"/moved{path}"] = reply(body)
                case 2:
                    site.routes[path] = reply(page(number, 77))
                case 3:
                    site.routes[path] = reply(b"<html><body><p>Subscribe to read on</p></body></html>")
                case 4:
                    site.routes[path] = redirect("/")
                case 5:
                    site.routes[path] = reply(status=403)
                case _:
                    site.routes[path] = conditional(site, body)
        site.routes["/"] = reply(page(0, 5004))
        site.routes["/port/17"] = slow
        (tmp_path / "corpus" / "en").mkdir(parents=True)
        (tmp_path / "corpus" / "en" / "ports.md").write_text(brief(urls))

        # Interrupted, then gone on with.
        first = visits(tmp_path, get, clock, most=60)
        second = visits(tmp_path, get, clock)
        silent = {url for url, visit in first.items() if visit.outcome == "silent"}
        assert first.keys() & second.keys() == silent
        every = {**first, **second}
        assert every.keys() == set(urls)
        assert "longer than 1 s" in every[urls[17]].reason
        # All that begin with 19, by robots.txt, and one of ten.
        assert sum(visit.outcome == "forbidden" for visit in every.values()) == 11 + 19
        assert sum(visit.outcome == "gone" for visit in every.values()) == 38  # 404, 410, and the front page
        assert sum(visit.outcome == "different" for visit in every.values()) == 19
        assert sum(visit.outcome == "unreadable" for visit in every.values()) == 19
        for asked in get.asked_at.values():
            assert all(later - sooner >= 1 for sooner, later in pairwise(asked))

        corpus = {found.url: found for found in Corpus(tmp_path / "corpus") if isinstance(found, Article)}
        assert corpus[urls[1]].text.startswith("The port of town 1 handled 5001 tonnes")
        assert all(one.article_id.startswith(f"{CITED_FOLDER}/en/") for url, one in corpus.items() if url)

        # The next day nothing is fetched that has not changed.
        site.routes["/port/6"] = reply(page(6, 5006).replace(b"its director", b"its new director"))
        again = visits(tmp_path, get, clock, 1e9 + DAY_S)
        assert again[urls[6]].outcome == "added"
        assert again[urls[7]].outcome == "unchanged"
        assert "new director" in Corpus(tmp_path / "corpus").read(every[urls[6]].article_id).text


def test_a_page_that_was_removed_is_fetched_again(tmp_path: Path) -> None:
    with serving() as site:
        clock = Clock()
        get = Noting(site.network(), clock)
        site.routes["/a"] = conditional(site, page(0, 5000))
        (tmp_path / "corpus").mkdir()
        (tmp_path / "corpus" / "ports.md").write_text(brief([site.url("/a")]))
        (visit,) = visits(tmp_path, get, clock).values()
        assert visits(tmp_path, get, clock) == {}
        Corpus(tmp_path / "corpus").remove(visit.article_id)
        (again,) = visits(tmp_path, get, clock).values()
        assert again.outcome == "added"


def test_a_site_that_does_not_say_what_it_permits_is_asked_once(tmp_path: Path) -> None:
    with serving() as site:
        site.routes["/robots.txt"] = reply(status=503)

        clock = Clock()
        get = Noting(site.network(), clock)
        polite = Polite(get, clock=clock, sleep=clock.sleep)
        for path in ("/a", "/b"):
            with pytest.raises(Unreachable, match="503"):
                polite.permits(site.url(path))
        assert [path for path, _ in site.asked] == ["/robots.txt"]
        site.routes["/robots.txt"] = reply(b"User-agent: *\nCrawl-delay: 7", content_type="text/plain")
        site.routes["/a"] = reply(page(0, 1))
        polite = Polite(get, clock=clock, sleep=clock.sleep)
        assert polite.permits(site.url("/a"))
        polite(site.url("/a"))
        polite(site.url("/a"))
        assert clock() == 8


def test_what_fetched_pages_cite_is_not_asked_for() -> None:
    ours = article_of("en/ports", brief(["https://news.example/a"]))
    theirs = article_of("cited/en/a", brief(["https://news.example/b"]).replace("language: en", "url: https://news.example/a"))
    assert cited_pages([ours, theirs]) == {"https://news.example/a": ("Port 0 handled 5000 tonnes of timber.",)}


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ("В 2025 году порт перевалил 38,8 млрд кубометров.", True),
        ("In 2025 the port handled 12 ships.", False),
        ("Subscribe to read on.", False),
    ],
)
def test_a_page_states_what_it_is_cited_for_in_any_language(text: str, states: bool) -> None:
    assert states_any(text, ["It was 38.8 billion cubic metres in 2025."]) == states
    assert states_any(text, ["The director is Ivan Petrov."])
