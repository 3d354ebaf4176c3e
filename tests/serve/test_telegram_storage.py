"""What the bot keeps on disk: in order, once, and no longer than it says."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from benchmarks.telegram.bot_api.updates import JsonObject, inline, message
from coopbot import state as state_module
from coopbot.serve.feedback import Feedback, FeedbackBox
from coopbot.serve.telegram.handling import MOST_STARTS
from coopbot.serve.telegram.inbox import Inbox, Waiting, update_id_of
from coopbot.serve.telegram.outbox import Outbox
from coopbot.serve.telegram.outgoing import Outgoing
from coopbot.serve.telegram.parts import Part
from coopbot.serve.telegram.records import Asked, Records, feedback_id
from coopbot.state import State

_DAY_S = 86_400.0


@pytest.fixture
def now() -> list[float]:
    return [1_000_000.0]


@pytest.fixture
def state(tmp_path: Path, now: list[float]) -> State:
    return State(tmp_path / "state.sqlite", now_s=lambda: now[0])


def _update(update_id: int, *, chat_id: int = 1, user_id: int = 1, text: str = "q?") -> JsonObject:
    return {"update_id": update_id, "message": message(text, chat_id=chat_id, user_id=user_id, message_id=update_id)}


def test_an_update_is_kept_once_and_never_comes_again(state: State) -> None:
    inbox = Inbox(state)
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


def test_users_take_turns_and_each_ones_order_is_kept(state: State) -> None:
    inbox = Inbox(state)
    inbox.put([_update(number, chat_id=1, user_id=1) for number in range(1, 5)])
    inbox.put([_update(number, chat_id=2, user_id=2) for number in range(5, 7)])
    inbox.put([_update(7, chat_id=-3, user_id=1), _update(8, chat_id=-3, user_id=2)])
    order = []
    while (waiting := inbox.take(())) is not None:
        order.append(waiting.update_id)
        inbox.done(waiting.update_id)
    assert order == [1, 5, 7, 8, 2, 6, 3, 4]


def test_updates_in_progress_are_not_taken_again(state: State) -> None:
    inbox = Inbox(state)
    inbox.put([_update(1), _update(2), _update(3, chat_id=2, user_id=2)])
    first = inbox.take(())
    assert first is not None
    second = inbox.take({first.lane})
    assert second is not None
    assert second.update_id == 3
    assert inbox.take({first.lane, second.lane}) is None


def test_starts_are_counted_over_processes(tmp_path: Path) -> None:
    for starts in (1, 2, 3):
        state = State(tmp_path / "state.sqlite")
        inbox = Inbox(state)
        inbox.put([_update(1)])
        waiting = inbox.take(())
        assert waiting is not None
        assert waiting.starts == starts
        state.close()


def test_an_update_that_ends_the_process_takes_no_other_along(tmp_path: Path) -> None:
    """Sixteen at once, one of which ends the process as soon as it is begun, before any other is answered."""
    answered, given_up, poison = set[int](), set[int](), 7
    for _ in range(2 * MOST_STARTS):
        state = State(tmp_path / "state.sqlite")
        inbox = Inbox(state)
        inbox.put([_update(number, chat_id=number, user_id=number) for number in range(1, 17)])
        under_way: list[Waiting] = []
        while True:
            while len(under_way) < 16 and (waiting := inbox.take([one.lane for one in under_way])) is not None:
                under_way.append(waiting)
            if not under_way or any(one.update_id == poison and one.starts <= MOST_STARTS for one in under_way):
                break
            one = under_way.pop()
            (given_up if one.starts > MOST_STARTS else answered).add(one.update_id)
            inbox.done(one.update_id)
        state.close()
    assert given_up == {poison}
    assert answered == set(range(1, 17)) - {poison}


def test_an_orderly_stop_does_not_count_as_a_start(state: State) -> None:
    inbox = Inbox(state)
    inbox.put([_update(1)])
    for _ in range(10):
        waiting = inbox.take(())
        assert waiting is not None
        assert waiting.starts == 1
        inbox.put_back(waiting)


def test_inline_queries_have_a_lane_of_their_own(state: State) -> None:
    inbox = Inbox(state)
    inbox.put([{"update_id": number, "inline_query": inline(f"q{number}", "bri")} for number in (1, 2)])
    waiting = inbox.take(())
    assert waiting is not None
    assert waiting.lane == "inline:77"
    assert inbox.is_followed(waiting)


def test_texts_are_deleted_once_handled_and_answers_after_thirty_days(state: State, now: list[float]) -> None:
    inbox, outbox, records = Inbox(state), Outbox(state), Records(state)
    inbox.put([_update(1, text="a secret")])
    asked = Asked(chat_id=1, topic_id=None, user_id=1, question_id=1, text="a secret")
    record = records.add(asked, "a secret", "en", 1)
    records.begin_conversation(asked)
    outbox.put([Outgoing(action="send", chat_id=1, key=record.key, content=Part(text="a secret"))])
    pending = outbox.first(1)
    assert pending is not None
    outbox.accepted(pending, 5)
    inbox.done(1)
    assert "a secret" not in _dump(state, "updates") + _dump(state, "outbox")
    now[0] += 29 * _DAY_S
    Records(state).clear_up()
    assert records.get(record.answer_id) is not None
    now[0] += 2 * _DAY_S
    Records(state).clear_up()
    for table in ("updates", "outbox", "answers", "sent", "conversations"):
        assert _dump(state, table) == ""


def test_a_chosen_language_stays_until_it_is_forgotten(state: State, now: list[float]) -> None:
    records = Records(state)
    records.choose_language(1, "zh")
    now[0] += 400 * _DAY_S
    Records(state).clear_up()
    assert records.language(1) == "zh"
    assert records.forget(1) == {"languages": 1}
    assert records.language(1) is None


def _dump(state: State, table: str) -> str:
    return "\n".join(str(tuple(row)) for row in state.read(f"SELECT * FROM {table}"))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def _damaged(draw: st.DrawFn) -> object:
    """An update some of whose values are anything."""
    update: JsonObject = draw(
        st.sampled_from(
            [
                _update(5),
                {"update_id": 5, "edited_message": {**_update(5)["message"], "edit_date": 7}},
                {"update_id": 5, "inline_query": inline("q", "bri")},
                {
                    "update_id": 5,
                    "callback_query": {"id": "1", "from": {"id": 3}, "message": _update(5)["message"], "data": "1:more:1"},
                },
            ]
        )
    )
    update = json.loads(json.dumps(update))
    for _ in range(draw(st.integers(1, 3))):
        place: JsonObject = update
        while True:
            key = draw(st.sampled_from([*place, "media_group_id"]))
            if isinstance(place.get(key), dict) and place[key] and draw(st.booleans()):
                place = place[key]
                continue
            place[key] = draw(_JSON)
            break
    return update


@given(st.lists(_damaged() | _JSON, max_size=4))
def test_no_update_keeps_others_from_being_stored_and_handled(updates: list[Any]) -> None:
    """Whatever Telegram, or whoever has the secret, delivers: what is stored can be read back, and what follows is stored."""
    inbox = Inbox(State(None))
    inbox.put([*updates, _update(2**40)])
    taken = []
    while (waiting := inbox.take(())) is not None:
        taken.append(waiting.update_id)
        inbox.earlier(waiting, 60)
        inbox.is_followed(waiting)
        inbox.speaks_for_album(waiting.update_id, "album")
        inbox.done(waiting.update_id)
    assert 2**40 in taken
    assert len(set(taken)) + inbox.dropped >= len({update_id_of(one) for one in updates if update_id_of(one) is not None})


@pytest.mark.parametrize(
    "body",
    [
        "text",
        [],
        {},
        {"update_id": "5"},
        {"update_id": True},
        {"update_id": 2**64},
        {"update_id": 5, "message": {"chat": {"type": "private"}, "from": {"id": 1}}},
        {"update_id": 5, "message": {"chat": {"id": "x"}, "from": {"id": 1}}},
        {"update_id": 5, "message": {"chat": {"id": 1}, "from": {"id": 2**70}}},
        {"update_id": 5, "message": {"chat": {"id": 1}, "from": {"id": 1}, "date": "yesterday"}},
        {"update_id": 5, "message": {"chat": {"id": 1}, "from": {"id": 1}, "media_group_id": {}}},
        {"update_id": 5, "message": {"chat": {"id": 1}, "from": {"id": 1}, "message_id": [7]}},
        {"update_id": 5, "message": {"chat": {"id": 1}, "from": {"id": 1}, "reply_to_message": {"message_id": "7"}}},
    ],
)
def test_a_malformed_update_is_dropped_counted_and_logged_without_its_content(state: State, body: Any) -> None:
    inbox = Inbox(state)
    with capture_logs() as logs:
        inbox.put([body, _update(6)])
    assert (inbox.count(), inbox.dropped) == (1, 1)
    assert logs == [{"event": "updates_dropped", "count": 1, "since_start": 1, "log_level": "warning"}]


def test_what_an_earlier_release_stored_is_taken_over(tmp_path: Path) -> None:
    old = tmp_path / "telegram" / "state.sqlite"
    old.parent.mkdir()
    with sqlite3.connect(old) as before:
        before.executescript(state_module._MIGRATIONS[0])
        before.execute("PRAGMA user_version = 1")
        before.execute("INSERT INTO subscriptions VALUES (1, 2, 7, 'bridge', 'zh', 5.0)")
        before.execute("INSERT INTO updates VALUES (9, '1:2', 2, NULL, 5.0, ?, 0, NULL)", (json.dumps(_update(9)),))
        before.executescript(_VOTES)
        body = Outgoing(chat_id=1, key="x", content=Part(text="a")).as_json()
        query = "INSERT INTO outbox (chat_id, key, part, body, after_id, created_at_s) VALUES (1, 'x', 0, ?, ?, 5.0)"
        before.executemany(query, [(body, None), (body, 17)])
    before.close()
    for _ in range(2):  # the second start finds nothing to take over
        state = State(tmp_path / "state.sqlite")
        state.take_over(old)
        assert state.number("SELECT days FROM subscriptions") == 7
        assert (Inbox(state).count(), Outbox(state).count()) == (1, 2)
        assert [row["unclear"] for row in state.read("SELECT unclear FROM outbox ORDER BY outbox_id")] == [0, 1]
        assert _said(state) == _SAID
        state.close()
    assert [path.name for path in old.parent.iterdir()] == ["state.sqlite.taken-over"]


def test_a_file_of_an_earlier_release_becomes_the_state(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "state.sqlite") as before:
        before.executescript(state_module._MIGRATIONS[0])
        before.execute("PRAGMA user_version = 1")
        before.execute("INSERT INTO languages VALUES (1, 'ru')")
        before.executescript(_VOTES)
    before.close()
    for _ in range(2):
        state = State(tmp_path / "state.sqlite")
        assert Records(state).language(1) == "ru"
        assert _said(state) == _SAID
        state.close()


# By two users on an answer to the first, and on one that is not stored any more.
_VOTES = """
    INSERT INTO answers VALUES (3, 1, NULL, 1, 5, 'and "how long"?', 'Bridge how long?', 'ru', 1, 5.0);
    INSERT INTO votes VALUES (3, 1, 0, 6.0), (3, 2, 1, 7.0), (4, 1, 1, 8.0);
"""
_OWN = Feedback(verdict="bad", channel="telegram", language="ru", question='and "how long"?', searched_as="Bridge how long?")
_SAID = {
    feedback_id(1, 3): (6.0, _OWN),
    feedback_id(2, 3): (7.0, Feedback(verdict="good", channel="telegram", language="ru")),
    feedback_id(1, 4): (8.0, Feedback(verdict="good", channel="telegram")),
}


def _said(state: State) -> dict[str, tuple[float, Feedback]]:
    return {one.feedback_id: (one.at_s, one.feedback) for one in FeedbackBox(state).latest(10)}
