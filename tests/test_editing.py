from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from coopbot.editing import CorpusEditor, failed
from coopbot.errors import Busy, CoopbotError, Duplicate, Unreachable, Unreadable
from coopbot.index.build import BuildReport
from coopbot.index.model.embedder import Progress
from coopbot.ingest.corpus.store import Corpus
from coopbot.ingest.draft import Draft
from coopbot.ingest.web.content import ARTICLES
from coopbot.ingest.web.fetch import Fetched
from coopbot.state import State

FEED = "https://news.example/feed.xml"
ITEMS = "".join(
    f"<item><title>{name}</title><link>https://news.example/{name}</link></item>" for name in ("ferry", "harbour", "photo")
)
PAGES = {
    FEED: f'<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>{ITEMS}</channel></rss>',
    "https://news.example/ferry": "The ferry carries 400 passengers a day across the river from May to October.",
    "https://news.example/photo": "",
}


class Web:
    """Pages by address; what is not among them does not answer."""

    def __init__(self, pages: Mapping[str, str]) -> None:
        self.pages = dict(pages)
        self.asked: list[str] = []

    def __call__(self, url: str, *, kinds: Mapping[str, str] = ARTICLES, etag: str = "", last_modified: str = "") -> Fetched:
        self.asked.append(url)
        if url not in self.pages:
            raise Unreachable(url, "does not answer; try again later")
        if not self.pages[url]:
            raise Unreadable(url, "the page is empty; give another")
        name = "feed.xml" if url == FEED else f"{url.rpartition('/')[2]}.md"
        return Fetched(url=url, content=self.pages[url].encode(), name=name)


def editor(folder: Path, web: Web, now_s: float = 1e9) -> CorpusEditor:
    def reindex(progress: Progress) -> BuildReport:
        raise AssertionError("the corpus alone is changed here")

    corpus, state = Corpus(folder / "corpus"), State(folder / "state.sqlite", now_s=lambda: now_s)
    return CorpusEditor(corpus=corpus, state=state, rebuild=reindex, fetch=web)


def test_a_feed_is_taken_once_and_what_did_not_answer_again(tmp_path: Path) -> None:
    web = Web(PAGES)
    results = dict(editor(tmp_path, web).add_feed(FEED))
    ferry, harbour, photo = (results[f"https://news.example/{name}"] for name in ("ferry", "harbour", "photo"))
    assert not isinstance(ferry, CoopbotError)
    assert ferry.article.url == "https://news.example/ferry"
    assert isinstance(harbour, Unreachable)
    assert isinstance(photo, Unreadable)
    web.asked.clear()
    web.pages["https://news.example/harbour"] = "The harbour is frozen from November to April, and ships wait outside."
    assert list(editor(tmp_path, web, 1e9 + 599).add_feed(FEED)) == []
    web.asked.clear()
    again = dict(editor(tmp_path, web, 1e9 + 600).add_feed(FEED))
    assert web.asked == [FEED, "https://news.example/harbour"]
    assert not failed(again["https://news.example/harbour"])


class Killed(BaseException):
    """The end of the process in the middle of an entry."""


def test_an_entry_that_ended_the_process_does_not_come_again_at_once(tmp_path: Path) -> None:
    def kill(data: bytes, name: str) -> Draft:
        raise Killed

    web = Web(PAGES)
    with pytest.raises(Killed):
        list(replace(editor(tmp_path, web), read=kill).add_feed(FEED))
    web.asked.clear()
    results = dict(editor(tmp_path, web, 1e9 + 1).add_feed(FEED))  # the next start
    assert web.asked == [FEED, "https://news.example/harbour", "https://news.example/photo"]
    assert "https://news.example/ferry" not in results
    results = dict(editor(tmp_path, web, 1e9 + 600).add_feed(FEED))
    assert not failed(results["https://news.example/ferry"])


def test_an_entry_is_not_to_blame_while_another_process_writes(tmp_path: Path) -> None:
    def busy(data: bytes, name: str) -> Draft:
        raise Busy("another process is writing")

    web = Web(PAGES)
    results = dict(replace(editor(tmp_path, web), read=busy).add_feed(FEED))
    assert isinstance(results["https://news.example/ferry"], Busy)
    results = dict(editor(tmp_path, web, 1e9 + 1).add_feed(FEED))
    assert not failed(results["https://news.example/ferry"])


def test_stopping_ends_the_document_being_read(tmp_path: Path) -> None:
    ended: list[bool] = []
    replace(editor(tmp_path, Web({})), stop=lambda: ended.append(True)).stop()
    assert ended == [True]


def test_a_folder_gives_its_readable_files_and_hidden_ones_stay_hidden(tmp_path: Path) -> None:
    folder = tmp_path / "inbox"
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "hidden.md").write_text("# Hidden\n\nText.")
    (folder / "one.md").write_text("# One\n\nThe first text.")
    (folder / "two.md").write_text("# Two\n\nThe first text.")
    (folder / "image.png").write_bytes(b"x")
    results = dict(editor(tmp_path, Web({})).add_path(folder))
    assert sorted(Path(name).name for name in results) == ["one.md", "two.md"]
    assert isinstance(results[str(folder / "two.md")], Duplicate)
    assert not any(map(failed, results.values()))


def test_a_folder_without_readable_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="no file in a supported format"):
        list(editor(tmp_path, Web({})).add_path(tmp_path))
