from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from xml.etree import ElementTree

import feedparser
import pytest
from fastapi.testclient import TestClient

from coopbot.domain import Article
from coopbot.index.build import build
from coopbot.index.live import LiveIndex
from coopbot.serve.http.feed import atom
from tests.fakes import BagOfWords, make_article
from tests.serve.small_service import built, service_over

NOW = "2026-01-01T00:00:00+00:00"


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with TestClient(service_over(built(tmp_path_factory.mktemp("index")), public_url="https://coopbot.example/")) as client:
        yield client


def test_a_feed_reader_reads_every_article(http: TestClient) -> None:
    response = http.get("/v1/feed")
    assert response.headers["content-type"] == "application/atom+xml"
    feed = feedparser.parse(response.content)
    assert not feed.bozo
    assert feed.version == "atom10"
    assert {entry.title for entry in feed.entries} == {"Bridge [opened](now)", "Порт", "园区"}
    links = {entry.title: entry.link for entry in feed.entries}
    assert links["Bridge [opened](now)"] == "https://news.example/a?b=(c)"
    assert links["园区"] == "https://coopbot.example/article/zh/park"
    assert all(entry.id and entry.updated == "2025-05-10T00:00:00Z" and entry.author for entry in feed.entries)


def test_the_feed_can_be_limited_to_languages(http: TestClient) -> None:
    feed = feedparser.parse(http.get("/v1/feed", params={"languages": ["zh", "ru"]}).content)
    assert {entry.title for entry in feed.entries} == {"Порт", "园区"}
    assert http.get("/v1/feed", params={"languages": "fr"}).status_code == 422


def test_an_unchanged_feed_is_not_sent_again(http: TestClient) -> None:
    tag = http.get("/v1/feed").headers["etag"]
    again = http.get("/v1/feed", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert http.get("/v1/feed", headers={"If-None-Match": '"other"'}).status_code == 200


def test_the_feed_has_the_newest_fifty_dated_articles(tmp_path: Path) -> None:
    def article(number: int) -> Article:
        day = date(2025, 1, 1) + timedelta(days=number)
        return make_article(f"en/a{number % 7}-{number}", f"Number {number}.", title=f"n{number}", published=day)

    articles = [*map(article, range(60)), make_article("en/undated", "Nobody knows when.", published=None)]
    build(articles, BagOfWords(), tmp_path, model="bag of words", precision="f32")
    with TestClient(service_over(LiveIndex(tmp_path, BagOfWords().fingerprint))) as http:
        feed = feedparser.parse(http.get("/v1/feed").content)
    assert [entry.title for entry in feed.entries] == [f"n{number}" for number in range(59, 9, -1)]


def test_a_summary_has_no_marks_of_headings() -> None:
    article = make_article("en/x", "## Traffic\n\nIt opened.\n\n### Cargo\n\nNo. #1.")
    root = ElementTree.fromstring(atom([article], base="", address="https://x.example/v1/feed", updated=NOW))
    assert root.findtext(".//{*}summary") == "Traffic It opened. Cargo No. #1."


def test_titles_with_any_characters_give_valid_xml() -> None:
    hostile = make_article("en/x", "a\x00b <c> & d" * 200, title="]]><script>\x0b\ufffe&", publisher="")
    root = ElementTree.fromstring(atom([hostile], base="", address="https://x.example/v1/feed", updated=NOW))
    title = root.findtext(".//{*}entry/{*}title")
    assert title == "]]><script>&"
    summary = root.findtext(".//{*}summary") or ""
    assert summary.endswith("...")
    assert len(summary) <= 504
