from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from coopbot.errors import Busy, CoopbotError, Duplicate, IndexBroken, NotFound, Unreachable
from coopbot.index.live import LiveIndex
from coopbot.ingest.draft import Draft
from coopbot.serve.job import Job
from coopbot.serve.jobs import Jobs, Limits
from coopbot.serve.spool import MOST_STARTS, Order, Spool
from tests.fakes import BagOfWords, make_article
from tests.serve.fake_editor import FakeEditor, finished

BRIDGE = make_article("en/bridge", "The railway bridge opened in 2022.", title="Bridge", url="https://news.example/bridge")
PORT = Draft(title="Port", text="The port loads 60 million tonnes a year.")


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


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
def jobs(editor: FakeEditor, clock: Clock) -> Iterator[Jobs]:
    with Jobs(editor, clock=clock, sleep=clock.sleep) as running:
        yield running
        editor.gate.set()


def held(jobs: Jobs, editor: FakeEditor) -> Job:
    """A rebuild that goes on until the gate is opened, so that what comes after it waits."""
    editor.gate.clear()
    job = jobs.rebuild()
    assert editor.rebuilding.wait(30)
    return job


def test_an_article_goes_through_corpus_and_index(jobs: Jobs, editor: FakeEditor) -> None:
    index = LiveIndex(editor.index_dir, editor.embedder.fingerprint)
    queued = jobs.add_draft(PORT)
    assert (queued.state, queued.kind, queued.article_id, queued.started_at) == ("queued", "add", None, None)
    job = finished(jobs, queued)
    assert (job.state, job.article_id, job.title, job.change, job.error) == ("done", "en/port", "Port", "added", None)
    assert job.report is not None
    assert (job.report.added, job.report.reused, job.report.embedded) == (("en/port",), 1, 1)
    assert (job.done, job.total) == (1, 1)
    assert job.started_at is not None
    assert job.finished_at is not None
    assert job.created_at <= job.started_at <= job.finished_at
    assert index.current().snapshot_id == job.report.snapshot
    assert index.current().article("en/port") is not None


def test_a_new_text_of_an_address_replaces_the_article_and_says_so(jobs: Jobs, editor: FakeEditor) -> None:
    editor.web[BRIDGE.url] = Draft(title="Bridge", text="Correction: the railway bridge opened in November 2022.")
    job = finished(jobs, jobs.add_url(BRIDGE.url))
    assert (job.article_id, job.change) == ("en/bridge", "replaced")
    assert job.report is not None
    assert job.report.changed == ("en/bridge",)


def test_removal_reaches_the_index(jobs: Jobs, editor: FakeEditor) -> None:
    finished(jobs, jobs.add_draft(PORT))
    job = finished(jobs, jobs.remove("en/bridge"))
    assert (job.kind, job.state, job.article_id, job.change) == ("remove", "done", "en/bridge", "removed")
    assert job.report is not None
    assert job.report.removed == ("en/bridge",)


def test_a_change_that_fails_causes_no_rebuild_and_stops_no_other(jobs: Jobs, editor: FakeEditor) -> None:
    twice = finished(jobs, jobs.add_draft(Draft(title="Copy", text=BRIDGE.text)))
    gone = finished(jobs, jobs.add_url("https://news.example/gone"))
    unknown = finished(jobs, jobs.remove("en/nothing"))
    assert [type(job.error) for job in (twice, gone, unknown)] == [Duplicate, Unreachable, NotFound]
    assert {(job.state, job.change, job.report) for job in (twice, gone, unknown)} == {("failed", None, None)}
    assert isinstance(twice.error, Duplicate)
    assert twice.error.article_id == "en/bridge"
    assert editor.rebuilds == 0
    assert finished(jobs, jobs.add_draft(PORT)).state == "done"


@pytest.mark.parametrize("failure", [IndexBroken("the index is damaged; run: coopbot index"), RuntimeError("secret")])
def test_after_a_failed_rebuild_the_job_reports_the_article_and_the_error(
    jobs: Jobs, editor: FakeEditor, failure: Exception
) -> None:
    editor.failure = failure
    with capture_logs() as logs:
        job = finished(jobs, jobs.add_draft(PORT))
    assert (job.state, job.change, job.error, job.report) == ("failed", "added", failure, None)
    assert "en/port" in editor.articles
    assert logs[0]["error"] == type(failure).__name__
    assert logs[0]["reason"] == (str(failure) if isinstance(failure, CoopbotError) else "")
    editor.failure = None
    later = finished(jobs, jobs.rebuild())
    assert later.report is not None
    assert later.report.added == ("en/port",)


