from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from coopbot.errors import Busy, Misconfigured, Unreachable
from coopbot.serve.changes import Changes
from coopbot.serve.watch import follow, is_article_path, poll, watch
from coopbot.state import State
from tests.fakes import BagOfWords, make_article
from tests.serve.fake_editor import FakeEditor


class Told:
    """Counts calls, and raises what it is given, once each."""

    def __init__(self, *errors: Exception) -> None:
        self.count = 0
        self._errors = list(errors)

    def beyond(self, count: int) -> bool:
        return self.count > count

    def __call__(self) -> None:
        self.count += 1
        if self._errors:
            raise self._errors.pop(0)


@contextmanager
def watched(folder: Path, changed: Callable[[], None], settle_ms: int = 30) -> Iterator[None]:
    """`folder` watched with short times."""
    stop = threading.Event()
    times = {"settle_ms": settle_ms, "at_most_ms": 60_000}
    thread = threading.Thread(target=watch, args=(folder, changed, stop), kwargs={**times, "look_s": 0.05})
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    (folder / "en").mkdir(parents=True)
    (folder / "en" / "bridge.md").write_text("The bridge opened in 2022.")
    return folder


def test_existing_articles_are_reported_once(corpus: Path) -> None:
    changed = Told()
    with watched(corpus, changed):
        until(lambda: changed.count == 1)
        time.sleep(0.2)
    assert changed.count == 1


@pytest.mark.parametrize("change", ["write", "overwrite", "rename", "delete", "new folder", "folder away"])
def test_each_change_is_reported(corpus: Path, change: str) -> None:
    changed = Told()
    with watched(corpus, changed):
        until(lambda: changed.count == 1)
        bridge = corpus / "en" / "bridge.md"
        match change:
            case "write":
                (corpus / "port.txt").write_text("The port is new.")
            case "overwrite":
                bridge.write_text("The bridge opened in November 2022.")
            case "rename":
                aside = corpus / "en" / ".bridge.tmp"
                aside.write_text("The bridge opened late.")
                aside.replace(bridge)
            case "delete":
                bridge.unlink()
            case "new folder":
                (corpus / "ru" / "2025.05").mkdir(parents=True)
                (corpus / "ru" / "2025.05" / "most.md").write_text("Мост открыт.")
            case _:
                (corpus / "en").rename(corpus.parent / "elsewhere")
        until(lambda: changed.count >= 2)


def test_many_files_at_once_are_reported_as_one_change_or_two(corpus: Path) -> None:
    changed = Told()
    with watched(corpus, changed, settle_ms=500):  # more than a busy machine lets pass between two of the files
        until(lambda: changed.count == 1)
        for number in range(100):
            (corpus / "en" / f"{number}.md").write_text(f"Note {number}.")
        until(lambda: changed.count >= 2)
        time.sleep(0.2)
    assert changed.count <= 3


def test_hidden_and_temporary_files_are_not_changes(corpus: Path) -> None:
    changed = Told()
    with watched(corpus, changed):
        until(lambda: changed.count == 1)
        (corpus / ".git").mkdir()
        for name in (
            ".hidden.md",
            ".git/index.md",
            "en/bridge.md~",
            "en/~$report.docx",
            "en/page.html.part",
            "en/.bridge.md.swp",
        ):
            (corpus / name).write_text("not an article")
        time.sleep(0.2)
    assert changed.count == 1


@pytest.mark.parametrize(
    ("path", "counts"),
    [
        ("en/bridge.md", True),
        ("мост.docx", True),
        ("2025.05/桥.html", True),
        ("parts/part.md", True),
        ("a~b.md", True),
        (".hidden.md", False),
        (".drafts/bridge.md", False),
        ("en/.tmp1234.tmp", False),
        ("en/bridge.md~", False),
        ("~$report.docx", False),
        ("#bridge.md#", False),
        ("en/.bridge.md.swp", False),
        ("page.html.part", False),
        ("page.html.crdownload", False),
        ("copying.tmp/bridge.md", False),
    ],
)
def test_paths_of_articles(path: str, counts: bool) -> None:
    assert is_article_path(path) is counts


def test_a_folder_that_is_hidden_itself_can_be_watched(tmp_path: Path) -> None:
    corpus, changed = tmp_path / ".hidden" / "corpus", Told()
    corpus.mkdir(parents=True)
    with watched(corpus, changed):
        until(lambda: changed.count == 1)
        (corpus / "bridge.md").write_text("The bridge is open.")
        until(lambda: changed.count == 2)


@pytest.mark.parametrize("there", ["missing", "a file"])
def test_a_missing_folder_is_logged_once_and_waited_for(tmp_path: Path, there: str) -> None:
    corpus, changed = tmp_path / "corpus", Told()
    if there == "a file":
        corpus.write_text("not a folder")
    with capture_logs() as logs, watched(corpus, changed):
        until(lambda: bool(logs))
        time.sleep(0.15)
        assert changed.count == 0
        corpus.unlink(missing_ok=True)
        corpus.mkdir()
        until(lambda: changed.count == 1)
        (corpus / "bridge.md").write_text("The bridge is open.")
        until(lambda: changed.count >= 2)
    assert {(entry["event"], entry["folder"]) for entry in logs} == {("corpus_not_watched", str(corpus))}
    reasons = [entry["reason"] for entry in logs]
    assert reasons[0] == ("No such file or directory" if there == "missing" else "Not a directory")
    # The watch may look between the file's end and the folder's beginning, which is a reason of its own.
    assert len(reasons) == len(set(reasons))


