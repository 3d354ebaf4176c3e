"""Learns to judge the best sentences: the sections `judge` and `meaning` of `src/coopbot/ask/weights.json`; see `learn.py`.

Three models, one after another: a head on the reader's states, then the log odds that a sentence answers, with the head's
verdict (cross-validated) among the features, then whether a sentence answers if one in another language does.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from coopbot.ask.rank.features import OpenPassage
from coopbot.ask.rank.judge import Candidate, answer_features, candidates_of, same_features
from coopbot.ask.rank.retrieve import reading_order
from coopbot.ask.weights import PAIRS, Features, LinearModel, Pair
from coopbot.index.types import F16, F32
from evals.measure.scores import area_under_roc
from evals.ranking import Mask, Verdict, learn_judge

FOLDS = 5
# How much the head is held back: it has five weights for each dimension of a state.
_HEAD_C = 3e-4
# What judges a sentence with the reader, and without.
READ_FEATURES = (
    "rivals_apart", "behind", "regret", "echo", "cosine", "other_time", "other_way_round", "read_starts", "read_total",
    "support", "otherwise", "names_missing", "numbers_missing", "swapped", "passage", "lead", "gap", "other_reading",
    "other_cosine", "agrees", "agrees_reading", "agrees_cosine", "meaning",
)  # fmt: skip
UNREAD_FEATURES = ("rivals", "behind", "regret", "echo", "cosine", "other_time", "other_way_round", "late_weighted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A question's best passages. right: which of the sentences of each passage answer; unknown: which say that what it asks
    for is not known. states: of each passage, the reader's
    states of its likeliest sentences by row, (5, dim) each, see `MeaningWeights`; empty without a reader.
    """

    question: str
    group: str
    weight: float
    passages: list[OpenPassage]
    right: list[Mask]
    unknown: list[Mask]
    states: list[dict[int, F16]]
    fold: int

    def batches(self) -> list[list[int]]:
        """What answering would have read after each batch."""
        order = reading_order([one.ranked for one in self.passages])
        return [[place for batch in order[: count + 1] for place in batch] for count in range(len(order))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A candidate to learn from, with the question's place among the cases."""

    case: int
    candidate: Candidate
    others: list[Candidate]
    features: Features
    right: bool
    state: F32 | None


def rows_of(cases: Sequence[Case], sentence: dict[Pair, LinearModel], *, last_only: bool) -> list[Row]:
    """The candidates that answering would judge, after each batch or only after the last."""
    rows = []
    for number, case in enumerate(cases):
        for read in case.batches()[-1 if last_only else 0 :]:
            opened = [case.passages[place] for place in read]
            scores = [sentence[one.ranked.pair].score(one.features) for one in opened]
            same, across = (candidates_of(case.question, opened, scores, pair) for pair in PAIRS)
            for own, others in ((same, across), (across, same)):
                features = answer_features(case.question, own, others, opened, scores)
                for one, its in zip(own, features, strict=True):
                    place = next(place for place in read if case.passages[place] is one.opened)
                    if case.unknown[place][one.row]:
                        continue
                    states = case.states[place].get(one.row) if case.states else None
                    # In XQuAD-R any sentence of the right passage counts.
                    right = case.right[place].any() if case.group == "xquad" else case.right[place][one.row]
                    state = None if states is None else states.astype(np.float32).ravel()
                    rows.append(Row(case=number, candidate=one, others=others, features=its, right=bool(right), state=state))
    return rows


def learn_judges(
    cases: Sequence[Case], sentence: dict[Pair, LinearModel], *, with_reader: bool
) -> tuple[dict[Pair, LinearModel], LinearModel | None, dict[str, object]]:
    """(log odds that a sentence answers, log odds that one answers if one in another language does, the head as weights.json
    has it); without a reader only the first. Prints cross-validated areas.
    """
    rows = rows_of(cases, sentence, last_only=False)
    meaning: dict[str, object] = {}
    if with_reader:
        rows = [row for row in rows if row.state is not None]
        meaning, verdicts = _learned_head(rows, cases)
        for row, verdict in zip(rows, verdicts, strict=True):
            row.features["meaning"] = np.array([verdict], dtype=np.float32)
    names = READ_FEATURES if with_reader else UNREAD_FEATURES
    answered = {}
    for pair in PAIRS:
        own = [row for row in rows if row.candidate.pair == pair]
        answered[pair] = learn_judge([_verdict(row, row.features, cases) for row in own], names)
        scores = np.zeros(len(own))
        folds = np.array([cases[row.case].fold for row in own])
        for fold in range(FOLDS):
            learned = learn_judge(
                [_verdict(row, row.features, cases) for row, its in zip(own, folds, strict=True) if its != fold], names
            )
            for place in np.flatnonzero(folds == fold):
                scores[place] = learned.score(own[place].features)[0]
        _print_areas(f"answered, {pair}", own, scores, cases)
    return answered, _learned_same(cases, sentence) if with_reader else None, meaning


def _verdict(row: Row, features: Features, cases: Sequence[Case]) -> Verdict:
    return Verdict(pair=row.candidate.pair, features=features, right=row.right, weight=cases[row.case].weight)


def _learned_head(rows: Sequence[Row], cases: Sequence[Case]) -> tuple[dict[str, object], npt.NDArray[np.float64]]:
    """The head, and its cross-validated verdict on each row."""
    table = np.stack([row.state for row in rows if row.state is not None])
    right = np.array([row.right for row in rows])
    weights = np.array([cases[row.case].weight for row in rows])
    folds = np.array([cases[row.case].fold for row in rows])
    mean, scale = table.mean(axis=0), table.std(axis=0) + 1e-3
    table = (table - mean) / scale

    def fitted(chosen: Mask) -> LogisticRegression:
        own = weights[chosen] * chosen.sum() / weights[chosen].sum()
        return LogisticRegression(C=_HEAD_C, max_iter=200).fit(table[chosen], right[chosen], sample_weight=own)

    verdicts = np.zeros(len(rows))
    for fold in range(FOLDS):
        verdicts[folds == fold] = fitted(folds != fold).decision_function(table[folds == fold])
    _print_areas("meaning", rows, verdicts, cases)
    head = fitted(np.ones(len(rows), dtype=bool))
    plain = (head.coef_[0] / scale).astype("<f2")
    bias = float(head.intercept_[0] - (head.coef_[0] / scale) @ mean)
    return {"bias": round(bias, 4), "rows": base64.b64encode(plain.tobytes()).decode()}, verdicts


def _learned_same(cases: Sequence[Case], sentence: dict[Pair, LinearModel]) -> LinearModel:
    """Learned from candidates beside the best two of the other side that answer."""
    verdicts = []
    for row in rows_of(cases, sentence, last_only=True):
        case = cases[row.case]
        for other in row.others[:2] if case.group not in ("xquad", "gone", "strange") else ():
            place = next(place for place, one in enumerate(case.passages) if one is other.opened)
            if case.right[place][other.row]:
                verdicts.append(_verdict(row, same_features(row.candidate, other), cases))
    return learn_judge(verdicts, tuple(verdicts[0].features))


def _print_areas(name: str, rows: Sequence[Row], scores: npt.NDArray[np.float64], cases: Sequence[Case]) -> None:
    groups = np.array([cases[row.case].group for row in rows])
    right = np.array([row.right for row in rows], dtype=np.float64)
    areas = {group: area_under_roc(scores[groups == group], right[groups == group]) for group in sorted(set(groups))}
    print(f"  {name}: area " + ", ".join(f"{group} {area:.3f}" for group, area in areas.items()), flush=True)
