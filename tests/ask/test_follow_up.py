"""Follow-ups: which questions need the one before, and which of its words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coopbot.ask.understand.follow_up import completed, readings
from coopbot.ask.weights import load_weights
from coopbot.domain import MAX_QUESTION_CHARS
from coopbot.index.model.encoder import Encoder
from tests.fakes import BagOfWords

BRIDGE = "When did the Heihe bridge open to freight?"
GAS = "Сколько газа поставили по «Силе Сибири» в 2020 году?"
TONGJIANG = "同江铁路大桥什么时候开通？"

WEIGHTS = load_weights().follow_up


@pytest.mark.parametrize(
    ("before", "question", "kept", "dropped"),
    [
        (BRIDGE, "how long is it?", "Heihe bridge", "open"),
        (BRIDGE, "who built it", "Heihe bridge", "When"),
        (GAS, "а в 2021-м?", "Силе Сибири", "2020"),
        (TONGJIANG, "它有多长", "同江铁路大桥", "什么时候"),
        ("How many wagons passed Suifenhe in 2023?", "and at Manzhouli?", "wagons", "Suifenhe"),
    ],
)
def test_the_subject_is_carried_over_and_what_was_asked_of_it_is_not(
    embedder: Encoder, before: str, question: str, kept: str, dropped: str
) -> None:
    first = readings(question, before, embedder, WEIGHTS)[0]
    assert first.endswith(question)
    assert kept in first
    assert dropped not in first


@pytest.mark.parametrize(
    "question",
    [
        "When was the contract for Power of Siberia signed?",
        "Какую долю российской сои выращивает Амурская область?",
        "黑河公路大桥的总投资是多少？",
    ],
)
def test_a_question_that_stands_alone_is_left_as_it_is(embedder: Encoder, question: str) -> None:
    assert readings(question, TONGJIANG, embedder, WEIGHTS) == (question,)


def test_the_subject_outlives_a_chain_of_questions(embedder: Encoder) -> None:
    asked = [BRIDGE, "how long is it?", "who built it", "and how much did it cost?"]
    last = completed(asked, embedder, WEIGHTS)
    assert "Heihe" in last
    assert "built" not in last
    assert last.endswith(asked[-1])


def test_a_first_question_needs_nothing() -> None:
    assert readings("and in 2024?", "", BagOfWords(), WEIGHTS) == ("and in 2024?",)
    assert completed([], BagOfWords(), WEIGHTS) == ""


@settings(deadline=None)
@given(st.text(min_size=1, max_size=MAX_QUESTION_CHARS), st.text(max_size=MAX_QUESTION_CHARS))
def test_nothing_grows_beyond_what_may_be_asked(question: str, before: str) -> None:
    found = readings(question, before, BagOfWords(), WEIGHTS)
    assert found
    assert all(len(one) <= MAX_QUESTION_CHARS for one in found)
