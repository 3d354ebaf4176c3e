"""Fits linear models of named features: one ranks the rows of a question, one distinguishes right answers from wrong ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from coopbot.ask.weights import PAIRS, Features, LinearModel, Pair

F64 = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

_RANK_PENALTY = 2e-3
_JUDGE_C = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Rows of a question to choose from, some right: features of each part, of one pair each, and which rows are right."""

    parts: Sequence[tuple[Pair, Features, Mask]]
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A best sentence, and whether it is right."""

    pair: Pair
    features: Features
    right: bool
    weight: float


def learn_ranking(choices: Sequence[Choice]) -> dict[Pair, LinearModel]:
    """Softmax over each question's rows, the right ones together to win. The models of the two pairs are learned as one, so
    that their scores compare where a question has rows of both. Questions without a right row teach nothing.
    """
    teaching = [choice for choice in choices if any(right.any() for _, _, right in choice.parts)]
    names = tuple(teaching[0].parts[0][1])
    weights = np.array([choice.weight for choice in teaching])
    weights /= weights.sum()
    scaling = {pair: _scaling(teaching, weights, pair, names) for pair in PAIRS}
    table, right, question = _stacked(teaching, names, scaling)
    starts = np.flatnonzero(np.diff(question, prepend=-1))

    def loss(weight: F64) -> tuple[float, F64]:
        scores = table @ weight
        odds = np.exp(scores - np.maximum.reduceat(scores, starts)[question])
        every, good = np.add.reduceat(odds, starts), np.maximum(np.add.reduceat(odds * right, starts), 1e-300)
        pull = weights[question] * odds * (right / good[question] - 1 / every[question])
        value = -(weights * np.log(good / every)).sum() + _RANK_PENALTY * (weight**2).sum()
        return float(value), 2 * _RANK_PENALTY * weight - pull @ table

    learned = minimize(loss, np.zeros(table.shape[1]), jac=True, method="L-BFGS-B").x
    same, across, bias = learned[: len(names)], learned[len(names) : -1], float(learned[-1])
    return {
        "same": _model(names, *scaling["same"], same, 0.0),
        "across": _model(names, *scaling["across"], across, bias),
    }


def learn_judging(verdicts: Sequence[Verdict], names: Sequence[str] = ()) -> dict[Pair, LinearModel]:
    """Log odds that a best sentence is right, for each pair, from some features or from all."""
    used = tuple(names or verdicts[0].features)
    return {pair: learn_judge([verdict for verdict in verdicts if verdict.pair == pair], used) for pair in PAIRS}


def probability(models: dict[Pair, LinearModel], verdict: Verdict) -> float:
    """That it is right."""
    return float(1 / (1 + np.exp(-models[verdict.pair].score(verdict.features)[0])))


def learn_judge(verdicts: Sequence[Verdict], names: Sequence[str]) -> LinearModel:
    """Log odds that a verdict is right. A feature that is not known, NaN, counts as its mean."""
    table = np.concatenate([_table(verdict.features, names) for verdict in verdicts])
    mean, scale = np.nanmean(table, axis=0), _at_least_some(np.nanstd(table, axis=0))
    table = np.where(np.isnan(table), mean, table)
    weights = np.array([verdict.weight for verdict in verdicts])
    # So that the penalty weighs against as many verdicts as there are, however they are weighed among themselves.
    weights *= len(weights) / weights.sum()
    model = LogisticRegression(C=_JUDGE_C, max_iter=3000)
    model.fit((table - mean) / scale, [verdict.right for verdict in verdicts], sample_weight=weights)
    return _model(tuple(names), mean, scale, model.coef_[0], float(model.intercept_[0]))


def _table(features: Features, names: Sequence[str]) -> F64:
    return np.stack([features[name] for name in names], axis=1).astype(np.float64)


def _scaling(choices: Sequence[Choice], weights: F64, pair: Pair, names: Sequence[str]) -> tuple[F64, F64]:
    """(mean, scale) of each feature, a question counting by its weight."""
    tables, counts = [], []
    for choice, weight in zip(choices, weights, strict=True):
        for own, features, _ in choice.parts:
            if own == pair:
                tables.append(_table(features, names))
                counts.append(np.full(len(tables[-1]), weight))
    rows, count = np.concatenate(tables), np.concatenate(counts)
    mean = np.average(rows, axis=0, weights=count)
    deviation = np.sqrt(np.average((rows - mean) ** 2, axis=0, weights=count))
    return mean, _at_least_some(deviation)


def _at_least_some(deviation: F64) -> F64:
    """What hardly varies teaches nothing; divided by 1 it stays at nothing."""
    return np.where(deviation > 1e-3, deviation, 1.0)


def _stacked(
    choices: Sequence[Choice], names: Sequence[str], scaling: dict[Pair, tuple[F64, F64]]
) -> tuple[F64, Mask, npt.NDArray[np.int64]]:
    """(rows, 2 * features + 1): those of one pair, then of the other, then whether it is the other; and (rows,): which are
    right, and whose question each is.
    """
    blocks, marks, questions = [], [], []
    for number, choice in enumerate(choices):
        for pair, features, right in choice.parts:
            mean, scale = scaling[pair]
            own = (_table(features, names) - mean) / scale
            other = np.zeros_like(own)
            is_across = np.full((len(own), 1), pair == "across", dtype=np.float64)
            blocks.append(np.hstack([own, other, is_across] if pair == "same" else [other, own, is_across]))
            marks.append(right)
            questions.append(np.full(len(own), number))
    return np.concatenate(blocks), np.concatenate(marks), np.concatenate(questions)


def _model(names: tuple[str, ...], mean: F64, scale: F64, weight: F64, bias: float) -> LinearModel:
    as_f32 = [np.asarray(values, dtype=np.float32) for values in (mean, scale, weight)]
    return LinearModel(names=names, mean=as_f32[0], scale=as_f32[1], weight=as_f32[2], bias=bias)
