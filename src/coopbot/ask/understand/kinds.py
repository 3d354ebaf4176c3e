"""What kind of answer a question wants: one sentence, or what one sentence cannot give, such as figures by year.

A linear model over words that give it away and the question's vector, learned by `evals/kinds.py`. It is told to be careful: a
question that may be an ordinary one is an ordinary one, and one whose answer cannot be given in its form is answered as such.
"""

from __future__ import annotations

import base64
import importlib.resources
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from coopbot.domain import AnswerKind
from coopbot.index.types import F32
from coopbot.text.cues import find_cues, without_cues
from coopbot.text.dates import find_years
from coopbot.text.gazetteer import name_mentions
from coopbot.text.glossary import find_concepts
from coopbot.text.sides import find_sides
from coopbot.text.tokens import lexical_tokens

Wanted = AnswerKind | Literal["ability"]
"""The kinds that questions are told apart by; "ability" asks what the program can do, and is small talk."""
WANTED: tuple[Wanted, ...] = (*get_args(AnswerKind), "ability")

_MOST = 3
_FEW = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class KindWeights:
    """bias: (kinds,). named: (kinds, features), for features as they are. vector: (kinds, dim), for the question's vector, and
    mean, (kinds,), what that adds on average. least: minimum probability at which a kind is not "plain".
    """

    features: tuple[str, ...]
    bias: F32
    named: F32
    vector: F32
    mean: F32
    least: float


def kind_features(text: str) -> dict[str, float]:
    """Features of a question: how often each cue occurs, which occur together, how much it names, and how much is left."""
    cues = {name: float(min(count, _MOST)) for name, count in find_cues(text).items()}
    names, years = len(list(name_mentions(text))), len(find_years(text))
    rest = len(lexical_tokens(without_cues(text)))
    chars = len(re.sub(r"\s", "", text)) * (1.0 if text.isascii() else 1.3)
    sides = len(find_sides(text)) if cues["amount"] + cues["more"] + cues["compare"] + cues["each"] else 0
    empty, short = float(rest == 0 and names == 0), float(rest <= _FEW)
    return {
        **cues,
        "names": float(min(names, _MOST)),
        "several_names": float(names > 1),
        "no_name": float(names == 0),
        "years": float(min(years, _MOST)),
        "several_years": float(years > 1),
        "concepts": float(min(len(find_concepts(text)), _MOST)),
        "rest": float(min(rest, 8)),
        "chars": min(chars, 120.0) / 20,
        "empty": empty,
        "empty_source": empty * min(1.0, cues["source"] + cues["age"]),
        "empty_this": empty * min(1.0, cues["this"]),
        "more_or": min(1.0, cues["more"]) * min(1.0, cues["or"]),
        "more_and": min(1.0, cues["more"]) * min(1.0, cues["and"]),
        "compare_and": min(1.0, cues["compare"]) * min(1.0, cues["and"] + cues["or"]),
        "or_names": min(1.0, cues["or"]) * float(names > 1),
        "sides": float(sides > 1),
        "many_sides": float(sides > 2),
        "sides_compared": float(sides > 1) * min(1.0, cues["compare"] + cues["more"] + cues["each"]),
        "each_names": min(1.0, cues["each"]) * float(names > 1),
        "latest_amount": min(1.0, cues["latest"]) * min(1.0, cues["amount"]),
        "latest_other": min(1.0, cues["latest"]) * min(1.0, cues["other"]),
        "years_amount": float(years > 1) * min(1.0, cues["amount"] + cues["each"]),
        "more_names": min(1.0, cues["more"]) * float(names > 1),
        "what_is_short": min(1.0, cues["what_is"]) * short * float(cues["of"] == 0),
        "what_is_of": min(1.0, cues["what_is"]) * min(1.0, cues["of"]),
        "overview_amount": min(1.0, cues["overview"]) * min(1.0, cues["amount"] + cues["other"]),
        "overview_alone": min(1.0, cues["overview"]) * float(cues["amount"] + cues["other"] == 0),
        "you_able": min(1.0, cues["you"]) * min(1.0, cues["able"]),
        "you_able_empty": min(1.0, cues["you"]) * min(1.0, cues["able"]) * empty,
        "year_trend": min(1.0, cues["by_year"] + cues["span"]) * min(1.0, cues["trend"]),
        "year_amount": min(1.0, cues["by_year"]) * min(1.0, cues["amount"]),
        "names_alone": float(names > 0 and rest == 0 and not any(cues.values())),
    }


def find_kind(text: str, vector: F32, weights: KindWeights) -> Wanted:
    """The kind of a question: the likeliest other than "plain", if it is likely enough. vector: (dim,), as
    of `understand.question`.
    """
    probabilities = kind_probabilities(text, vector, weights)
    best = max((kind for kind in WANTED if kind != "plain"), key=lambda kind: probabilities[kind])
    return best if probabilities[best] >= weights.least else "plain"


def kind_probabilities(text: str, vector: F32, weights: KindWeights) -> Mapping[Wanted, float]:
    """The probability of each kind."""
    features = kind_features(text)
    scores = weights.bias + weights.named @ np.array([features[name] for name in weights.features], dtype=np.float32)
    # Another embedding model than the one that the weights were learned with has other dimensions: then the words decide.
    scores = scores + (weights.vector @ vector if weights.vector.shape[1] == len(vector) else weights.mean)
    odds = [math.exp(float(score - scores.max())) for score in scores]
    return {kind: one / sum(odds) for kind, one in zip(WANTED, odds, strict=True)}


def load_kind_weights() -> KindWeights:
    """The weights shipped with the package."""
    file = importlib.resources.files("coopbot.ask.understand").joinpath("kinds.json")
    return parse_kind_weights(json.loads(file.read_text(encoding="utf-8")))


def parse_kind_weights(fields: Mapping[str, Any]) -> KindWeights:
    """Weights from the fields of the file."""
    kinds = [fields["kinds"][kind] for kind in WANTED]
    vectors = [np.frombuffer(base64.b64decode(one["vector"]), dtype="<f2").astype(np.float32) for one in kinds]
    return KindWeights(
        features=tuple(fields["features"]),
        bias=np.array([one["bias"] for one in kinds], dtype=np.float32),
        named=np.array([one["weights"] for one in kinds], dtype=np.float32),
        vector=np.stack(vectors),
        mean=np.array([one["vector_mean"] for one in kinds], dtype=np.float32),
        least=float(fields["least"]),
    )
