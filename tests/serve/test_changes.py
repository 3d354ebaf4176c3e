from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from coopbot.errors import Busy, CoopbotError, Duplicate, IndexBroken, NotFound, Unreachable
from coopbot.index.live import LiveIndex
from coopbot.ingest.draft import Draft
from coopbot.records import to_json
from coopbot.serve.changes import MOST_STARTS, Change, Changes, Limits
from coopbot.state import State
from tests.fakes import BagOfWords, Clock, make_article
from tests.serve.fake_editor import FakeEditor, finished

BRIDGE = make_article("en/bridge", "The railway bridge opened in 2022.", title="Bridge", url="https://news.example/bridge")
PORT = Draft(title="Port", text="The port loads 60 million tonnes a year.")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    FakeEditor(folder, BagOfWords(), [BRIDGE]).rebuild(lambda done, total: None)
    return folder


@pytest.fixture
def editor(tmp_path: Path, built: Path) -> FakeEditor:
    shutil.copytree(built, tmp_path / "index")
    return FakeEditor(tmp_path / "index", BagOfWords(), [BRIDGE])


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def changes(editor: FakeEditor, clock: Clock) -> Iterator[Changes]:
    with Changes(editor, State(None), clock=clock, sleep=clock.sleep) as running:
        yield running
        editor.gate.set()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def held(changes: Changes, editor: FakeEditor) -> Change:
    """A rebuild that goes on until the gate is opened, so that what comes after it waits."""
    editor.gate.clear()
    change = changes.rebuild()
    assert editor.rebuilding.wait(30)
    return change


def test_an_article_goes_through_corpus_and_index(changes: Changes, editor: FakeEditor) -> None:
    index = LiveIndex(editor.index_dir, editor.embedder.fingerprint)
    queued = changes.add_draft(PORT)
    assert (queued.state, queued.kind, queued.article_id, queued.started_at) == ("queued", "add", None, None)
    change = finished(changes, queued)
    assert (change.state, change.article_id, change.title, change.effect, change.error) == (
        "done",
        "en/port",
        "Port",
        "added",
        None,
    )
    assert change.report is not None
    assert (change.report.added, change.report.reused, change.report.embedded) == (("en/port",), 1, 1)
    assert (change.done, change.total) == (1, 1)
    assert change.started_at is not None
    assert change.finished_at is not None
    assert change.created_at <= change.started_at <= change.finished_at
    assert index.current().snapshot_id == change.report.snapshot
    assert index.current().article("en/port") is not None


def test_a_new_text_of_an_address_replaces_the_article_and_says_so(changes: Changes, editor: FakeEditor) -> None:
    editor.web[BRIDGE.url] = Draft(title="Bridge", text="Correction: the railway bridge opened in November 2022.")
    change = finished(changes, changes.add_url(BRIDGE.url))
    assert (change.article_id, change.effect) == ("en/bridge", "replaced")
    assert change.report is not None
    assert change.report.changed == ("en/bridge",)


def test_removal_reaches_the_index(changes: Changes, editor: FakeEditor) -> None:
    finished(changes, changes.add_draft(PORT))
    change = finished(changes, changes.remove("en/bridge"))
    assert (change.kind, change.state, change.article_id, change.effect) == ("remove", "done", "en/bridge", "removed")
    assert change.report is not None
    assert change.report.removed == ("en/bridge",)


def test_a_change_that_fails_causes_no_rebuild_and_stops_no_other(changes: Changes, editor: FakeEditor) -> None:
    twice = finished(changes, changes.add_draft(Draft(title="Copy", text=BRIDGE.text)))
    gone = finished(changes, changes.add_url("https://news.example/gone"))
    unknown = finished(changes, changes.remove("en/nothing"))
    assert [type(change.error) for change in (twice, gone, unknown)] == [Duplicate, Unreachable, NotFound]
    assert {(change.state, change.effect, change.report) for change in (twice, gone, unknown)} == {("failed", None, None)}
    assert isinstance(twice.error, Duplicate)
    assert twice.error.article_id == "en/bridge"
    assert editor.rebuilds == 0
    assert finished(changes, changes.add_draft(PORT)).state == "done"


