"""Amounts that are no total of their time."""

from __future__ import annotations

import pytest

from coopbot.text.totals import is_no_record


@pytest.mark.parametrize(
    ("text", "no_record"),
    [
        ("It is to carry 197 million tonnes by 2027.", True),
        ("По контракту в 2025 году 38 млрд кубометров.", True),
        ("到2027年将达到1.97亿吨。", True),
        ("The page gave 190 billion for 2017 by mistake, in error.", True),
        ("It carried 180 million tonnes in 2024.", False),
    ],
)
def test_plans_and_mistakes_are_no_record(text: str, no_record: bool) -> None:
    assert is_no_record(text) is no_record
