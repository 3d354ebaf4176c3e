"""A sample of tests/soak, and states of an index folder that people and disks cause, but kills do not."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest

from coopbot.errors import Busy, IndexBroken, IndexMissing, Misconfigured
from coopbot.index.build import build
from coopbot.index.cache import VectorCache
from coopbot.index.disk import folder as index_folder
from coopbot.index.disk.folder import current_id, make_current, open_current, set_aside, snapshot_ids
from coopbot.index.disk.history import roll_back
from coopbot.index.disk.local import LocalTarget
from coopbot.index.disk.lock import write_lock
from coopbot.index.disk.snapshot import Snapshot, open_snapshot
from coopbot.index.live import LiveIndex

if sys.platform == "win32":
    pytest.skip("forks and signals of Unix", allow_module_level=True)

from tests.soak.builder import Fate, run, when
from tests.soak.corpora import corpus, embedder
from tests.soak.harness import FINGERPRINT, Builders, Judge, builders, contents, copy_index, opened, read_only, tidy
from tests.soak.trials import HARMS, SCENARIOS, damage_every_file, kill_at_random_instants, trial


@pytest.fixture(scope="module")
def crew() -> Iterator[Builders]:
    with builders() as server:
        yield server


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    return Judge(tmp_path_factory.mktemp("judge"))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of three snapshots, in state 2."""
    place = tmp_path_factory.mktemp("built") / "index"
    for state in range(3):
        run(place, state)
    return place


@pytest.fixture
def index_dir(built: Path, tmp_path: Path) -> Path:
    return copy_index(built, tmp_path / "index")


def test_killed_at_random_instants(crew: Builders, judge: Judge, tmp_path: Path) -> None:
    kill_at_random_instants(crew, judge, tmp_path, 5)


@pytest.mark.parametrize("fate", ["before", "after", "writing", "full", "refused"])
def test_killed_or_out_of_room_at_some_points(crew: Builders, judge: Judge, tmp_path: Path, fate: Fate) -> None:
    scenario = SCENARIOS["change"]
    start = scenario.prepare(tmp_path / "start")
    events = scenario.events(crew, start, tmp_path / "calm")
    renamed = [at for at, event in enumerate(events, 1) if event.startswith("os.rename")]
    assert len(renamed) == 4  # a segment, the snapshot, CURRENT, an old snapshot out of sight
    for at in (9, *renamed[1:]):
        job = replace(scenario.job(tmp_path / str(at)), fate=fate, at=at)
        outcome = trial(crew, judge, start, scenario.before, job)
        assert outcome.killed or outcome.error or fate in ("writing", "full", "refused")


@pytest.mark.parametrize("copied_bytes", [10**9, 0], ids=["copied", "linked"])
def test_a_byte_flips_in_some_files(judge: Judge, tmp_path: Path, copied_bytes: int) -> None:
    damage_every_file(judge, tmp_path, copied_bytes, HARMS["flip"], times=1, step=9)


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"\xff\xfe\x00", b"../snapshots", b".", b"20260101T000000000Z-00000000", b"x" * 10_000]
)
def test_a_damaged_current_file_falls_back_to_the_newest_snapshot(judge: Judge, index_dir: Path, content: bytes) -> None:
    newest = snapshot_ids(index_dir)[0]
    (index_dir / "CURRENT").write_bytes(content)
    with opened(index_dir) as snapshot:
        assert snapshot.snapshot_id == newest
        assert "CURRENT" in snapshot.fault
        assert "coopbot index" in snapshot.fault
    live = LiveIndex(index_dir, FINGERPRINT)
    run(index_dir, 2)  # nothing has changed, but CURRENT must be repaired
    assert live.current().fault == ""
    live.current().close()
    judge.repairs(index_dir, 2)