def test_additions_that_wait_together_share_a_rebuild(jobs: Jobs, editor: FakeEditor) -> None:
    first = held(jobs, editor)
    added = [jobs.add_draft(Draft(title=f"Note {n}", text=f"Note number {n} of many.")) for n in range(20)]
    added.insert(7, jobs.add_draft(Draft(title="Copy", text=BRIDGE.text)))
    editor.gate.set()
    assert finished(jobs, first).state == "done"
    results = [finished(jobs, job) for job in added]
    assert [job.change for job in results].count("added") == 20
    for job in results:
        if job.change:
            assert job.report is not None
            assert job.article_id in job.report.added
        else:
            assert isinstance(job.error, Duplicate)
    assert editor.rebuilds == 2


def test_a_removal_does_not_share_the_rebuild_of_what_it_removes(jobs: Jobs, editor: FakeEditor) -> None:
    held(jobs, editor)
    added, removed = jobs.add_draft(PORT), jobs.remove("en/port")
    editor.gate.set()
    first, second = finished(jobs, added).report, finished(jobs, removed).report
    assert first is not None
    assert second is not None
    assert (first.added, second.removed) == (("en/port",), ("en/port",))


def test_slow_additions_do_not_delay_the_first(editor: FakeEditor, clock: Clock) -> None:
    def read() -> int:
        clock.sleep(0.6)
        return 1

    with Jobs(editor, limits=Limits(share_s=1.0), clock=clock, sleep=clock.sleep) as jobs:
        held(jobs, editor)
        added = [jobs.visit(read) for _ in range(4)]
        editor.gate.set()
        for job in added:
            finished(jobs, job)
    assert editor.rebuilds == 1 + 2


def test_one_waiting_rebuild_is_enough(jobs: Jobs, editor: FakeEditor) -> None:
    running = held(jobs, editor)
    waiting = {jobs.rebuild().job_id for _ in range(50)}
    assert len(waiting) == 1
    assert running.job_id not in waiting


def test_a_feed_without_new_articles_causes_no_rebuild(jobs: Jobs, editor: FakeEditor) -> None:
    nothing = finished(jobs, jobs.visit(lambda: 0))
    assert (nothing.kind, nothing.state, nothing.report, editor.rebuilds) == ("feed", "done", None, 0)

    def read() -> int:
        editor.add_draft(PORT)
        return 1

    some = finished(jobs, jobs.visit(read))
    assert some.report is not None
    assert some.report.added == ("en/port",)


@pytest.mark.parametrize("busy", [1, 2, 100])
def test_a_job_waits_for_another_process(jobs: Jobs, editor: FakeEditor, clock: Clock, busy: int) -> None:
    editor.busy = busy
    assert finished(jobs, jobs.add_draft(PORT)).state == "done"
    assert clock.now_s == busy * 0.5


@pytest.mark.parametrize("busy", [121, 200])
def test_a_job_gives_up_waiting_for_another_process(jobs: Jobs, editor: FakeEditor, clock: Clock, busy: int) -> None:
    editor.busy = busy
    job = finished(jobs, jobs.add_draft(PORT))
    assert (job.state, job.change) == ("failed", None)
    assert isinstance(job.error, Busy)
    assert str(job.error).startswith("gave up after 60 s: another process is writing")
    assert clock.now_s == 60


@pytest.mark.parametrize(
    ("limits", "size_bytes", "fit"),
    [(Limits(waiting=3), 10, 3), (Limits(waiting_bytes=25), 10, 2), (Limits(waiting_bytes=25), 26, 0)],
)
def test_too_many_waiting_changes_are_refused(editor: FakeEditor, limits: Limits, size_bytes: int, fit: int) -> None:
    with Jobs(editor, limits=limits) as jobs:
        held(jobs, editor)
        accepted = [jobs.add_file(f"{n:0{size_bytes}}".encode(), f"{n}.txt") for n in range(fit)]
        with pytest.raises(Busy, match="too many changes are waiting; try again"):
            jobs.add_file(b"x" * size_bytes, "more.txt")
        assert jobs.rebuild().state == "queued"
        editor.gate.set()
        assert {finished(jobs, job).state for job in accepted} <= {"done"}


def test_only_the_latest_finished_jobs_are_remembered(editor: FakeEditor) -> None:
    with Jobs(editor, limits=Limits(remembered=2)) as jobs:
        made = [jobs.visit(lambda: 0) for _ in range(4)]
        finished(jobs, made[-1])
        assert [jobs.get(job.job_id).state for job in made[2:]] == ["done", "done"]
        for job in made[:2]:
            with pytest.raises(NotFound, match="no job of that id"):
                jobs.get(job.job_id)


def test_jobs_are_idle_before_and_after_a_change(jobs: Jobs, editor: FakeEditor) -> None:
    assert jobs.idle
    job = held(jobs, editor)
    assert not jobs.idle
    editor.gate.set()
    finished(jobs, job)
    assert jobs.idle


