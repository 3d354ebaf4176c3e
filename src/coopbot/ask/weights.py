"""What was learned: linear models over named features, from a small readable file that `evals/learn.py` makes."""

from __future__ import annotations

import importlib.resources
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal, get_args

import numpy as np

from coopbot.index.embedder import F32

Pair = Literal["same", "across"]
"""Whether question and passage are in one language."""
PAIRS: tuple[Pair, ...] = get_args(Pair)

Scope = Literal["alone", "together"]
"""Whether one language was searched, or several that may bear each other out."""
SCOPES: tuple[Scope, ...] = get_args(Scope)

Features = dict[str, F32]
"""One array a feature, all of one length."""


@dataclass(frozen=True, kw_only=True)
class LinearModel:
    """score = bias + sum of weight * (feature - mean) / scale."""

    names: tuple[str, ...]
    mean: F32
    scale: F32
    weight: F32
    bias: float

    def score(self, features: Mapping[str, F32]) -> F32:
        """One score a row."""
        weight, bias = self._of_plain
        scores: F32 = weight @ np.array([features[name] for name in self.names], dtype=np.float32) + bias
        return scores

    @cached_property
    def _of_plain(self) -> tuple[F32, np.float32]:
        """Weight and bias of features as they are: what is taken off and divided by, is the same for every row."""
        weight = self.weight.astype(np.float64) / self.scale
        return weight.astype(np.float32), np.float32(self.bias - weight @ self.mean)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """passage: which is better, within one language. sentence: which is better, whatever their languages. topical: log odds
    that the question is about what the articles are about. answered: if it is, that the best sentence answers. threshold: the
    probability from which on it is said to. preference: what is added to the scores of sentences in the question's own
    language, which people would rather read.
    """

    passage: dict[Pair, LinearModel]
    sentence: dict[Pair, LinearModel]
    topical: dict[Scope, dict[Pair, LinearModel]]
    answered: dict[Scope, dict[Pair, LinearModel]]
    threshold: float
    preference: float

    def log_odds(self, scope: Scope, pair: Pair, answer: Mapping[str, F32]) -> float:
        """That the question is topical and the best sentence answers it. answer: features of one answer."""
        topical, answered = (float(model[scope][pair].score(answer)[0]) for model in (self.topical, self.answered))
        return both(topical, answered)

    @property
    def least_log_odds(self) -> float:
        """The threshold as log odds."""
        return math.log(self.threshold / (1 - self.threshold))


def both(one: float, other: float) -> float:
    """The log odds that two things are so, from those of each, the second if the first is."""
    # Of the probabilities p and q: (1 - pq) / pq = (1/p - 1) + (1/q - 1) + (1/p - 1)(1/q - 1).
    return -float(np.logaddexp.reduce([-one, -other, -one - other]))


@lru_cache(maxsize=1)
def load_weights() -> Weights:
    """The weights that come with the package."""
    text = importlib.resources.files("coopbot.ask").joinpath("weights.json").read_text(encoding="utf-8")
    return parse_weights(text)


def parse_weights(text: str) -> Weights:
    """Weights from JSON."""
    fields = json.loads(text)
    return Weights(
        passage=_models(fields["passage"]),
        sentence=_models(fields["sentence"]),
        topical={scope: _models(fields["topical"][scope]) for scope in SCOPES},
        answered={scope: _models(fields["answered"][scope]) for scope in SCOPES},
        threshold=fields["threshold"],
        preference=fields["preference"],
    )


def _models(fields: dict[str, dict[str, dict[str, list[float]] | float]]) -> dict[Pair, LinearModel]:
    return {pair: _model(fields[pair]) for pair in PAIRS}


def _model(fields: dict[str, dict[str, list[float]] | float]) -> LinearModel:
    """`features` maps a name to [mean, scale, weight]."""
    features = fields["features"]
    assert isinstance(features, dict)
    table = np.array(list(features.values()), dtype=np.float32).reshape(-1, 3)
    bias = fields["bias"]
    assert isinstance(bias, float | int)
    return LinearModel(names=tuple(features), mean=table[:, 0], scale=table[:, 1], weight=table[:, 2], bias=float(bias))
