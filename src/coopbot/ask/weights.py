"""Learned linear models over named features, read from a small JSON file that `evals/learn.py` writes."""

from __future__ import annotations

import importlib.resources
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal, get_args

import numpy as np

from coopbot.index.types import F32

Pair = Literal["same", "across"]
"""Whether question and passage are in the same language."""
PAIRS: tuple[Pair, ...] = get_args(Pair)

Where = Literal["sentence", "passage", "elsewhere"]
"""Where another account stands: in the sentence of the answer, in another of its passage, or in another passage."""
WHERES: tuple[Where, ...] = get_args(Where)

Features = dict[str, F32]
"""One array per feature, all of the same length."""


@dataclass(frozen=True, kw_only=True)
class LinearModel:
    """score = bias + sum of weight * (feature - mean) / scale."""

    names: tuple[str, ...]
    mean: F32
    scale: F32
    weight: F32
    bias: float

    def score(self, features: Mapping[str, F32]) -> F32:
        """One score per row."""
        weight, bias = self._of_plain
        scores: F32 = weight @ np.array([features[name] for name in self.names], dtype=np.float32) + bias
        return scores

    @cached_property
    def _of_plain(self) -> tuple[F32, np.float32]:
        """Weights and bias for raw features: mean and scale folded in."""
        weight = self.weight.astype(np.float64) / self.scale
        return weight.astype(np.float32), np.float32(self.bias - weight @ self.mean)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContradictionWeights:
    """rival: log odds that a figure is another account of what the answer states. threshold: minimum probability at which it is
    reported.
    """

    rival: dict[Where, LinearModel]
    threshold: float

    @property
    def least_log_odds(self) -> float:
        """The threshold as log odds."""
        return _log_odds(self.threshold)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceWeights:
    """sentence: ranks sentences across passages and languages. answered: log odds that the best sentence answers.

    threshold: minimum probability at which the best sentence is given as the answer. contradiction: what contradicts it; None
    without a reader.
    """

    sentence: dict[Pair, LinearModel]
    answered: dict[Pair, LinearModel]
    threshold: float
    contradiction: ContradictionWeights | None

    @property
    def least_log_odds(self) -> float:
        """The threshold as log odds."""
        return _log_odds(self.threshold)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """passage: ranks passages across languages. read, unread: sentence weights with a reader and without.

    sure: probability at which reading stops. preference: bonus for sentences in the question's own language, which people would
    rather read.
    """

    passage: dict[Pair, LinearModel]
    read: SentenceWeights
    unread: SentenceWeights
    sure: float
    preference: float

    def sentences(self, *, with_reader: bool) -> SentenceWeights:
        """The sentence weights for use with or without a reader."""
        return self.read if with_reader else self.unread


@lru_cache(maxsize=1)
def load_weights() -> Weights:
    """The weights shipped with the package."""
    file = importlib.resources.files("coopbot.ask.rank").joinpath("weights.json")
    return parse_weights(json.loads(file.read_text(encoding="utf-8")))


def parse_weights(fields: dict[str, Any]) -> Weights:
    """Weights from the fields of the file."""
    return Weights(
        passage=_models(fields["passage"]),
        read=_sentence_weights(fields["read"]),
        unread=_sentence_weights(fields["unread"]),
        sure=fields["sure"],
        preference=fields["preference"],
    )


def _sentence_weights(fields: dict[str, Any]) -> SentenceWeights:
    contradiction = fields.get("contradiction")
    return SentenceWeights(
        sentence=_models(fields["sentence"]),
        answered=_models(fields["answered"]),
        threshold=fields["threshold"],
        contradiction=contradiction and _contradiction_weights(**contradiction),
    )


def _contradiction_weights(rival: dict[Where, Any], threshold: float) -> ContradictionWeights:
    return ContradictionWeights(rival={where: _model(**model) for where, model in rival.items()}, threshold=threshold)


def _models(fields: dict[str, Any]) -> dict[Pair, LinearModel]:
    return {pair: _model(**fields[pair]) for pair in PAIRS}


def _model(features: dict[str, list[float]], bias: float) -> LinearModel:
    """features: [mean, scale, weight] by name."""
    table = np.array(list(features.values()), dtype=np.float32).reshape(-1, 3)
    return LinearModel(names=tuple(features), mean=table[:, 0], scale=table[:, 1], weight=table[:, 2], bias=float(bias))


def _log_odds(probability: float) -> float:
    return math.log(probability / (1 - probability))