def test_stop_ends_the_running_job_and_fails_waiting_ones(editor: FakeEditor) -> None:
    before = LiveIndex(editor.index_dir, editor.embedder.fingerprint).current().snapshot_id
    with Jobs(editor) as jobs:
        running = jobs.add_draft(PORT)
        editor.gate.clear()
        assert editor.rebuilding.wait(30)
        waiting = jobs.add_draft(Draft(title="Late", text="Too late."))
        threading.Timer(0.05, editor.gate.set).start()
    for job in (jobs.get(running.job_id), jobs.get(waiting.job_id)):
        assert job.state == "failed"
        assert str(job.error) == "the service is stopping; try again when it is back"
    assert jobs.get(running.job_id).change == "added"
    assert [thread.name for thread in threading.enumerate() if thread.name == "coopbot-jobs"] == []
    assert LiveIndex(editor.index_dir, editor.embedder.fingerprint).current().snapshot_id == before
    with pytest.raises(Busy, match="stopping"):
        jobs.rebuild()


def test_stopping_does_not_wait_for_another_process(editor: FakeEditor) -> None:
    editor.busy = 1_000_000
    with Jobs(editor) as jobs:
        job = jobs.rebuild()
        assert editor.rebuilding.wait(30)
    assert str(jobs.get(job.job_id).error) == "the service is stopping; try again when it is back"


def test_secrets_in_addresses_are_not_logged(jobs: Jobs) -> None:
    with capture_logs() as logs:
        finished(jobs, jobs.add_url("https://news.example/a?key=hidden#hidden"))
    assert [(entry["event"], entry["error"]) for entry in logs] == [("job_failed", "Unreachable")]
    assert logs[0]["reason"].startswith("https://news.example/a")
    assert "hidden" not in str(logs)


@contextmanager
def spooled(editor: FakeEditor) -> Iterator[Jobs]:
    """Jobs as one process after another runs them."""
    spool = Spool(editor.index_dir / "pending")
    try:
        with Jobs(editor, spool=spool) as jobs:
            yield jobs
    finally:
        spool.close()


def test_the_next_process_resumes_waiting_and_unindexed_changes(editor: FakeEditor) -> None:
    with spooled(editor) as jobs:
        made = jobs.add_draft(PORT)
        editor.gate.clear()
        assert editor.rebuilding.wait(5)
        late = jobs.add_draft(Draft(title="Late", text="Nearly too late.", published=date(2025, 5, 10)))
        file = jobs.add_file("Из файла.".encode(), "file.txt")
        gone = jobs.remove("en/bridge")
        threading.Timer(0.05, editor.gate.set).start()
    assert {jobs.get(job.job_id).state for job in (made, late, file, gone)} == {"failed"}
    with spooled(editor) as jobs:
        done = [finished(jobs, jobs.get(job.job_id)) for job in (made, late, file, gone)]
    assert [(job.state, job.change) for job in done] == [("done", "added")] * 3 + [("done", "removed")]
    assert set(editor.articles) == {"en/port", "en/late", "en/file.txt"}
    index = LiveIndex(editor.index_dir, editor.embedder.fingerprint).current()
    assert {article.article_id for article in index.articles(0, 10)} == set(editor.articles)
    assert list((editor.index_dir / "pending").glob("[!.]*")) == []


def test_finished_and_refused_changes_are_not_repeated(editor: FakeEditor) -> None:
    with spooled(editor) as jobs:
        finished(jobs, jobs.add_draft(PORT))
        finished(jobs, jobs.add_url("https://news.example/nothing"))
    rebuilds = editor.rebuilds
    with spooled(editor) as jobs:
        assert jobs.idle
    assert editor.rebuilds == rebuilds


def test_a_change_that_ends_the_process_each_time_is_given_up(editor: FakeEditor) -> None:
    spool = Spool(editor.index_dir / "pending")
    order = Order(job_id="a" * 32, created_at=datetime.now(UTC), file="bomb.txt")
    spool.put(order, b"A bomb.")
    for _ in range(MOST_STARTS):
        spool.begin(order.job_id)
    spool.close()
    with spooled(editor) as jobs:
        job = jobs.get(order.job_id)
    assert (job.state, str(job.error)) == ("failed", "bomb.txt: the service ended each time it was read; send another file")
    assert "en/bomb.txt" not in editor.articles


def test_a_damaged_order_is_skipped(editor: FakeEditor) -> None:
    (editor.index_dir / "pending").mkdir()
    (editor.index_dir / "pending" / "b.json").write_text("{")
    with capture_logs() as logs, spooled(editor) as jobs:
        assert jobs.idle
    assert [entry["event"] for entry in logs] == ["order_unreadable"]


def test_two_services_cannot_share_a_spool(tmp_path: Path) -> None:
    first = Spool(tmp_path)
    with pytest.raises(Busy, match="another service"):
        Spool(tmp_path)
    first.close()
    Spool(tmp_path).close()
