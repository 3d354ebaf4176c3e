"""Questions that point back, and sentences that need the one before."""

from __future__ import annotations

import pytest

from coopbot.text.questions import needs_antecedent, opens_with_reference


@pytest.mark.parametrize(
    "question",
    [
        "how long is it?",
        "who built it",
        "and in 2024?",
        "а кто его построил?",
        "а сколько это стоило",
        "它有多长？",
        "那2022年呢",
    ],
)
def test_questions_that_are_about_nothing_alone(question: str) -> None:
    assert needs_antecedent(question)


@pytest.mark.parametrize(
    "question",
    [
        "How long is the Heihe bridge?",
        "when did its first freight train run",
        "Сколько стоит виза?",
        "黑河大桥有多长？",
        "and Heihe?",
        "你好",
    ],
)
def test_questions_that_say_what_they_are_about(question: str) -> None:
    assert not needs_antecedent(question)


@pytest.mark.parametrize(
    "sentence",
    [
        "It cost 2.47 billion yuan.",
        "From end to end it measures 1,283 metres.",
        "In 2025 it worked in test mode.",
        "One of them sailed to Felixstowe.",
        "Он открыт с мая.",
        "В 2025 году она работала в тестовом режиме.",
        "Одно из них дошло до Филикстоу.",
        "它长1283米。",
        "同一网页说，运输要慢2.3天。",
    ],
)
def test_sentences_that_need_the_one_before(sentence: str) -> None:
    assert opens_with_reference(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "In 2025 the bridge carried 600,000 people.",
        "The company said it would build a port.",
        "В 2025 году мост пропустил 600 тысяч человек.",
        "2025年大桥通过60万人次。",
    ],
)
def test_sentences_that_stand_alone(sentence: str) -> None:
    assert not opens_with_reference(sentence)
