"""Against values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.measure.scores import (
    F64,
    Bin,
    area_under_roc,
    calibration_error,
    estimate,
    mean,
    ndcg_at,
    recall_at,
    recall_at_precision,
    reciprocal_rank,
    reliability,
    risk_coverage_area,
)


@pytest.mark.parametrize(
    ("k", "ranked", "relevant", "recall", "ndcg"),
    [
        (1, "ab", "a", 1.0, 1.0),
        (1, "ba", "a", 0.0, 0.0),
        (2, "ba", "a", 1.0, 1 / math.log2(3)),
        (3, "xya", "a", 1.0, 0.5),
        # One place holds only one of the two.
        (1, "axb", "ab", 1.0, 1.0),
        (3, "axb", "ab", 1.0, (1 + 0.5) / (1 + 1 / math.log2(3))),
        (5, "xa", "ab", 0.5, (1 / math.log2(3)) / (1 + 1 / math.log2(3))),
        (5, "", "a", 0.0, 0.0),
    ],
)
def test_recall_and_gain(k: int, ranked: str, relevant: str, recall: float, ndcg: float) -> None:
    assert recall_at(k, ranked, relevant) == pytest.approx(recall)
    assert ndcg_at(k, ranked, relevant) == pytest.approx(ndcg)


@pytest.mark.parametrize(("ranked", "expected"), [("abc", 1.0), ("xab", 0.5), ("xyb", 1 / 3), ("xyz", 0.0), ("", 0.0)])
def test_reciprocal_rank(ranked: str, expected: float) -> None:
    assert reciprocal_rank(ranked, {"a", "b"}) == pytest.approx(expected)


def column(*values: float) -> F64:
    return np.array(values, dtype=np.float64)


@pytest.mark.parametrize(
    ("confidence", "wrong", "expected"),
    [
        # Shares wrong after 1, 2, 3, 4 questions: 0, 0, 1/3, 1/2.
        (column(0.9, 0.8, 0.7, 0.6), column(0, 0, 1, 1), (1 / 3 + 1 / 2) / 4),
        (column(0.6, 0.7, 0.8, 0.9), column(0, 0, 1, 1), (1 + 1 + 2 / 3 + 1 / 2) / 4),
        # Of equal confidence: half wrong wherever the line is drawn, in whatever order they come.
        (column(0.5, 0.5), column(0, 1), 0.5),
        (column(0.5, 0.5), column(1, 0), 0.5),
        (column(0.9, 0.1), column(0, 0), 0.0),
    ],
)
def test_area_under_risk_and_coverage(confidence: F64, wrong: F64, expected: float) -> None:
    assert risk_coverage_area(confidence, wrong) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("precision", "confidence", "unanswerable", "expected"),
    [
        (0.9, column(0.1, 0.2, 0.3, 0.4), column(1, 1, 0, 0), 1.0),
        (0.9, column(0.1, 0.2, 0.3, 0.4), column(1, 0, 1, 0), 0.5),
        (0.6, column(0.1, 0.2, 0.3, 0.4), column(1, 0, 1, 0), 1.0),
        (0.9, column(0.1, 0.2, 0.3, 0.4), column(0, 1, 1, 0), 0.0),
        # No threshold lies between equals.
        (0.9, column(0.1, 0.1), column(1, 0), 0.0),
        (0.5, column(0.1, 0.1), column(0, 1), 1.0),
    ],
)
def test_recall_at_precision(precision: float, confidence: F64, unanswerable: F64, expected: float) -> None:
    assert recall_at_precision(precision, confidence, unanswerable) == pytest.approx(expected)


def test_recall_at_precision_of_nothing_is_undefined() -> None:
    assert math.isnan(recall_at_precision(0.9, column(0.1), column(0)))


def test_reliability_and_calibration_error() -> None:
    confidence, right = column(0.0625, 0.1875, 0.125, 1.0), column(0, 1, 0, 1)
    assert reliability(confidence, right) == (
        Bin(low=0.0, high=0.1, count=1, confidence=0.0625, right=0.0),
        Bin(low=0.1, high=0.2, count=2, confidence=0.15625, right=0.5),
        Bin(low=0.9, high=1.0, count=1, confidence=1.0, right=1.0),
    )
    assert calibration_error(confidence, right) == pytest.approx((0.0625 + 2 * (0.5 - 0.15625) + 0) / 4)


def test_an_interval_holds_its_value_and_narrows_with_more_questions() -> None:
    few, many = estimate(mean, [0, 1] * 30), estimate(mean, [0, 1] * 1000)
    # The textbook's 1.96 standard errors.
    for figure in (few, many):
        assert figure.value == 0.5
        assert figure.low == pytest.approx(0.5 - 1.96 * 0.5 / math.sqrt(figure.count), abs=0.03)
        assert figure.high == pytest.approx(0.5 + 1.96 * 0.5 / math.sqrt(figure.count), abs=0.03)
    assert estimate(mean, [0, 1] * 30) == few


def test_an_interval_is_wider_where_questions_are_alike() -> None:
    values = [0, 1] * 30
    apart = estimate(mean, values)
    alike = estimate(mean, [value for value in values for _ in range(4)], groups=[str(number // 4) for number in range(240)])
    assert (alike.value, alike.count) == (apart.value, 240)
    assert (alike.low, alike.high) == pytest.approx((apart.low, apart.high), abs=0.03)
    ungrouped = estimate(mean, [value for value in values for _ in range(4)])
    assert alike.low is not None
    assert ungrouped.low is not None
    assert alike.low < ungrouped.low - 0.03


@pytest.mark.parametrize(
    ("score", "positive", "expected"),
    [
        (column(0.9, 0.8, 0.2, 0.1), column(1, 1, 0, 0), 1.0),
        (column(0.1, 0.2, 0.8, 0.9), column(1, 1, 0, 0), 0.0),
        # Pairs won: 0.9 over both, 0.5 over one and half of the tie.
        (column(0.9, 0.5, 0.5, 0.1), column(1, 1, 0, 0), (2 + 1.5) / 4),
        (column(0.5, 0.5, 0.5), column(1, 0, 0), 0.5),
    ],
)
def test_area_under_roc(score: F64, positive: F64, expected: float) -> None:
    assert area_under_roc(score, positive) == pytest.approx(expected)


@pytest.mark.parametrize("positive", [column(1, 1), column(0, 0), column()])
def test_area_under_roc_needs_both_sorts(positive: F64) -> None:
    assert math.isnan(area_under_roc(np.arange(len(positive), dtype=np.float64), positive))


@pytest.mark.parametrize("columns", [([], []), ([0.5, 0.4], [0, 0])])
def test_what_is_undefined_has_no_interval(columns: tuple[list[float], list[float]]) -> None:
    figure = estimate(lambda confidence, no: recall_at_precision(0.9, confidence, no), *columns)
    assert (figure.value, figure.low, figure.high, figure.count) == (None, None, None, len(columns[0]))


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40))
def test_measures_stay_in_bounds_and_do_not_depend_on_order(pairs: list[tuple[float, bool]]) -> None:
    confidence, right = np.array(pairs, dtype=np.float64).T
    for measure in (risk_coverage_area, calibration_error):
        assert 0 <= measure(confidence, right) <= 1
        assert measure(confidence[::-1], right[::-1]) == pytest.approx(measure(confidence, right))
    assert sum(b.count for b in reliability(confidence, right)) == len(pairs)
