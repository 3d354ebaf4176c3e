"""Follow-ups: what was asked before is put in front, less what the follow-up gives its like for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopbot.ask.understand.converse import readings, resolve, stands_alone
from coopbot.domain import MAX_QUESTION_CHARS

PASSENGERS = "How many passengers crossed the Heihe bridge in 2023?"
RUSSIAN = "Сколько газа поставили по «Силе Сибири» в 2020 году?"
CHINESE = "黑河公路大桥什么时候开通货运？"


@pytest.mark.parametrize(
    ("last", "question", "expected"),
    [
        (PASSENGERS, "and in 2024?", "How many passengers crossed the Heihe bridge in 2024?"),
        (PASSENGERS, "how much did it cost?", f"{PASSENGERS} how much did it cost?"),
        (PASSENGERS, "and trucks?", f"{PASSENGERS} trucks?"),
        (RUSSIAN, "а какой длины труба?", f"{RUSSIAN} какой длины труба?"),
        (CHINESE, "那客运呢？", f"{CHINESE} 客运呢？"),
    ],
)
def test_what_was_asked_before_is_put_in_front(last: str, question: str, expected: str) -> None:
    assert resolve(question, [last]) == expected


def test_a_date_gives_way_to_a_date() -> None:
    resolved = resolve("а в 2021-м?", [RUSSIAN])
    assert "2020" not in resolved
    assert "2021" in resolved
    assert "газа" in resolved


def test_a_name_gives_way_to_a_name() -> None:
    resolved = resolve("and at Manzhouli?", ["How many wagons passed Suifenhe in 2023?"])
    assert "Suifenhe" not in resolved
    assert "Manzhouli" in resolved
    assert "2023" in resolved


@pytest.mark.parametrize(
    "question",
    [
        "When was the contract for Power of Siberia signed?",
        "Какую долю российской сои выращивает Амурская область?",
        "黑河公路大桥的总投资是多少？",
    ],
)
def test_a_question_that_stands_alone_is_left_as_it_is(question: str) -> None:
    assert stands_alone(question)
    assert resolve(question, [PASSENGERS]) == question


@pytest.mark.parametrize("question", ["and then?", "when?", "а кто платил?", "它多长？", "how much did it cost?", "diameter?"])
def test_others_do_not(question: str) -> None:
    assert not stands_alone(question)


def test_what_does_not_stand_alone_is_read_by_itself_too() -> None:
    assert readings("how much did it cost?", [PASSENGERS]) == (f"{PASSENGERS} how much did it cost?", "how much did it cost?")
    assert readings("黑河公路大桥的总投资是多少？", [PASSENGERS]) == ("黑河公路大桥的总投资是多少？",)
    assert readings("and in 2024?", [PASSENGERS]) == ("How many passengers crossed the Heihe bridge in 2024?",)
    assert readings("how much did it cost?", []) == ("how much did it cost?",)


def test_without_anything_before_nothing_is_put_in_front() -> None:
    assert resolve("and in 2024?", []) == "and in 2024?"


def test_only_the_last_question_counts() -> None:
    assert "passengers" not in resolve("and how long is it?", [PASSENGERS, "Who built the Zarubino port?"])


@given(st.text(max_size=MAX_QUESTION_CHARS), st.text(max_size=MAX_QUESTION_CHARS))
def test_nothing_grows_beyond_what_may_be_asked(question: str, last: str) -> None:
    assert len(resolve(question, [last])) <= max(MAX_QUESTION_CHARS, len(question))
