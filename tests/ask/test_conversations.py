from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from coopbot.ask.understand.conversations import (
    MAX_CONVERSATIONS,
    MAX_CONVERSATIONS_PER_CLIENT,
    MAX_EARLIER,
    MAX_IDLE_S,
    Conversations,
    Turn,
    checked_conversation_id,
    new_conversation_id,
)
from coopbot.errors import InvalidRequest
from coopbot.state import State
from tests.fakes import Clock


class Talk:
    """Conversations in which a turn is only its question."""

    def __init__(self, state: State) -> None:
        self._kept = Conversations(state)

    def remember(self, conversation_id: str, question: str, client: str = "") -> None:
        self._kept.remember(conversation_id, Turn(question=question), client)

    def earlier(self, conversation_id: str, client: str = "") -> tuple[str, ...]:
        return tuple(turn.question for turn in self._kept.earlier(conversation_id, client))


def talk(clock: Clock | None = None) -> Talk:
    return Talk(State(None, now_s=clock or Clock()))


def test_a_conversation_remembers_its_latest_questions_in_order() -> None:
    conversations = talk()
    for number in range(MAX_EARLIER + 3):
        conversations.remember("a", f"q{number}")
    conversations.remember("b", "other")
    assert conversations.earlier("a") == tuple(f"q{number}" for number in range(3, MAX_EARLIER + 3))
    assert conversations.earlier("b") == ("other",)
    assert conversations.earlier("c") == ()


def test_a_conversation_ends_when_idle() -> None:
    clock = Clock()
    conversations = talk(clock)
    conversations.remember("a", "q1")
    conversations.remember("b", "q1")
    clock.now_s = MAX_IDLE_S
    conversations.remember("a", "q2")
    clock.now_s += 1
    assert conversations.earlier("a") == ("q1", "q2")
    assert conversations.earlier("b") == ()


def test_the_longest_idle_conversation_makes_room() -> None:
    conversations = talk()
    for number in range(MAX_CONVERSATIONS):
        conversations.remember(str(number), "q")
    conversations.remember("0", "again")
    conversations.remember("new", "q")
    assert conversations.earlier("1") == ()
    assert conversations.earlier("0") == ("q", "again")
    assert conversations.earlier("new") == ("q",)


def test_threads_may_share_a_conversation() -> None:
    conversations = talk()

    def speak(speaker: int) -> None:
        for number in range(200):
            conversations.remember(f"{speaker}-{number % 20}", "q")
            conversations.remember("shared", f"{speaker}")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(speak, range(8)))
    assert len(conversations.earlier("shared")) == MAX_EARLIER
    assert all(conversations.earlier(f"{speaker}-{n}") == ("q",) * 10 for speaker in range(8) for n in range(20))


@pytest.mark.parametrize("text", ["a", "A-z_09", "x" * 64])
def test_conversation_ids(text: str) -> None:
    assert checked_conversation_id(text) == text


@pytest.mark.parametrize("text", ["", "x" * 65, "a b", "a\n", "я", "a/b", "٣"])
def test_no_conversation_ids(text: str) -> None:
    with pytest.raises(InvalidRequest, match="send") as raised:
        checked_conversation_id(text)
    assert raised.value.field == "conversation_id"


def test_the_same_id_of_two_clients_is_two_conversations() -> None:
    conversations = talk()
    conversations.remember("a", "one", "here")
    conversations.remember("a", "two", "there")
    assert [conversations.earlier("a", client) for client in ("here", "there", "")] == [("one",), ("two",), ()]


def test_one_client_cannot_drive_out_the_conversations_of_others() -> None:
    conversations = talk()
    conversations.remember("a", "mine", "me")
    for number in range(2 * MAX_CONVERSATIONS):
        conversations.remember(f"made-up-{number}", "theirs", "other")
    assert conversations.earlier("a", "me") == ("mine",)
    kept = sum(bool(conversations.earlier(f"made-up-{number}", "other")) for number in range(2 * MAX_CONVERSATIONS))
    assert kept == MAX_CONVERSATIONS_PER_CLIENT


def test_ids_that_are_made_are_such_as_are_taken() -> None:
    made = {new_conversation_id() for _ in range(100)}
    assert len(made) == 100
    assert {checked_conversation_id(one) for one in made} == made


def test_processes_share_conversations(tmp_path: Path) -> None:
    one, other = (Talk(State(tmp_path / "state.sqlite")) for _ in range(2))
    one.remember("a", "q1", "me")
    other.remember("a", "q2", "me")
    assert one.earlier("a", "me") == ("q1", "q2")


def test_turns_that_cannot_be_stored_or_read_are_no_turns(tmp_path: Path) -> None:
    state = State(tmp_path / "state.sqlite")
    talk = Talk(state)
    talk.remember("a", "q1")
    state.execute("UPDATE talks SET turns = '[{}]'")
    assert talk.earlier("a") == ()
    state.execute("DROP TABLE talks")
    talk.remember("a", "q2")
    assert talk.earlier("a") == ()
