"""Retrieval, sentence choice and "no evidence" on XQuAD-R, in nine directions."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from statistics import fmean

import numpy as np
import numpy.typing as npt

from benchmarks.xquad.dataset import Without, Xquad, XquadQuestion, load_xquad
from coopbot.ask.rank.reader import Reader
from coopbot.ask.rank.retrieve import Evidence, find_evidence
from coopbot.ask.rank.weights import Weights
from coopbot.ask.understand.question import Question, understand
from coopbot.domain import LANGUAGES, Filters, Language
from coopbot.index.model.embedder import Embedder, Progress
from coopbot.measure.scores import Estimate, estimate

F64 = npt.NDArray[np.float64]
Measure = Callable[..., float]

# Precision at which the recall of "no" is reported.
_PRECISION = 0.9
# Of the questions for reporting every sixth is asked: in nine directions, twice, and each time several passages are read.
_EVERY = 6

Pair = tuple[Language, Language]
"""The language of questions and that of passages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class XquadScores:
    """What became of each question.

    outcomes: (4, questions) a direction: the rank of the right passage and that of the gold sentence, from 1, or 0 where it
    was not found; the log odds of an answer with the right passage in the index, and with it taken out.
    """

    outcomes: Mapping[Pair, F64]

    def estimates(self) -> dict[str, Estimate]:
        """By names such as `en-zh.mrr`: each direction, and the means `same` and `across`."""
        groups = {f"{asked}-{language}": [(asked, language)] for asked, language in self.outcomes}
        groups["same"] = [pair for pair in self.outcomes if pair[0] == pair[1]]
        groups["across"] = [pair for pair in self.outcomes if pair[0] != pair[1]]
        return {
            f"{name}.{measure}": estimate(partial(_averaged, MEASURES[measure]), *np.concatenate(tables))
            for name, pairs in groups.items()
            if (tables := [self.outcomes[pair] for pair in pairs])
            for measure in MEASURES
        }


def run_xquad(
    folder: Path,
    embedder: Embedder,
    readers: Mapping[str, Reader | None],
    weights: Weights,
    *,
    progress: Progress = lambda done, total: None,
) -> dict[str, XquadScores]:
    """Ask every sixth question of the odd articles in all languages, with each of the readers. Raises Unreadable."""
    outcomes: dict[str, dict[Pair, list[tuple[float, ...]]]] = {
        name: {(asked, language): [] for asked in LANGUAGES for language in LANGUAGES} for name in readers
    }
    with tempfile.TemporaryDirectory(prefix="coopbot-xquad-") as scratch:
        xquad = load_xquad(folder, Path(scratch), embedder)
        rows = [row for row in xquad.questions if row.is_odd][::_EVERY]
        for number, row in enumerate(rows):
            progress(number, len(rows))
            for asked in LANGUAGES:
                question = understand(row.text[asked], embedder)
                for language, (name, reader) in product(LANGUAGES, readers.items()):
                    outcomes[name][asked, language].append(_ask(question, xquad, row, language, weights, reader))
    return {
        name: XquadScores(outcomes={pair: np.array(found).T for pair, found in own.items()}) for name, own in outcomes.items()
    }


def _ask(
    question: Question, xquad: Xquad, row: XquadQuestion, language: Language, weights: Weights, reader: Reader | None
) -> tuple[float, ...]:
    only = Filters(languages=(language,))
    here, gone = (
        find_evidence(question, store, weights, only, reader=reader)
        for store in (xquad.snapshot, Without(xquad.snapshot, row.gold))
    )
    return _outcome(row, language, here, gone)


def _outcome(row: XquadQuestion, language: Language, here: Evidence, gone: Evidence) -> tuple[float, ...]:
    rows = [one.row for one in here.passages]
    gold = (f"{language}/{row.gold:03d}", row.gold_sentence[language])
    chosen = [(s.stored.passage.article_id, s.stored.passage.sentences.index(s.span)) for s in here.sentences]
    rank = rows.index(row.gold) + 1 if row.gold in rows else 0
    best, without = (one.sentences[0].log_odds for one in (here, gone))
    return rank, chosen.index(gold) + 1 if gold in chosen else 0, best, without


def _averaged(measure: Measure, *columns: F64) -> float:
    """The mean of a measure over directions, of which each has four columns."""
    return fmean(measure(*columns[first : first + 4]) for first in range(0, len(columns), 4))


def _mrr(rank: F64, sentence: F64, here: F64, gone: F64) -> float:
    return float(np.where(rank > 0, 1 / np.maximum(rank, 1), 0).mean())


def _first(rank: F64, sentence: F64, here: F64, gone: F64) -> float:
    return float((sentence == 1).mean())


def _first_two(rank: F64, sentence: F64, here: F64, gone: F64) -> float:
    return float(((sentence > 0) & (sentence <= 2)).mean())


def _no_recall_strict(rank: F64, sentence: F64, here: F64, gone: F64) -> float:
    return _no_recall(here, gone)


def _no_recall_found(rank: F64, sentence: F64, here: F64, gone: F64) -> float:
    return _no_recall(here[rank == 1], np.concatenate([gone, here[rank != 1]]))


def _no_recall(answerable: F64, missing: F64) -> float:
    """The largest share of `missing` refused by a threshold of which at least `_PRECISION` of refusals are right."""
    scores = np.concatenate([answerable, missing])
    is_missing = np.concatenate([np.zeros(len(answerable)), np.ones(len(missing))])[np.argsort(scores, kind="stable")]
    refused_rightly = np.cumsum(is_missing)
    precise = refused_rightly / np.arange(1, len(scores) + 1) >= _PRECISION
    return float(refused_rightly[precise].max() / len(missing)) if precise.any() else 0.0


MEASURES: Mapping[str, Measure] = {
    "mrr": _mrr,
    "first": _first,
    "first_two": _first_two,
    "no_recall_strict": _no_recall_strict,
    "no_recall_found": _no_recall_found,
}
"""mrr: of the right passage. first, first_two: the gold sentence is the first quote, is among the first two. no_recall: of
questions whose passage was taken out, the share refused when nine of ten refusals are right; strict counts every question whose
passage is in the index as answerable, found only those whose passage came first.
"""