@pytest.mark.parametrize("failure", [IndexBroken("the index is damaged; run: coopbot index"), RuntimeError("secret")])
def test_after_a_failed_rebuild_the_job_reports_the_article_and_the_error(
    changes: Changes, editor: FakeEditor, failure: Exception
) -> None:
    editor.failure = failure
    with capture_logs() as logs:
        change = finished(changes, changes.add_draft(PORT))
    assert (change.state, change.effect, change.report) == ("failed", "added", None)
    known = isinstance(failure, CoopbotError)
    assert (type(change.error), str(change.error)) == (
        (type(failure), str(failure)) if known else (RuntimeError, "an unexpected error")
    )
    assert "en/port" in editor.articles
    assert logs[0]["error"] == type(failure).__name__
    assert logs[0]["reason"] == (str(failure) if isinstance(failure, CoopbotError) else "")
    editor.failure = None
    later = finished(changes, changes.rebuild())
    assert later.report is not None
    assert later.report.added == ("en/port",)


def test_additions_that_wait_together_share_a_rebuild(changes: Changes, editor: FakeEditor) -> None:
    first = held(changes, editor)
    added = [changes.add_draft(Draft(title=f"Note {n}", text=f"Note number {n} of many.")) for n in range(20)]
    added.insert(7, changes.add_draft(Draft(title="Copy", text=BRIDGE.text)))
    editor.gate.set()
    assert finished(changes, first).state == "done"
    results = [finished(changes, change) for change in added]
    assert [change.effect for change in results].count("added") == 20
    for change in results:
        if change.effect:
            assert change.report is not None
            assert change.article_id in change.report.added
        else:
            assert isinstance(change.error, Duplicate)
    assert editor.rebuilds == 2


def test_a_removal_does_not_share_the_rebuild_of_what_it_removes(changes: Changes, editor: FakeEditor) -> None:
    held(changes, editor)
    added, removed = changes.add_draft(PORT), changes.remove("en/port")
    editor.gate.set()
    first, second = finished(changes, added).report, finished(changes, removed).report
    assert first is not None
    assert second is not None
    assert (first.added, second.removed) == (("en/port",), ("en/port",))


def test_slow_additions_do_not_delay_the_first(editor: FakeEditor, clock: Clock) -> None:
    with Changes(editor, State(None), limits=Limits(share_s=1.0), clock=clock, sleep=clock.sleep) as changes:
        editor.before_adding = lambda: clock.sleep(0.6)
        held(changes, editor)
        added = [changes.add_draft(Draft(title=f"Note {n}", text=f"Note number {n} of many.")) for n in range(4)]
        editor.gate.set()
        for change in added:
            finished(changes, change)
    assert editor.rebuilds == 1 + 2


def test_one_waiting_rebuild_is_enough(changes: Changes, editor: FakeEditor) -> None:
    running = held(changes, editor)
    waiting = {changes.rebuild().change_id for _ in range(50)}
    assert len(waiting) == 1
    assert running.change_id not in waiting


def test_a_feed_is_indexed_if_it_has_new_articles_and_read_once_in_a_while(editor: FakeEditor) -> None:
    now_s, feed = [1e9], "https://news.example/feed"
    state = State(None, now_s=lambda: now_s[0])
    with Changes(editor, state) as changes:
        nothing = finished(changes, changes.read_feed(feed, 900))
        assert (nothing.kind, nothing.state, nothing.report, editor.rebuilds) == ("feed", "done", None, 0)
        assert changes.read_feed(feed, 900) is None
        assert changes.read_feed(f"{feed}/of-another", 900) is not None
        now_s[0] += 900
        editor.web = {f"{feed}/port": PORT}
        some = finished(changes, changes.read_feed(feed, 900))
    assert some.report is not None
    assert some.report.added == ("en/port",)


@pytest.mark.parametrize("busy", [1, 2, 100])
def test_a_job_waits_for_another_process(changes: Changes, editor: FakeEditor, clock: Clock, busy: int) -> None:
    editor.busy = busy
    assert finished(changes, changes.add_draft(PORT)).state == "done"
    assert clock.now_s == busy * 0.5


@pytest.mark.parametrize("busy", [121, 200])
def test_a_job_gives_up_waiting_for_another_process(changes: Changes, editor: FakeEditor, clock: Clock, busy: int) -> None:
    editor.busy = busy
    change = finished(changes, changes.add_draft(PORT))
    assert (change.state, change.effect) == ("failed", None)
    assert isinstance(change.error, Busy)
    assert str(change.error).startswith("gave up after 60 s: another process is writing")
    assert clock.now_s == 60


