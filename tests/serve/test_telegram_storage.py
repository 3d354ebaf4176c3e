"""What the bot keeps on disk: in order, once, and no longer than it says."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from benchmarks.telegram.bot_api.updates import JsonObject, inline, message
from coopbot.errors import Misconfigured
from coopbot.serve.telegram.database import Database
from coopbot.serve.telegram.inbox import Inbox
from coopbot.serve.telegram.outbox import Outbox
from coopbot.serve.telegram.outgoing import Outgoing
from coopbot.serve.telegram.parts import Part
from coopbot.serve.telegram.records import Asked, Records

_DAY_S = 86_400.0


@pytest.fixture
def now() -> list[float]:
    return [1_000_000.0]


@pytest.fixture
def database(tmp_path: Path, now: list[float]) -> Database:
    return Database(tmp_path / "state.sqlite", now_s=lambda: now[0])


def _update(update_id: int, *, chat_id: int = 1, user_id: int = 1, text: str = "q?") -> JsonObject:
    return {"update_id": update_id, "message": message(text, chat_id=chat_id, user_id=user_id, message_id=update_id)}


def test_an_update_is_kept_once_and_never_comes_again(database: Database) -> None:
    inbox = Inbox(database)
    inbox.put([_update(1), _update(2)])
    inbox.put([_update(1), _update(2)])
    taken = [inbox.take(()) for _ in range(1)]
    assert [one.update_id for one in taken if one] == [1]
    inbox.done(1)
    inbox.put([_update(1)])
    second = inbox.take(())
    assert second is not None
    assert second.update_id == 2
    inbox.done(2)
    assert inbox.take(()) is None


def test_users_take_turns_and_each_ones_order_is_kept(database: Database) -> None:
    inbox = Inbox(database)
    inbox.put([_update(number, chat_id=1, user_id=1) for number in range(1, 5)])
    inbox.put([_update(number, chat_id=2, user_id=2) for number in range(5, 7)])
    inbox.put([_update(7, chat_id=-3, user_id=1), _update(8, chat_id=-3, user_id=2)])
    order = []
    while (waiting := inbox.take(())) is not None:
        order.append(waiting.update_id)
        inbox.done(waiting.update_id)
    assert order == [1, 5, 7, 8, 2, 6, 3, 4]


def test_updates_in_progress_are_not_taken_again(database: Database) -> None:
    inbox = Inbox(database)
    inbox.put([_update(1), _update(2), _update(3, chat_id=2, user_id=2)])
    first = inbox.take(())
    assert first is not None
    second = inbox.take({first.lane})
    assert second is not None
    assert second.update_id == 3
    assert inbox.take({first.lane, second.lane}) is None


def test_starts_are_counted_over_processes(tmp_path: Path) -> None:
    for starts in (1, 2, 3):
        database = Database(tmp_path / "state.sqlite")
        inbox = Inbox(database)
        inbox.put([_update(1)])
        waiting = inbox.take(())
        assert waiting is not None
        assert waiting.starts == starts
        database.close()


def test_an_orderly_stop_does_not_count_as_a_start(database: Database) -> None:
    inbox = Inbox(database)
    inbox.put([_update(1)])
    for _ in range(10):
        waiting = inbox.take(())
        assert waiting is not None
        assert waiting.starts == 1
        inbox.put_back(waiting)


def test_inline_queries_have_a_lane_of_their_own(database: Database) -> None:
    inbox = Inbox(database)
    inbox.put([{"update_id": number, "inline_query": inline(f"q{number}", "bri")} for number in (1, 2)])
    waiting = inbox.take(())
    assert waiting is not None
    assert waiting.lane == "inline:77"
    assert inbox.is_followed(waiting)


def test_a_failed_transaction_changes_nothing(database: Database) -> None:
    inbox, outbox = Inbox(database), Outbox(database)
    inbox.put([_update(1)])

    def fail() -> None:
        with database.write():
            outbox.put([Outgoing(action="send", chat_id=1, key="x", content=Part(text="a"))])
            inbox.done(1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (inbox.count(), outbox.count()) == (1, 0)


def test_texts_are_deleted_once_handled_and_answers_after_thirty_days(database: Database, now: list[float]) -> None:
    inbox, outbox, records = Inbox(database), Outbox(database), Records(database)
    inbox.put([_update(1, text="a secret")])
    asked = Asked(chat_id=1, topic_id=None, user_id=1, question_id=1, text="a secret")
    record = records.add(asked, "a secret", "en", 1)
    records.vote(record.answer_id, 1, good=True)
    records.begin_conversation(asked)
    outbox.put([Outgoing(action="send", chat_id=1, key=record.key, content=Part(text="a secret"))])
    pending = outbox.first(1)
    assert pending is not None
    outbox.accepted(pending, 5)
    inbox.done(1)
    assert "a secret" not in _dump(database, "updates") + _dump(database, "outbox")
    now[0] += 29 * _DAY_S
    database.clear_up()
    assert records.get(record.answer_id) is not None
    now[0] += 2 * _DAY_S
    database.clear_up()
    for table in ("updates", "outbox", "answers", "votes", "sent", "conversations"):
        assert _dump(database, table) == ""


def test_a_chosen_language_stays_until_it_is_forgotten(database: Database, now: list[float]) -> None:
    records = Records(database)
    records.choose_language(1, "zh")
    now[0] += 400 * _DAY_S
    database.clear_up()
    assert records.language(1) == "zh"
    assert records.forget(1) == {"languages": 1}
    assert records.language(1) is None


def test_the_error_for_a_newer_or_unusable_file_names_the_setting(tmp_path: Path) -> None:
    newer, damaged = tmp_path / "newer.sqlite", tmp_path / "damaged.sqlite"
    with sqlite3.connect(newer) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    damaged.write_bytes(b"not a database " * 100)
    for path in (newer, damaged):
        with pytest.raises(Misconfigured, match="COOPBOT_TELEGRAM_DIR"):
            Database(path)


def test_a_reopened_file_has_the_same_data(tmp_path: Path) -> None:
    first = Database(tmp_path / "state.sqlite")
    Records(first).choose_language(1, "ru")
    first.close()
    again = Database(tmp_path / "state.sqlite")
    assert Records(again).language(1) == "ru"
    again.close()


def _dump(database: Database, table: str) -> str:
    return "\n".join(str(tuple(row)) for row in database.read(f"SELECT * FROM {table}"))
