import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from coopbot.errors import Busy
from coopbot.expendable import DatabaseLost, ExpendableDatabase, InUse

SCHEMA = "DROP TABLE IF EXISTS notes; CREATE TABLE notes (text TEXT)"


def database(path: Path | None, version: int = 1, schema: str = SCHEMA) -> ExpendableDatabase:
    return ExpendableDatabase(path, schema=schema, version=version, patience_s=0.05)


def note(db: ExpendableDatabase, text: str) -> None:
    def work(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO notes VALUES (?)", (text,))

    db.write(work)


def notes(db: ExpendableDatabase) -> list[str]:
    return [text for (text,) in db.read(lambda connection: connection.execute("SELECT text FROM notes").fetchall())]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "notes.sqlite"


def test_written_data_persist(path: Path) -> None:
    note(database(path), "a")
    assert notes(database(path)) == ["a"]


def test_without_a_path_it_is_in_memory(tmp_path: Path) -> None:
    db = database(None)
    note(db, "a")
    assert notes(db) == ["a"]
    assert list(tmp_path.iterdir()) == []


def test_it_is_not_opened_before_it_is_used(path: Path) -> None:
    database(path)
    assert not path.parent.exists()


def test_another_version_starts_empty(path: Path) -> None:
    note(database(path), "a")
    assert notes(database(path, version=2)) == []


def _garbage(path: Path) -> None:
    path.write_bytes(b"garbage " * 1000)


def _truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def _flipped(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * (path.stat().st_size - 100))


@pytest.mark.parametrize("damage", [_garbage, _truncated, _flipped])
def test_a_damaged_file_is_recreated(path: Path, damage: Callable[[Path], None]) -> None:
    note(database(path), "a" * 10_000)
    damage(path)
    db = database(path)
    with pytest.raises(DatabaseLost):
        notes(db)
    note(db, "b")
    assert notes(db) == ["b"]
    assert notes(database(path)) == ["b"]


def test_memory_replaces_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    db = database(tmp_path / "file" / "notes.sqlite")
    with pytest.raises(DatabaseLost):
        notes(db)
    note(db, "a")
    assert notes(db) == ["a"]


def test_faulty_sql_raises() -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        database(None).read(lambda connection: connection.execute("SELECT * FROM tables"))


def test_a_second_writer_gets_in_use_and_can_read(path: Path) -> None:
    one, other = database(path), database(path)
    note(one, "a")
    with one.exclusive():
        note(one, "b")
        with pytest.raises(InUse):
            note(other, "c")
        with pytest.raises(Busy, match="try again"), other.exclusive():
            pass
        assert notes(other) == ["a"]
    assert notes(other) == ["a", "b"]
    note(other, "c")
    assert notes(one) == ["a", "b", "c"]


def test_a_block_that_fails_writes_nothing(path: Path) -> None:
    db = database(path)
    with suppress(KeyError), db.exclusive():
        note(db, "a")
        raise KeyError
    assert notes(db) == []
    note(db, "b")
    assert notes(db) == ["b"]


def test_threads_take_turns(path: Path) -> None:
    db = database(path)
    inside: list[int] = []

    def work() -> None:
        for _ in range(20):
            with db.exclusive():
                inside.append(1)
                assert len(inside) == 1
                note(db, "a")
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(notes(db)) == 80
