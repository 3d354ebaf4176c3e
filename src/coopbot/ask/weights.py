"""Learned linear models over named features, read from a small JSON file that `evals/learn.py` writes."""

from __future__ import annotations

import base64
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
    """score = bias + sum of weight * (feature - mean) / scale. A feature that is not known, NaN, counts as its mean."""

    names: tuple[str, ...]
    mean: F32
    scale: F32
    weight: F32
    bias: float

    def score(self, features: Mapping[str, F32]) -> F32:
        """One score per row."""
        weight, bias = self._of_plain
        table = np.array([features[name] for name in self.names], dtype=np.float32)
        scores: F32 = weight @ np.where(np.isnan(table), self.mean[:, None], table) + bias
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
class JudgeWeights:
    """answered: log odds that a sentence answers. same: log odds that a sentence answers if one in another language does; None
    without a reader. readable: what an answer in another language is worth beside one in the question's.
    """

    answered: dict[Pair, LinearModel]
    same: LinearModel | None
    readable: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceWeights:
    """sentence: ranks sentences across passages and languages. judge: how likely the best ones answer. sure: probability at
    which reading stops.

    answered, possible: minimum probabilities at which the best sentence is given as the answer, and as one that may answer;
    further: that of others beside it. contradiction: what contradicts it; None without a reader.
    """

    sentence: dict[Pair, LinearModel]
    judge: JudgeWeights
    sure: float
    answered: float
    possible: float
    further: float
    contradiction: ContradictionWeights | None

    @property
    def least_log_odds(self) -> float:
        """The lowest log odds at which a further sentence is quoted."""
        return _log_odds(self.further)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeaningWeights:
    """A head on the reader's states: log odds that a sentence answers, as bias + the sum of rows (5, dim) times the state of
    "does not answer", the mean state of the question, those of the answer's first and last token, and the mean of the sentence.
    """

    rows: F32
    bias: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpWeights:
    """needs: log odds that a question needs the conversation. carried: log odds that a word of the question before is carried
    over, to which carried_vector, (dim,), adds by the word's vector, less its mean. carried_threshold: minimum probability.
    same_article: bonus for the score of passages of articles that the conversation quoted last. said: log odds that an answer
    loses which the conversation has given before.
    """

    needs: LinearModel
    carried: LinearModel
    carried_vector: F32
    carried_vector_mean: float
    carried_threshold: float
    same_article: float
    said: float

    @property
    def carried_log_odds(self) -> float:
        """The threshold as log odds."""
        return _log_odds(self.carried_threshold)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleWeights:
    """Log odds that a question about a place asks for a rule of its country: bias + its vector times `vector`, (dim,). least:
    minimum probability at which the rule is looked for.
    """

    vector: F32
    bias: float
    least: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """passage: ranks passages across languages. read, unread: sentence weights with a reader and without. meaning: a head on
    the reader's states. follow_up: completes questions. rules: which of them the rules of a larger place answer.
    """

    passage: dict[Pair, LinearModel]
    read: SentenceWeights
    unread: SentenceWeights
    meaning: MeaningWeights
    follow_up: FollowUpWeights
    rules: RuleWeights

    def sentences(self, *, with_reader: bool) -> SentenceWeights:
        """The sentence weights for use with or without a reader."""
        return self.read if with_reader else self.unread


@lru_cache(maxsize=1)
def load_weights() -> Weights:
    """The weights shipped with the package."""
    file = importlib.resources.files("coopbot.ask").joinpath("weights.json")
    return parse_weights(json.loads(file.read_text(encoding="utf-8")))


def parse_weights(fields: dict[str, Any]) -> Weights:
    """Weights from the fields of the file."""
    return Weights(
        passage=_models(fields["passage"]),
        read=_sentence_weights(fields["read"]),
        unread=_sentence_weights(fields["unread"]),
        meaning=MeaningWeights(rows=_numbers(fields["meaning"]["rows"]).reshape(5, -1), bias=fields["meaning"]["bias"]),
        follow_up=_follow_up_weights(**fields["follow_up"]),
        rules=RuleWeights(**{**fields["rules"], "vector": _numbers(fields["rules"]["vector"])}),
    )


def _sentence_weights(fields: dict[str, Any]) -> SentenceWeights:
    contradiction = fields.get("contradiction")
    return SentenceWeights(
        sentence=_models(fields["sentence"]),
        judge=JudgeWeights(
            answered=_models(fields["judge"]["answered"]),
            same=_model(**fields["judge"]["same"]) if fields["judge"]["same"] else None,
            readable=fields["judge"]["readable"],
        ),
        sure=fields["sure"],
        answered=fields["answered"],
        possible=fields["possible"],
        further=fields["further"],
        contradiction=contradiction and _contradiction_weights(**contradiction),
    )


def _contradiction_weights(rival: dict[Where, Any], threshold: float) -> ContradictionWeights:
    return ContradictionWeights(rival={where: _model(**model) for where, model in rival.items()}, threshold=threshold)


def _follow_up_weights(needs: Any, carried: Any, **others: float) -> FollowUpWeights:
    vector, mean = _numbers(carried.pop("vector")), carried.pop("vector_mean")
    return FollowUpWeights(
        needs=_model(**needs), carried=_model(**carried), carried_vector=vector, carried_vector_mean=mean, **others
    )


def _numbers(encoded: str) -> F32:
    """Numbers in half precision, as base64."""
    return np.frombuffer(base64.b64decode(encoded), dtype="<f2").astype(np.float32)


def _models(fields: dict[str, Any]) -> dict[Pair, LinearModel]:
    return {pair: _model(**fields[pair]) for pair in PAIRS}


def _model(features: dict[str, list[float]], bias: float) -> LinearModel:
    """features: [mean, scale, weight] by name."""
    table = np.array(list(features.values()), dtype=np.float32).reshape(-1, 3)
    return LinearModel(names=tuple(features), mean=table[:, 0], scale=table[:, 1], weight=table[:, 2], bias=float(bias))


def _log_odds(probability: float) -> float:
    return math.log(probability / (1 - probability))
