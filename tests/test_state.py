"""The state file: opened by several processes, migrated, and refused with a remedy."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from coopbot import state as state_module
from coopbot.errors import Busy, Misconfigured
from coopbot.state import State


def test_what_is_written_is_there_for_others_and_later(tmp_path: Path) -> None:
    one, other = State(tmp_path / "new" / "state.sqlite"), State(tmp_path / "new" / "state.sqlite")
    one.execute("INSERT INTO languages VALUES (1, 'zh')")
    assert other.number("SELECT COUNT(*) FROM languages") == 1
    one.close()
    other.close()
    again = State(tmp_path / "new" / "state.sqlite")
    assert [tuple(row) for row in again.read("SELECT * FROM languages")] == [(1, "zh")]
    again.execute("INSERT INTO languages VALUES (2, 'ru')")
    files = sorted((tmp_path / "new").glob("state.sqlite*"))
    assert [path.name for path in files] == ["state.sqlite", "state.sqlite-shm", "state.sqlite-wal"]
    assert {path.stat().st_mode & 0o077 for path in files} == {0}


def test_many_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        opened = list(threads.map(lambda _: State(tmp_path / "state.sqlite"), range(8)))
    assert len({one.number("PRAGMA user_version") for one in opened}) == 1


def test_a_failed_transaction_changes_nothing() -> None:
    state = State(None)

    def fail() -> None:
        with state.write():
            state.execute("INSERT INTO languages VALUES (1, 'zh')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert state.read("SELECT * FROM languages") == []


def test_a_process_that_writes_for_too_long_makes_others_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_module, "_PATIENCE_S", 0.05)
    one, other = State(tmp_path / "state.sqlite"), State(tmp_path / "state.sqlite")
    with one.write(), pytest.raises(Busy, match="another process"):
        other.execute("INSERT INTO languages VALUES (1, 'zh')")


def test_threads_take_turns_to_write() -> None:
    state, both = State(None), threading.Barrier(2)

    def write(user: int) -> None:
        both.wait(30)
        for _ in range(100):
            with state.write():
                state.execute("INSERT OR REPLACE INTO languages VALUES (?, 'ru')", user)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(write, range(2)))
    assert state.number("SELECT COUNT(*) FROM languages") == 2


def test_the_error_for_a_newer_or_unusable_file_names_the_setting(tmp_path: Path) -> None:
    newer, damaged, folder = tmp_path / "newer.sqlite", tmp_path / "damaged.sqlite", tmp_path / "folder.sqlite"
    with sqlite3.connect(newer) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    damaged.write_bytes(b"not a database " * 100)
    folder.mkdir()
    for path in (newer, damaged, folder):
        with pytest.raises(Misconfigured, match="COOPBOT_STATE_DIR"):
            State(path)


def test_a_lease_has_one_holder_until_it_ends(tmp_path: Path) -> None:
    one, other = State(tmp_path / "state.sqlite"), State(tmp_path / "state.sqlite")
    lease = one.lease("changes", 60)
    assert lease is not None
    with lease:
        assert other.lease("changes", 60) is None
        assert one.lease("changes", 60) is None
        assert one.lease("another", 60) is not None
        lease.check()
    assert other.lease("changes", 60) is not None


def test_a_lease_lasts_while_it_is_renewed_and_is_lost_by_who_is_suspended(tmp_path: Path) -> None:
    now_s, lost = [1000.0], threading.Event()
    one, other = (State(tmp_path / "state.sqlite", now_s=lambda: now_s[0]) for _ in range(2))
    lease = one.lease("changes", 0.3, on_lost=lost.set)
    assert lease is not None
    with lease:
        now_s[0] += 0.2
        deadline = threading.Event()
        while other.number("SELECT until_s * 10 FROM leases") < 10005:  # until it is renewed
            assert not deadline.wait(0.01)
        now_s[0] += 0.2
        assert other.lease("changes", 0.3) is None
        now_s[0] += 0.5
        taken = other.lease("changes", 60)
        # Renewing may have been quicker, and then nothing is lost.
        if taken is not None:
            assert lost.wait(30)
            with pytest.raises(Busy, match="another process"):
                lease.check()


def test_a_lease_from_before_the_clock_was_set_back_ends(tmp_path: Path) -> None:
    now_s = [1e9]
    state = State(tmp_path / "state.sqlite", now_s=lambda: now_s[0])
    assert state.lease("changes", 10) is not None
    now_s[0] -= 400 * 86_400
    assert state.lease("changes", 10) is not None