def test_a_folder_that_vanishes_is_watched_again_when_it_returns(corpus: Path) -> None:
    changed = Told()
    with capture_logs() as logs, watched(corpus, changed):
        until(lambda: changed.count == 1)
        shutil.rmtree(corpus)
        until(lambda: any(entry["event"] == "corpus_not_watched" for entry in logs))
        before = changed.count
        corpus.mkdir()
        (corpus / "bridge.md").write_text("The bridge is open.")
        until(partial(changed.beyond, before))
        before = changed.count
        (corpus / "port.md").write_text("The port is open.")
        until(partial(changed.beyond, before))


def test_a_folder_put_in_place_of_another_is_watched(corpus: Path) -> None:
    changed = Told()
    with watched(corpus, changed):
        until(lambda: changed.count == 1)
        fresh = corpus.parent / "fresh"
        fresh.mkdir()
        corpus.rename(corpus.parent / "old")
        fresh.rename(corpus)
        until(lambda: changed.count >= 2)
        before = changed.count
        (corpus / "port.md").write_text("The port is open.")
        until(partial(changed.beyond, before))


def test_a_folder_recreated_at_once_is_watched(corpus: Path) -> None:
    changed = Told()
    with watched(corpus, changed):
        for _ in range(5):
            before = changed.count
            shutil.rmtree(corpus)
            corpus.mkdir()
            until(partial(changed.beyond, before))
            before = changed.count
            (corpus / "port.md").write_text("The port is open.")
            until(partial(changed.beyond, before))


def test_after_busy_the_change_is_reported_again_and_other_errors_are_logged(corpus: Path) -> None:
    changed = Told(
        Busy("another process writes"), Busy("another process writes"), Misconfigured("no; see https://a.example/?k=v")
    )
    with capture_logs() as logs, watched(corpus, changed):
        until(lambda: changed.count == 3)
        (corpus / "port.md").write_text("The port is open.")
        until(lambda: changed.count >= 4)
    assert [(e["event"], e["error"], e["reason"]) for e in logs] == [
        ("change_not_taken", "Misconfigured", "no; see https://a.example/")
    ]


class Time(threading.Event):
    """A clock that waiting moves, and the event that ends it at `end_s`."""

    def __init__(self, end_s: float) -> None:
        super().__init__()
        self.now_s, self._end_s = 1000.0, 1000.0 + end_s

    def clock(self) -> float:
        return self.now_s

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        assert timeout > 0
        self.now_s += timeout
        if self.now_s >= self._end_s:
            self.set()
        return self.is_set()


@pytest.mark.parametrize(
    ("takes_s", "starts_s"),
    [
        (0, [0, 60, 120, 180]),
        (10, [0, 60, 120, 180]),
        (59, [0, 60, 120, 180]),
        (60, [0, 120]),
        (70, [0, 120]),
        (130, [0, 180]),
    ],
)
def test_feeds_are_read_on_schedule_however_long_that_takes(takes_s: float, starts_s: list[float]) -> None:
    time_ = Time(end_s=200)
    starts = []

    def visit(feed: str) -> None:
        starts.append(time_.now_s - 1000)
        time_.now_s += takes_s

    poll(["https://a.example/feed"], visit, time_, every_s=60, clock=time_.clock)
    assert starts == starts_s


def test_one_failing_feed_does_not_stop_the_next_and_is_logged_without_secrets() -> None:
    feeds = [
        "https://user:word@a.example/rss?key=hidden#hidden",
        "https://b.example/crash?key=hidden",
        "https://c.example/feed",
    ]
    read = []

    def visit(feed: str) -> None:
        read.append(feed)
        if "a.example" in feed:
            raise Unreachable(feed, "answered 503")
        if "b.example" in feed:
            raise RuntimeError(feed)

    time_ = Time(end_s=100)
    with capture_logs() as logs:
        poll(feeds, visit, time_, every_s=60, clock=time_.clock)
    assert read == feeds * 2
    assert [(e["event"], e["feed"], e["error"]) for e in logs[:2]] == [
        ("feed_failed", "https://a.example/rss", "Unreachable"),
        ("feed_crashed", "https://b.example/crash", "RuntimeError"),
    ]
    assert "answered 503" in logs[0]["reason"]
    for secret in ("hidden", "word"):
        assert secret not in str(logs)


def test_polling_stops_within_a_round() -> None:
    time_ = Time(end_s=1000)
    read = []

    def visit(feed: str) -> None:
        read.append(feed)
        time_.set()

    poll(["a", "b"], visit, time_, every_s=60, clock=time_.clock)
    assert read == ["a"]


def test_watched_changes_are_requested_and_the_threads_end(corpus: Path, tmp_path: Path) -> None:
    editor = FakeEditor(tmp_path / "index", BagOfWords(), [make_article("en/bridge", "The bridge opened in 2022.")])
    state = State(None)
    with Changes(editor, state) as changes, follow(changes, corpus, ["https://a.example/feed"], every_s=3600):
        read = "SELECT COUNT(*) FROM changes WHERE kind = 'feed' AND state = 'done'"
        until(lambda: state.number(read) == 1 and editor.rebuilds == 1 and changes.unfinished == 0)
        names = {thread.name for thread in threading.enumerate()}
    assert {"coopbot-changes", "coopbot-watch", "coopbot-poll"} <= names
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("coopbot-")]