@pytest.mark.parametrize(
    ("limits", "size_bytes", "fit"),
    [(Limits(waiting=3), 10, 3), (Limits(waiting_bytes=25), 10, 2), (Limits(waiting_bytes=25), 26, 0)],
)
def test_too_many_waiting_changes_are_refused(editor: FakeEditor, limits: Limits, size_bytes: int, fit: int) -> None:
    with Changes(editor, State(None), limits=limits) as changes:
        held(changes, editor)
        accepted = [changes.add_file(f"{n:0{size_bytes}}".encode(), f"{n}.txt") for n in range(fit)]
        with pytest.raises(Busy, match="too many changes are waiting; try again"):
            changes.add_file(b"x" * size_bytes, "more.txt")
        assert changes.rebuild().state == "queued"
        editor.gate.set()
        assert {finished(changes, change).state for change in accepted} <= {"done"}


def test_only_the_latest_finished_jobs_are_remembered(editor: FakeEditor) -> None:
    with Changes(editor, State(None), limits=Limits(remembered=2)) as changes:
        made = [changes.add_url(f"https://news.example/{number}") for number in range(4)]
        finished(changes, made[-1])
        assert [changes.get(change.change_id).state for change in made[2:]] == ["failed", "failed"]
        for change in made[:2]:
            with pytest.raises(NotFound, match="no job of that id"):
                changes.get(change.change_id)


def test_unfinished_changes_are_counted(changes: Changes, editor: FakeEditor) -> None:
    assert changes.unfinished == 0
    change = held(changes, editor)
    assert changes.unfinished == 1
    editor.gate.set()
    finished(changes, change)
    assert changes.unfinished == 0


def test_stop_ends_the_running_change_which_waits_for_the_next_process(editor: FakeEditor) -> None:
    before = LiveIndex(editor.index_dir, editor.embedder.fingerprint).current().snapshot_id
    with Changes(editor, State(None)) as changes:
        running = changes.add_draft(PORT)
        editor.gate.clear()
        assert editor.rebuilding.wait(30)
        waiting = changes.add_draft(Draft(title="Late", text="Too late."))
        threading.Timer(0.05, editor.gate.set).start()
    for change in (changes.get(running.change_id), changes.get(waiting.change_id)):
        assert (change.state, change.starts, change.error) == ("queued", 0, None)
    assert changes.get(running.change_id).effect == "added"
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("coopbot-")] == []
    assert LiveIndex(editor.index_dir, editor.embedder.fingerprint).current().snapshot_id == before
    with pytest.raises(Busy, match="stopping"):
        changes.rebuild()


def test_stopping_does_not_wait_for_another_process(editor: FakeEditor) -> None:
    editor.busy = 1_000_000
    with Changes(editor, State(None)) as changes:
        change = changes.rebuild()
        assert editor.rebuilding.wait(30)
    assert changes.get(change.change_id).state == "queued"


def test_secrets_in_addresses_are_not_logged(changes: Changes) -> None:
    with capture_logs() as logs:
        finished(changes, changes.add_url("https://news.example/a?key=hidden#hidden"))
    assert [(entry["event"], entry["error"]) for entry in logs] == [("change_failed", "Unreachable")]
    assert logs[0]["reason"].startswith("https://news.example/a")
    assert "hidden" not in str(logs)


def test_the_next_process_goes_on_with_waiting_and_unindexed_changes(editor: FakeEditor, tmp_path: Path) -> None:
    with Changes(editor, State(tmp_path / "state.sqlite")) as changes:
        made = changes.add_draft(PORT)
        editor.gate.clear()
        assert editor.rebuilding.wait(5)
        late = changes.add_draft(Draft(title="Late", text="Nearly too late.", published=date(2025, 5, 10)))
        file = changes.add_file("Из файла.".encode(), "file.txt")
        gone = changes.remove("en/bridge")
        threading.Timer(0.05, editor.gate.set).start()
    with Changes(editor, State(tmp_path / "state.sqlite")) as changes:
        done = [finished(changes, change) for change in (made, late, file, gone)]
    assert [(change.state, change.effect) for change in done] == [("done", "added")] * 3 + [("done", "removed")]
    assert set(editor.articles) == {"en/port", "en/late", "en/file.txt"}
    index = LiveIndex(editor.index_dir, editor.embedder.fingerprint).current()
    assert {article.article_id for article in index.articles(0, 10)} == set(editor.articles)


