"""Measures of rankings, of answers and of confidence: functions of plain numbers. Things are right or wrong, not between."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]

RESAMPLES = 1000
_SEED = 20250510
_INTERVAL = (2.5, 97.5)
_BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A measure, its 95 % bootstrap interval, and over how many questions; None where it is undefined or not known."""

    value: float | None
    low: float | None
    high: float | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Answers whose confidence lies in [low, high): how many, their mean confidence, and the share that is right."""

    low: float
    high: float
    count: int
    confidence: float
    right: float


def recall_at(k: int, ranked: Sequence[str], relevant: Collection[str]) -> float:
    """The share of the relevant among the first k, of as many as k places can hold. `relevant` is not empty."""
    return len(set(ranked[:k]) & set(relevant)) / min(k, len(relevant))


def reciprocal_rank(ranked: Sequence[str], relevant: Collection[str]) -> float:
    """1 / rank of the first relevant one; 0 if there is none."""
    return next((1 / rank for rank, item in enumerate(ranked, start=1) if item in relevant), 0.0)


def ndcg_at(k: int, ranked: Sequence[str], relevant: Collection[str]) -> float:
    """Discounted gain of the first k over that of the best order there is. `relevant` is not empty."""
    gain = sum(1 / math.log2(rank + 1) for rank, item in enumerate(ranked[:k], start=1) if item in relevant)
    return gain / sum(1 / math.log2(rank + 1) for rank in range(1, min(k, len(relevant)) + 1))


def estimate(statistic: Callable[..., float], *columns: Sequence[float], groups: Sequence[str] | None = None) -> Estimate:
    """A statistic of columns that have one number a question, with its interval: questions are drawn anew, with repetition.

    `statistic` takes as many arrays (questions,) as there are columns; NaN means undefined. groups: (questions,): what is drawn
    instead, so that questions alike do not count as independent.
    """
    table = np.array(columns, dtype=np.float64)
    count = table.shape[1]
    value = statistic(*table) if count else math.nan
    if math.isnan(value):
        return Estimate(value=None, low=None, high=None, count=count)
    alone = [str(number) for number in range(count)]
    drawn = np.array([statistic(*table[:, rows]) for rows in _resamples(alone if groups is None else groups)])
    low, high = np.percentile(drawn[~np.isnan(drawn)], _INTERVAL)
    return Estimate(value=value, low=float(low), high=float(high), count=count)


def _resamples(groups: Sequence[str]) -> Iterator[npt.NDArray[np.intp]]:
    """The rows of as many groups as there are, drawn anew each time."""
    _, group_of, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    rows = np.argsort(group_of, kind="stable")
    starts = np.cumsum(sizes) - sizes  # of each group among `rows`
    for drawn in np.random.default_rng(_SEED).integers(len(sizes), size=(RESAMPLES, len(sizes))):
        own_sizes = sizes[drawn]
        own_starts = np.cumsum(own_sizes) - own_sizes  # of each group drawn
        yield rows[np.repeat(starts[drawn] - own_starts, own_sizes) + np.arange(own_sizes.sum())]


def mean(values: F64) -> float:
    """Their mean, NaN if there are none."""
    return float(values.mean()) if len(values) else math.nan


def risk_coverage_area(confidence: F64, wrong: F64) -> float:
    """Mean, over answering the 1, 2, ... n most confident questions, of the share that is wrong; 0 is best.

    Questions of equal confidence come in no order: each stands for their mean.
    """
    _, group = np.unique(-confidence, return_inverse=True)
    risk = (np.bincount(group, weights=wrong) / np.bincount(group))[np.sort(group)]
    return mean(np.cumsum(risk) / np.arange(1, len(risk) + 1))


def area_under_roc(score: F64, positive: F64) -> float:
    """How often a positive scores higher than a negative, ties counting half; NaN if either kind is missing."""
    count = positive.sum()
    if count in (0, len(positive)):
        return math.nan
    _, group, sizes = np.unique(score, return_inverse=True, return_counts=True)
    # Equal scores share the mean of their ranks.
    ranks = (np.cumsum(sizes) - (sizes - 1) / 2)[group]
    return float((ranks[positive > 0].sum() - count * (count + 1) / 2) / (count * (len(positive) - count)))


def recall_at_precision(precision: float, confidence: F64, unanswerable: F64) -> float:
    """The highest share of the unanswerable refused by a threshold at which at least `precision` of refusals are right.

    0 if there is no such threshold; NaN if nothing is unanswerable.
    """
    if not unanswerable.sum():
        return math.nan
    order = np.argsort(confidence, kind="stable")
    refused = np.cumsum(unanswerable[order])
    # A threshold cannot part equal confidences.
    is_cut = np.append(np.diff(confidence[order]) > 0, True)
    is_precise = refused / np.arange(1, len(order) + 1) >= precision
    return float(np.max(refused, where=is_cut & is_precise, initial=0.0) / refused[-1])


def reliability(confidence: F64, right: F64) -> tuple[Bin, ...]:
    """Ten bins of equal width; those that nothing falls into are left out."""
    numbers = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    return tuple(
        Bin(
            low=number / _BINS,
            high=(number + 1) / _BINS,
            count=int((numbers == number).sum()),
            confidence=mean(confidence[numbers == number]),
            right=mean(right[numbers == number]),
        )
        for number in sorted(set(numbers.tolist()))
    )


def calibration_error(confidence: F64, right: F64) -> float:
    """Expected calibration error: how far confidence lies from the share that is right, mean over bins by their counts."""
    bins = reliability(confidence, right)
    return sum(b.count * abs(b.confidence - b.right) for b in bins) / len(confidence) if bins else math.nan
