"""Learns which questions about a place the rules of its country answer: the section `rules` of `src/coopbot/ask/weights.json`.

    python -m evals.rules

It learns from `reader/made-up-rules.jsonl`: questions about towns, each with whether it asks for a rule of the whole country,
as one about visas does, or for something of the town itself. Prints the area, cross-validated by subject.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from coopbot.ask.understand.question import understand
from coopbot.settings import load_settings
from coopbot.wiring import open_embedder
from evals.measure.scores import area_under_roc

FILE = Path(__file__).parent / "reader" / "made-up-rules.jsonl"
TARGET = Path(__file__).parents[1] / "src" / "coopbot" / "ask" / "weights.json"

# The three languages ask about much the same in the same order: neighbours are held out together.
_FOLDS, _NEIGHBOURS = 5, 4
_C = 10.0
# Minimum probability at which a question asks for a rule: those less likely are not asked again.
_LEAST = 0.6


def main() -> None:
    rows = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
    embedder = open_embedder(load_settings())
    vectors = np.stack([understand(row["question"], embedder).vector for row in rows])
    right = np.array([row["of_country"] for row in rows])
    places, counts = list[int](), dict[tuple[str, bool], int]()
    for row in rows:
        key = row["language"], row["of_country"]
        places.append(counts.get(key, 0))
        counts[key] = places[-1] + 1
    folds = np.array(places) // _NEIGHBOURS % _FOLDS
    scores = np.zeros(len(rows))
    for fold in range(_FOLDS):
        learned = LogisticRegression(C=_C, max_iter=1000).fit(vectors[folds != fold], right[folds != fold])
        scores[folds == fold] = learned.decision_function(vectors[folds == fold])
    likely = 1 / (1 + np.exp(-scores))
    print(f"{len(rows)} questions, area {area_under_roc(scores, right.astype(float)):.3f}")
    for low in np.arange(0.0, 1.0, 0.2):
        own = (likely >= low) & (likely < low + 0.2)
        print(
            f"  {low:.1f} to {low + 0.2:.1f}: {own.sum()} questions, {right[own].mean() if own.any() else 0:.2f} of them rules"
        )
    learned = LogisticRegression(C=_C, max_iter=1000).fit(vectors, right)
    section = {
        "least": _LEAST,
        "bias": round(float(learned.intercept_[0]), 4),
        "vector": base64.b64encode(learned.coef_[0].astype("<f2").tobytes()).decode(),
    }
    weights = json.loads(TARGET.read_text(encoding="utf-8"))
    TARGET.write_text(json.dumps({**weights, "rules": section}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