def test_a_missing_current_file_or_a_folder_in_its_place_falls_back_too(judge: Judge, index_dir: Path) -> None:
    (index_dir / "CURRENT").unlink()
    with opened(index_dir) as snapshot:
        assert "CURRENT" in snapshot.fault
    (index_dir / "CURRENT").mkdir()
    with opened(index_dir) as snapshot:
        assert "CURRENT" in snapshot.fault
    with pytest.raises(Misconfigured, match="CURRENT cannot be written"):
        run(index_dir, 3)
    (index_dir / "CURRENT").rmdir()
    judge.repairs(index_dir, 3)


def test_the_current_file_cannot_point_outside_the_folder(index_dir: Path) -> None:
    shutil.move(index_dir / "snapshots" / snapshot_ids(index_dir)[0], index_dir / "elsewhere")
    (index_dir / "CURRENT").write_text("../elsewhere\n")
    assert current_id(index_dir) is None
    with opened(index_dir) as snapshot:
        assert snapshot.snapshot_id in snapshot_ids(index_dir)


def test_entries_that_are_not_snapshots_are_neither_served_nor_deleted(judge: Judge, index_dir: Path) -> None:
    for name in ("zz-copy", "backup", "20991231"):
        (index_dir / "snapshots" / name).mkdir()
    (index_dir / "snapshots" / "README").write_text("mine")
    for state in range(3, 8):
        run(index_dir, state)
    assert len(snapshot_ids(index_dir)) == 3
    assert {path.name for path in index_folder.unknown_entries(index_dir)} == {"zz-copy", "backup", "20991231", "README"}
    assert judge.serves(index_dir, 7, 7) == 7


def test_leftovers_of_any_kind_are_cleared(judge: Judge, index_dir: Path) -> None:
    (index_dir / ".CURRENT").write_text("half")
    (index_dir / "snapshots" / ".building").write_text("a file where a folder should be")
    (index_dir / "snapshots" / ".pruned-x" / "en").mkdir(parents=True)
    (index_dir / ".restore-abc").mkdir()
    outside = index_dir.parent / "outside"
    outside.mkdir()
    (index_dir / ".restore-link").symlink_to(outside)
    assert len(index_folder.leftovers(index_dir)) == 5
    judge.repairs(index_dir, 3)
    assert outside.is_dir()


def test_snapshots_from_the_future_do_not_stop_newer_ones(judge: Judge, index_dir: Path) -> None:
    future = when(10**6)
    build(
        corpus(3),
        embedder(),
        index_dir,
        model="bag",
        precision="f32",
        now=lambda: future,
    )
    judge.repairs(index_dir, 4)
    assert snapshot_ids(index_dir)[0] == current_id(index_dir)


def test_a_damaged_snapshot_is_set_aside_while_others_read_it(judge: Judge, index_dir: Path) -> None:
    with opened(index_dir) as reader:
        set_aside(index_dir, reader.snapshot_id)
        assert contents(reader) == judge.wanted(2)
        judge.repairs(index_dir, 2)
        assert contents(reader) == judge.wanted(2)


def test_only_the_last_damaged_snapshot_is_kept(judge: Judge, index_dir: Path) -> None:
    for state in (2, 3, 4):
        (index_dir / "snapshots" / str(current_id(index_dir)) / "manifest.json").write_bytes(b"{}")
        judge.repairs(index_dir, state)
    assert len(index_folder.damaged_snapshots(index_dir)) == 1


def test_the_next_build_finds_damage_to_verified_files(judge: Judge, index_dir: Path) -> None:
    """A server that builds again and again verifies a file once, and copies it many times."""
    target = LocalTarget(index_dir)

    def again(state: int) -> None:
        build(corpus(state), embedder(), index_dir, model="bag", precision="f32", now=lambda: when(state), target=target)

    again(3)
    again(4)
    current = index_dir / "snapshots" / str(current_id(index_dir))
    largest = max(current.rglob("tokens.u8"), key=lambda path: path.stat().st_size)
    found = largest.stat()
    with largest.open("r+b") as file:
        file.write(b"\0\0\0\0\0\0\0\0")
    os.utime(largest, ns=(found.st_atime_ns, found.st_mtime_ns))  # as if the disk had changed the bytes, not a program
    with pytest.raises(IndexBroken, match=r"tokens\.u8"):
        again(6)
    again(6)
    assert judge.serves(index_dir, 6, 6) == 6
    tidy(index_dir)


