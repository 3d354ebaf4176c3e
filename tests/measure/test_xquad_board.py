"""What the outcomes in nine directions come to, and where the figures stand on the board."""

from __future__ import annotations

import numpy as np
import pytest

from coopbot.domain import LANGUAGES
from coopbot.measure.floors import OPTIONAL_PARTS
from coopbot.measure.xquad_board import XquadPart
from coopbot.measure.xquad_scores import XquadScores

# Ranks of passage and sentence, log odds with the passage and without it, of four questions; the first two are odd.
_WELL = np.array([[1, 1, 1, 1], [1, 1, 1, 1], [3, 3, 3, 3], [-3, -3, -3, -3]], dtype=np.float64)
_ILL = np.array([[2, 1, 1, 1], [0, 2, 1, 1], [-4, 3, 3, 3], [-3, -3, -3, -3]], dtype=np.float64)


@pytest.fixture(scope="module")
def part() -> XquadPart:
    outcomes = {(asked, language): _WELL if asked == language else _ILL for asked in LANGUAGES for language in LANGUAGES}
    return XquadPart(scores=XquadScores(outcomes=outcomes, is_odd=np.array([True, True, False, False])))


def test_figures_have_names_and_means(part: XquadPart) -> None:
    values = {name: figure.value for name, figure in part.figures.items()}
    assert all(name.startswith(OPTIONAL_PARTS) for name in values)
    assert values["xquad.odd.same.mrr"] == values["xquad.odd.same.first"] == 1
    assert values["xquad.odd.en-zh.mrr"] == values["xquad.odd.across.mrr"] == 0.75
    assert values["xquad.all.across.mrr"] == 0.875
    assert (values["xquad.odd.en-zh.first"], values["xquad.odd.en-zh.first_two"]) == (0, 0.5)


def test_no_is_precise_at_the_recall_told(part: XquadPart) -> None:
    values = {name: figure.value for name, figure in part.figures.items()}
    assert values["xquad.odd.same.no_recall_strict"] == 1
    # The one refused before the others has its passage in the index, if not in front.
    assert values["xquad.all.across.no_recall_strict"] == 0
    assert values["xquad.all.across.no_recall_found"] == 1


def test_intervals_are_of_the_questions(part: XquadPart) -> None:
    sure, unsure = part.figures["xquad.odd.same.mrr"], part.figures["xquad.odd.across.mrr"]
    assert (sure.low, sure.high, sure.count) == (1, 1, 2)
    assert (unsure.low, unsure.high, unsure.count) == (0.5, 1, 2)


def test_the_section_has_a_row_a_direction_and_the_means(part: XquadPart) -> None:
    text = part.sections()
    assert text.startswith("## XQuAD-R\n")
    rows = [line for line in text.splitlines() if line.startswith("| ") and "---" not in line][1:]
    assert len(rows) == 11
    assert any(row.startswith("| en → zh | 0.750 (0.500–1.000) | 0.875 | 0.000 (") for row in rows)
    assert rows[-2].startswith("| same | 1.000 (1.000–1.000) | 1.000 |")