def left_running(state: State, change: Change, starts: int = 1) -> None:
    """The change as a process leaves it that is killed."""
    left = replace(change, state="running", starts=starts)
    state.execute("UPDATE changes SET state = 'running', record = ?", to_json(Change, left))


def test_what_a_killed_process_had_made_is_not_made_again_but_indexed(editor: FakeEditor) -> None:
    """Killed between the corpus and its record: the second attempt finds the article there, or gone."""
    state = State(None)
    changes = Changes(editor, state)
    added = changes.add_draft(Draft(title="Bridge", text=BRIDGE.text))
    left_running(state, added)
    with changes:
        done = finished(changes, added)
        assert (done.state, done.effect, done.article_id, editor.rebuilds) == ("done", "added", "en/bridge", 1)
    changes = Changes(editor, state)
    removed = changes.remove("en/gone")
    left_running(state, removed)
    with changes:
        assert finished(changes, removed).effect == "removed"


def test_a_change_that_ends_the_process_each_time_is_given_up(editor: FakeEditor) -> None:
    state = State(None)
    changes = Changes(editor, state)
    bomb = changes.add_file(b"A bomb.", "bomb.txt")
    left_running(state, bomb, MOST_STARTS)
    with changes:
        change = finished(changes, bomb)
    assert (change.state, str(change.error)) == (
        "failed",
        "bomb.txt: the service ended each time it was read; send another file",
    )
    assert "en/bomb.txt" not in editor.articles


def test_two_processes_make_each_change_once(editor: FakeEditor, tmp_path: Path) -> None:
    states = [State(tmp_path / "state.sqlite") for _ in range(2)]
    with Changes(editor, states[0]) as one, Changes(editor, states[1]) as other:
        requested = [
            (one, other)[n % 2].add_draft(Draft(title=f"Note {n}", text=f"Note number {n} of many.")) for n in range(10)
        ]
        assert {finished(one, change).state for change in requested} == {"done"}
        assert finished(other, requested[0]) == finished(one, requested[0])
    assert len(editor.articles) == 11


def test_a_suspended_process_does_not_disturb_the_one_that_goes_on(editor: FakeEditor, tmp_path: Path) -> None:
    state = State(tmp_path / "state.sqlite")
    with Changes(editor, State(tmp_path / "state.sqlite")) as changes:
        running = held(changes, editor)
        state.execute("UPDATE leases SET holder = 'another', until_s = ?", state.now_s() + 60)
        editor.gate.set()
        wait_until(lambda: state.number("SELECT COUNT(*) FROM changes WHERE state = 'running'") == 1)
        assert changes.get(running.change_id).state == "running"


def test_orders_of_an_earlier_release_are_taken_over(editor: FakeEditor, tmp_path: Path) -> None:
    folder = tmp_path / "pending"
    folder.mkdir()
    common = {"url": None, "draft": None, "file": None, "remove": None, "starts": 0, "change": None, "article_id": None}
    orders = [
        {"job_id": "1", "created_at": "2026-11-01T00:00:02Z", "file": "note.txt"},
        {"job_id": "2", "created_at": "2026-11-01T00:00:01Z", "draft": json.loads(to_json(Draft, PORT))},
        {"job_id": "3", "created_at": "2026-11-01T00:00:03Z", "remove": "en/bridge"},
    ]
    for order in orders:
        (folder / f"{order['job_id']}.json").write_text(json.dumps({**common, "title": None, **order}))
    (folder / "1.data").write_text("A note.")
    (folder / "b.json").write_text("{")
    changes = Changes(editor, State(None))
    with capture_logs() as logs:
        changes.take_over(folder)
    assert [entry["event"] for entry in logs] == ["change_unreadable"]
    assert [path.name for path in folder.iterdir()] == ["b.json"]
    with changes:
        assert [finished(changes, changes.get(number)).effect for number in "123"] == ["added", "added", "removed"]
    assert set(editor.articles) == {"en/port", "en/note.txt"}
