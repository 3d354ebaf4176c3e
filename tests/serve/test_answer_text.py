from __future__ import annotations

from dataclasses import replace

from coopbot.domain import Claim, Disagreement
from coopbot.serve.answer_text import answer_lines, answer_text
from tests.serve.test_wire import ANSWER


def test_each_claim_and_each_disagreement_is_one_line() -> None:
    two_lines = Claim(text="It opened.\nIt is long.", citations=(1, 2))
    answer = replace(ANSWER, claims=(two_lines,), disagreements=(Disagreement(about="1 / 2", citations=(1, 2)),))
    assert answer_lines(answer) == ["It opened.\nIt is long. [1] [2]", "The sources differ: 1 / 2 [1] [2]"]
    assert answer_text(answer) == "\n".join(answer_lines(answer))
