"""Where the figures of the nine directions stand on the board."""

from __future__ import annotations

import pytest

from coopbot.domain import LANGUAGES, Language
from coopbot.measure.evaluate import Part
from coopbot.measure.floors import SECOND_PART
from coopbot.measure.xquad_board import XquadPart
from coopbot.measure.xquad_scores import Direction, XquadScores


def direction(asked: Language, language: Language, mrr: float) -> Direction:
    return Direction(
        question_language=asked,
        passage_language=language,
        mrr=mrr,
        first=0.5,
        first_two=0.6,
        no_recall_strict=0.3,
        no_recall_found=0.4,
    )


@pytest.fixture
def part() -> Part:
    pairs = [(asked, language) for asked in LANGUAGES for language in LANGUAGES]
    return XquadPart(
        scores=XquadScores(
            odd=tuple(direction(*pair, 0.9 if pair[0] == pair[1] else 0.6 + 0.01 * n) for n, pair in enumerate(pairs)),
            all=tuple(direction(*pair, 0.8) for pair in pairs),
        )
    )


def test_figures_have_names_and_means(part: Part) -> None:
    values = {name: figure.value for name, figure in part.figures.items()}
    assert all(name.startswith(SECOND_PART) for name in values)
    assert values["xquad.odd.en-zh.mrr"] == 0.61
    assert values["xquad.odd.same.mrr"] == pytest.approx(0.9)
    assert values["xquad.odd.across.mrr"] == pytest.approx(0.6 + 0.01 * (1 + 2 + 3 + 5 + 6 + 7) / 6)
    assert values["xquad.all.across.no_recall_found"] == pytest.approx(0.4)


def test_the_section_has_a_row_a_direction_and_the_means(part: Part) -> None:
    text = part.sections()
    assert text.startswith("## XQuAD-R\n")
    rows = [line for line in text.splitlines() if line.startswith("| ") and "---" not in line][1:]
    assert len(rows) == 11
    assert "| en → zh | 0.610 | 0.800 | 0.500 | 0.500 | 0.600 | 0.600 | 0.300 | 0.300 | 0.400 | 0.400 |" in rows
    assert rows[-2].startswith("| same | 0.900 | 0.800 |")
