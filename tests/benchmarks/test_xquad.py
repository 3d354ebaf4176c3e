"""What the outcomes in nine directions come to, and where the figures stand on the board."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.xquad.board import XquadPart
from benchmarks.xquad.scores import F64, XquadScores
from coopbot.domain import LANGUAGES
from coopbot.measure.floors import OPTIONAL_PARTS

# Ranks of passage and sentence, log odds with the passage and without it, of four questions.
_WELL = np.array([[1, 1, 1, 1], [1, 1, 1, 1], [3, 3, 3, 3], [-3, -3, -3, -3]], dtype=np.float64)
_ILL = np.array([[2, 1, 1, 1], [0, 2, 1, 1], [-4, 3, 3, 3], [-3, -3, -3, -3]], dtype=np.float64)


def scores(same: F64, across: F64) -> XquadScores:
    return XquadScores(outcomes={(asked, text): same if asked == text else across for asked in LANGUAGES for text in LANGUAGES})


@pytest.fixture(scope="module")
def part() -> XquadPart:
    return XquadPart(scores=scores(_WELL, _ILL), unread=scores(_ILL, _ILL))


def test_figures_have_names_and_means(part: XquadPart) -> None:
    values = {name: figure.value for name, figure in part.figures.items()}
    assert all(name.startswith(OPTIONAL_PARTS) for name in values)
    assert values["xquad.same.mrr"] == values["xquad.same.first"] == 1
    assert values["xquad.en-zh.mrr"] == values["xquad.across.mrr"] == values["xquad.unread.same.mrr"] == 0.875
    assert (values["xquad.en-zh.first"], values["xquad.en-zh.first_two"]) == (0.5, 0.75)


def test_no_is_precise_at_the_recall_reported(part: XquadPart) -> None:
    values = {name: figure.value for name, figure in part.figures.items()}
    assert values["xquad.same.no_recall_strict"] == 1
    # The one refused before the others has its passage in the index, if not in front.
    assert values["xquad.across.no_recall_strict"] == 0
    assert values["xquad.across.no_recall_found"] == 1


def test_intervals_are_of_the_questions(part: XquadPart) -> None:
    sure, unsure = part.figures["xquad.same.mrr"], part.figures["xquad.across.first"]
    assert (sure.low, sure.high, sure.count) == (1, 1, 4)
    assert (unsure.low, unsure.high, unsure.count) == (0, 1, 4)


def test_the_section_has_a_row_a_direction_and_the_means(part: XquadPart) -> None:
    text = part.sections()
    assert text.startswith("## XQuAD-R\n")
    rows = [line for line in text.splitlines() if line.startswith("| ") and "---" not in line]
    assert len(rows) == 2 * 12
    assert any(row.startswith("| en → zh | 0.875 (") for row in rows)
    assert rows[10].startswith("| same | 1.000 (1.000–1.000) | 1.000 (1.000–1.000) |")


def test_without_a_reader_there_is_one_table() -> None:
    part = XquadPart(scores=scores(_WELL, _ILL))
    assert not any(name.startswith("xquad.unread.") for name in part.figures)
    assert part.sections().count("| same |") == 1
