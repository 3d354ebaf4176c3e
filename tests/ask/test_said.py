"""Which answers repeat what a conversation has been told."""

from __future__ import annotations

import pytest

from coopbot.ask.rank.judge import Said


@pytest.mark.parametrize(
    ("said", "answer", "repeats"),
    [
        (("1,283 metres",), "1283米", True),
        (("10 June 2022",), "10 июня 2022 года", True),
        (("14.5 m", "147 m"), "14,5 м, главный пролёт 147 м", True),
        (("14.5 m",), "14,5 м, главный пролёт 147 м", False),
        (("3% since 1 January 2024",), "1 January 2024", False),
        (("Russia",), "russia", True),
        (("Russia",), "China", False),
        (("Russia",), "", False),
        ((), "1,283 metres", False),
    ],
)
def test_repeats(said: tuple[str, ...], answer: str, *, repeats: bool) -> None:
    assert Said(answers=said, loss=2.0).repeats(answer) == repeats
