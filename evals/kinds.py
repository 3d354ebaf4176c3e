"""Learns which kind of answer a question wants: `src/coopbot/ask/understand/kinds.json`.

    python -m evals.kinds

It learns from the wordings of `question_kinds.json`, each filled with a few subjects, and from ordinary questions of
`training.jsonl`, `judging.jsonl` and `everyday.jsonl`, and from follow-ups as they are typed, such as "why the limit". Prints
figures cross-validated by wording.
"""

from __future__ import annotations

import base64
import json
import random
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from coopbot.ask.understand.kinds import WANTED, Wanted, kind_features
from coopbot.ask.understand.question import understand
from coopbot.domain import LANGUAGES, Language
from coopbot.index.model.embedder import Embedder
from coopbot.index.types import F32, I64
from coopbot.settings import load_settings
from coopbot.wiring import open_embedder

FILE = Path(__file__).parent / "question_kinds.json"
FOLLOW_UPS = Path(__file__).parent / "reader" / "made-up-follow-ups.jsonl"
TARGET = Path(__file__).parents[1] / "src" / "coopbot" / "ask" / "understand" / "kinds.json"

F64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_ABOUT = "Made by evals/kinds.py. score of a kind = bias + weights by features + vector by the question's vector."
_SEED, _FOLDS, _FILLED = 5, 5, 4
_C = 0.5
# How much a vector's numbers, about .05 each, count beside those of named features.
_VECTOR_SCALE = 2.0
# Minimum probability of a kind that is not "plain". Of 1874 dev questions 208 are then taken for another; they
# are answered as before where no answer of that kind is found.
_LEAST = 0.3
# Of the questions over the corpus, kinds that one sentence does not answer, by their names there; these are few. And those that
# one sentence answers.
_KINDS: Mapping[str, Wanted] = {"list": "list", "compare": "compare", "latest": "latest"}
_KINDS_WEIGHT = 2.0
# There are as many follow-ups as other ordinary questions in a language, and most are very short.
_FOLLOW_UPS_WEIGHT = 0.4
_ORDINARY = ("number", "date", "who", "where", "explain", "practical", "unanswerable", "rules", "false-premise", "claim")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A question of a kind. wording: what it was made from; those of one wording are learned from together, or not at all."""

    text: str
    kind: Wanted
    language: Language
    wording: str
    weight: float = 1.0


def main() -> None:
    examples = [*worded(), *ordinary()]
    embedder = open_embedder(load_settings())
    names = tuple(kind_features(""))
    table = np.stack([_row(one, names, embedder) for one in examples])
    kinds = np.array([WANTED.index(one.kind) for one in examples])
    weights = np.array([one.weight for one in examples])
    folds = np.array([zlib.crc32(one.wording.encode()) % _FOLDS for one in examples])
    found = np.zeros((len(examples), len(WANTED)))
    for fold in range(_FOLDS):
        found[folds == fold] = _learned(table, kinds, weights, folds != fold).predict_proba(table[folds == fold])
    _report(examples, found)
    model = _learned(table, kinds, weights, folds >= 0)
    vectors = table[:, len(names) :]
    section = {
        kind: {
            "bias": round(float(model.intercept_[place]), 4),
            "vector_mean": round(float((vectors @ model.coef_[place][len(names) :]).mean()), 4),
            "weights": [round(float(weight), 4) for weight in model.coef_[place][: len(names)]],
            "vector": base64.b64encode((model.coef_[place][len(names) :] * _VECTOR_SCALE).astype("<f2").tobytes()).decode(),
        }
        for place, kind in enumerate(WANTED)
    }
    written = {"about": _ABOUT, "least": _LEAST, "features": names, "kinds": section}
    TARGET.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {TARGET}")


def worded() -> Iterator[Example]:
    """The wordings, each filled with a few subjects."""
    rng, file = random.Random(_SEED), json.loads(FILE.read_text(encoding="utf-8"))
    for kind in WANTED:
        for language in LANGUAGES:
            for wording in file["questions"][kind][language]:
                filled = {_filled(wording, file, language, rng) for _ in range(_FILLED)}
                for text in sorted(filled):
                    yield Example(text=text, kind=kind, language=language, wording=wording, weight=_FILLED / len(filled))


def ordinary() -> Iterator[Example]:
    """Questions over the corpus, nearly all ordinary ones, and follow-ups."""
    for line in FOLLOW_UPS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        text = row["question"]
        yield Example(text=text, kind="plain", language=row["language"], wording=row["story"], weight=_FOLLOW_UPS_WEIGHT)
    for name in ("training.jsonl", "judging.jsonl", "everyday.jsonl"):
        for line in (FILE.parent / name).read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if row["kind"] in _ORDINARY:
                yield Example(text=row["question"], kind="plain", language=row["language"], wording=row["question"])
            elif name == "everyday.jsonl" and (kind := _KINDS.get(row["kind"])):
                text = row["question"]
                yield Example(text=text, kind=kind, language=row["language"], wording=text, weight=_KINDS_WEIGHT)


def _filled(wording: str, file: dict[str, dict[str, list[str]]], language: Language, rng: random.Random) -> str:
    a, b, c = rng.sample(file["things"][language], 3)
    measure, group = rng.choice(file["measures"][language]), rng.choice(file["groups"][language])
    return wording.format(x=a, a=a, b=b, c=c, m=measure, g=group)


def _row(one: Example, names: tuple[str, ...], embedder: Embedder) -> F32:
    features = kind_features(one.text)
    named = np.array([features[name] for name in names], dtype=np.float32)
    row: F32 = np.concatenate([named, understand(one.text, embedder).vector * _VECTOR_SCALE])
    return row


def _learned(table: F32, kinds: I64, weights: F64, rows: Bools) -> LogisticRegression:
    return LogisticRegression(C=_C, max_iter=3000).fit(table[rows], kinds[rows], sample_weight=weights[rows])


def _report(examples: list[Example], found: F64) -> None:
    """For each kind and language: how many are recognised, and what the others are taken for."""
    others = found * [kind != "plain" for kind in WANTED]
    best = others.argmax(axis=1)
    taken = [WANTED[place] if row[place] >= _LEAST else "plain" for place, row in zip(best, found, strict=True)]
    for kind in WANTED:
        for language in LANGUAGES:
            own = [
                (one, got) for one, got in zip(examples, taken, strict=True) if one.kind == kind and one.language == language
            ]
            wrong = [(one.text, got) for one, got in own if got != kind]
            print(
                f"{kind:8} {language} {len(own) - len(wrong):5}/{len(own):5}",
                *(f"\n    {got}: {text}" for text, got in wrong[:6]),
            )
    of_kind = [got == one.kind for one, got in zip(examples, taken, strict=True) if one.kind != "plain"]
    print(f"of other kinds recognised: {sum(of_kind) / len(of_kind):.3f}")


if __name__ == "__main__":
    main()