def test_a_snapshot_pruned_while_it_is_opened_is_not_a_fault(index_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer makes another snapshot current and deletes the one that a reader is about to open."""
    ids = snapshot_ids(index_dir)
    make_current(index_dir, ids[-1])

    def raced(folder: Path, *args: set[tuple[int, int, int, int, str]] | None, fault: str = "") -> Snapshot:
        if folder.name == ids[-1] and folder.exists():
            make_current(index_dir, ids[0])
            shutil.rmtree(folder)
        return open_snapshot(folder, *args, fault=fault)

    monkeypatch.setattr(index_folder, "open_snapshot", raced)
    snapshot = open_current(index_dir, FINGERPRINT)
    assert (snapshot.snapshot_id, snapshot.fault) == (ids[0], "")
    snapshot.close()


@pytest.mark.process
def test_reading_needs_no_write_permission(judge: Judge, index_dir: Path) -> None:
    with read_only(index_dir):
        with opened(index_dir) as snapshot:
            assert contents(snapshot) == judge.wanted(2)
        for attempt in (lambda: run(index_dir, 3), lambda: roll_back(index_dir, FINGERPRINT)):
            with pytest.raises(Misconfigured, match="permissions"):
                attempt()
    assert judge.serves(index_dir, 2, 2) == 2


@pytest.mark.process
def test_a_disk_that_turns_read_only_while_the_lock_is_held(index_dir: Path) -> None:
    """That the lock's files cannot be deleted hides no other error."""
    with ExitStack() as later, write_lock(index_dir):
        later.enter_context(read_only(index_dir))
    with write_lock(index_dir):
        pass


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"process": 1}', b'{"process": 1, "host": "a", "since_s": Infinity}', b"\xff", b"null"]
)
def test_a_damaged_writer_file_breaks_nothing(index_dir: Path, content: bytes) -> None:
    with write_lock(index_dir):
        (index_dir / ".writer").write_bytes(content)
        with pytest.raises(Busy, match="another process"):
            run(index_dir, 3)
    with write_lock(index_dir):
        pass


def test_the_error_names_a_cache_path_of_the_wrong_kind(tmp_path: Path) -> None:
    (tmp_path / "cache" / f"{FINGERPRINT}.sqlite").mkdir(parents=True)
    with pytest.raises(Misconfigured, match=r"cache .* delete it"):
        run(tmp_path, 0)
    shutil.rmtree(tmp_path / "cache")
    (tmp_path / "cache").write_text("not a folder")
    with pytest.raises(Misconfigured, match=r"cache .* delete it"):
        run(tmp_path, 0)
    with pytest.raises(IndexMissing):
        open_current(tmp_path, FINGERPRINT)
    (tmp_path / "cache").unlink()
    run(tmp_path, 0)


def test_a_cache_entry_with_a_changed_byte_counts_as_missing(judge: Judge, index_dir: Path) -> None:
    """SQLite itself does not detect this."""
    import sqlite3

    path = index_dir / "cache" / f"{FINGERPRINT}.sqlite"
    with sqlite3.connect(path) as db:
        (count,) = db.execute("SELECT count(*) FROM vectors").fetchone()
        db.execute("UPDATE vectors SET pooled = zeroblob(length(pooled))")
    db.close()
    with closing(VectorCache(index_dir / "cache", FINGERPRINT, 64)) as cache, sqlite3.connect(path) as db:
        keys = [key for (key,) in db.execute("SELECT key FROM vectors")]
        assert cache.known(keys) == set(keys)
        assert cache.get(keys) == {}
    db.close()
    shutil.rmtree(index_dir / "snapshots")
    assert 0 < run(index_dir, 2).embedded <= count
    assert judge.serves(index_dir, 2, 2) == 2
