"""Learns how follow-up questions are completed: the section `follow_up` of `src/coopbot/ask/weights.json`.

    python -m evals.follow_ups

It learns from `reader/made-up-follow-ups.jsonl`: conversations about invented stories, each with its last question as people
type it and written out in full. What the full question has of the earlier ones is what must be carried over. Questions that
change the subject, and first questions of other conversations, need nothing. Prints figures cross-validated by story.
"""

from __future__ import annotations

import base64
import json
import random
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from coopbot.ask.understand.follow_up import Pair, completed, needs_features, word_features, words_of
from coopbot.ask.weights import Features, FollowUpWeights, load_weights
from coopbot.index.model.embedder import Embedder
from coopbot.index.types import F32, I64
from coopbot.settings import load_settings
from coopbot.text.tokens import lexical_tokens
from coopbot.wiring import open_embedder
from evals.measure.scores import area_under_roc

FILE = Path(__file__).parent / "reader" / "made-up-follow-ups.jsonl"
TARGET = Path(__file__).parents[1] / "src" / "coopbot" / "ask" / "weights.json"

_SEED, _FOLDS = 11, 5
# How much the weights are held back; the second of words, which have a weight for each dimension of a vector.
_NEEDS_C, _CARRIED_C = 0.3, 0.1
# Minimum probability that a word is carried over: of .3, .4 and .5, the one that finds most right answers.
_CARRIED = 0.4
# Bonus for passages of the articles quoted last, in units of the passages' scores, whose right and wrong ones are some 3 apart.
_SAME_ARTICLE = 2.0
# Log odds that an answer loses which the conversation has given before.
_SAID = 2.0
# A vector's numbers are about .05 each, those of named features 1: so the former, of which there are many more, are held back.
_VECTOR_SCALE = 4.0
# How many follow-ups are also replaced by a question that needs nothing.
_REPLACED = 0.5

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """Cases to learn from. features: named ones. vectors: (cases, dim), or (cases, 0) for none. right: what is to be learned.
    folds: of each case's story.
    """

    features: Features
    vectors: F32
    right: Bools
    folds: I64

    def table(self, mean: F32, scale: F32) -> F32:
        """(cases, features + dim): named features scaled, vectors as they are but for a factor that makes them as large."""
        named = (np.stack(list(self.features.values()), axis=1) - mean) / scale
        return np.hstack([named, self.vectors * _VECTOR_SCALE]).astype(np.float32)


def main() -> None:
    rows = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
    embedder = open_embedder(load_settings())
    section: dict[str, object] = {"carried_threshold": _CARRIED, "same_article": _SAME_ARTICLE, "said": _SAID}
    learned_from = (
        ("needs", needs_cases(rows, embedder), _NEEDS_C),
        ("carried", carried_cases(rows, embedder, load_weights().follow_up), _CARRIED_C),
    )
    for name, cases, c in learned_from:
        scores = np.zeros(len(cases.right))
        for fold in range(_FOLDS):
            learned, table = _learned(cases, cases.folds != fold, c)
            own = cases.folds == fold
            scores[own] = learned.decision_function(table[own])
        print(f"{name}: {len(scores)} cases, area {area_under_roc(scores, cases.right.astype(float)):.3f}")
        section[name] = _section(cases, c)
    weights = json.loads(TARGET.read_text(encoding="utf-8"))
    TARGET.write_text(json.dumps({**weights, "follow_up": section}, indent=1) + "\n", encoding="utf-8")


def needs_cases(rows: Sequence[Mapping[str, Any]], embedder: Embedder) -> Cases:
    """Each follow-up, and for half of them the first question of another conversation in its place."""
    rng = random.Random(_SEED)
    found: list[tuple[Features, bool, str]] = []
    for row in rows:
        before = " ".join(row["earlier"])
        pair = Pair.of(row["question"], before, embedder)
        found.append((needs_features(pair), row["kind"] != "switch", row["story"]))
        other = rng.choice([one for one in rows if one["language"] == row["language"] and one["story"] != row["story"]])
        if rng.random() < _REPLACED:
            found.append((needs_features(Pair.of(other["earlier"][0], before, embedder)), False, row["story"]))
    return Cases(
        features={name: np.concatenate([features[name] for features, _, _ in found]) for name in found[0][0]},
        vectors=np.zeros((len(found), 0), dtype=np.float32),
        right=np.array([right for _, right, _ in found]),
        folds=np.array([_fold(story) for _, _, story in found]),
    )


def carried_cases(rows: Sequence[Mapping[str, Any]], embedder: Embedder, weights: FollowUpWeights) -> Cases:
    """The words of the question before every follow-up that needs them, as that was searched with the former `weights`."""
    features, vectors, right, folds = list[Features](), list[F32](), list[bool](), list[int]()
    for row in rows:
        if row["kind"] == "switch":
            continue
        pair = Pair.of(row["question"], completed(row["earlier"], embedder, weights), embedder, row["earlier"][-1])
        words = list(words_of(pair.before, pair.spans))
        named, own = word_features(pair, words)
        features.append(named)
        vectors.append(own)
        right += [_is_needed(word.of(pair.before), row["complete"], row["question"]) for word in words]
        folds += [_fold(row["story"])] * len(words)
    return Cases(
        features={name: np.concatenate([one[name] for one in features]) for name in features[0]},
        vectors=np.concatenate(vectors),
        right=np.array(right),
        folds=np.array(folds),
    )


def _is_needed(word: str, complete: str, question: str) -> bool:
    """Whether a word stands in the complete question and not in the one that was typed."""
    if "\u3400" <= word[0] <= "\u9fff":
        return word in complete and word not in question
    tokens = set(lexical_tokens(word))
    return bool(tokens) and tokens <= set(lexical_tokens(complete)) and not tokens <= set(lexical_tokens(question))


def _fold(story: str) -> int:
    return zlib.crc32(story.encode()) % _FOLDS


def _learned(cases: Cases, rows: Bools, c: float) -> tuple[LogisticRegression, F32]:
    """The model of these rows, and the table of all."""
    named = np.stack(list(cases.features.values()), axis=1)[rows]
    table = cases.table(named.mean(axis=0), np.maximum(named.std(axis=0), 1e-3))
    return LogisticRegression(C=c, max_iter=3000).fit(table[rows], cases.right[rows]), table


def _section(cases: Cases, c: float) -> dict[str, object]:
    """The model as weights.json has it; the weights of vectors as base64 of half-precision numbers."""
    learned, _ = _learned(cases, np.ones(len(cases.right), dtype=bool), c)
    named = np.stack(list(cases.features.values()), axis=1)
    rows = zip(named.mean(axis=0), np.maximum(named.std(axis=0), 1e-3), learned.coef_[0], strict=False)
    section: dict[str, object] = {
        "bias": round(float(learned.intercept_[0]), 4),
        "features": {name: [round(float(value), 4) for value in row] for name, row in zip(cases.features, rows, strict=True)},
    }
    if cases.vectors.shape[1]:
        vector = (learned.coef_[0][len(cases.features) :] * _VECTOR_SCALE).astype("<f2")
        section["vector"] = base64.b64encode(vector.tobytes()).decode()
        # So that the features alone are calibrated too, for another embedding model.
        mean = round(float((cases.vectors @ vector.astype(np.float32)).mean()), 4)
        section |= {"vector_mean": mean, "bias": round(float(learned.intercept_[0]) + mean, 4)}
    return section


if __name__ == "__main__":
    main()
