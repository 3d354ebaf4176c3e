"""Retrieval, choice of sentence and "no evidence" on XQuAD-R, in nine language directions."""

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

from coopbot.ask.rank.reader import Reader
from coopbot.ask.rank.retrieve import Evidence, find_evidence
from coopbot.ask.understand.question import Question, understand
from coopbot.ask.weights import Weights
from coopbot.domain import LANGUAGES, Filters, Language
from coopbot.index.model.embedder import Embedder, Progress
from evals.measure.scores import Estimate, estimate
from evals.xquad.dataset import WithoutParagraph, Xquad, XquadQuestion, load_xquad
from evals.xquad.files import paragraph_id

F64 = npt.NDArray[np.float64]
Measure = Callable[..., float]

# Precision at which the recall of "no" is reported.
_PRECISION = 0.9
# Only every sixth question is asked: each takes nine directions, with and without its passage, and several passages are read.
_EVERY = 6

Pair = tuple[Language, Language]
"""The language of questions and that of passages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class XquadScores:
    """The outcome of each question.

    outcomes: (4, questions) for each direction: the rank of the right passage and that of the gold sentence, both from 1, or 0
    where it was not found; the log odds of an answer with the right passage in the index, and those with it hidden.
    """

    outcomes: Mapping[Pair, F64]

    def estimates(self) -> dict[str, Estimate]:
        """By names such as `en-zh.mrr`: each direction, and the means `same` (three directions) and `across` (six)."""
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
    """Ask every sixth question about the odd articles in all languages. Scores by the reader's name. Raises Unreadable."""
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
    filters = Filters(languages=(language,))
    shown, hidden = (
        find_evidence(question, store, weights, filters, reader=reader)
        for store in (xquad.snapshot, WithoutParagraph(xquad.snapshot, row.gold))
    )
    return _outcome(row, language, shown, hidden)


def _outcome(row: XquadQuestion, language: Language, shown: Evidence, hidden: Evidence) -> tuple[float, ...]:
    """A column of `XquadScores.outcomes`, from the evidence with the right passage and that without it."""
    rows = [one.row for one in shown.passages]
    gold = (paragraph_id(language, row.gold), row.gold_sentence[language])
    chosen = [(one.stored.passage.article_id, one.stored.passage.sentences.index(one.span)) for one in shown.sentences]
    passage_rank = rows.index(row.gold) + 1 if row.gold in rows else 0
    sentence_rank = chosen.index(gold) + 1 if gold in chosen else 0
    return passage_rank, sentence_rank, shown.sentences[0].log_odds, hidden.sentences[0].log_odds


def _averaged(measure: Measure, *columns: F64) -> float:
    """The mean of a measure over directions, each of which has four columns."""
    return fmean(measure(*columns[first : first + 4]) for first in range(0, len(columns), 4))


def _mrr(passage: F64, sentence: F64, shown: F64, hidden: F64) -> float:
    return float(np.where(passage > 0, 1 / np.maximum(passage, 1), 0).mean())


def _first(passage: F64, sentence: F64, shown: F64, hidden: F64) -> float:
    return float((sentence == 1).mean())


def _first_two(passage: F64, sentence: F64, shown: F64, hidden: F64) -> float:
    return float(((sentence > 0) & (sentence <= 2)).mean())


def _no_recall_strict(passage: F64, sentence: F64, shown: F64, hidden: F64) -> float:
    return _no_recall(shown, hidden)


def _no_recall_found(passage: F64, sentence: F64, shown: F64, hidden: F64) -> float:
    return _no_recall(shown[passage == 1], np.concatenate([hidden, shown[passage != 1]]))


def _no_recall(answerable: F64, unanswerable: F64) -> float:
    """The largest share of `unanswerable` that a threshold refuses while at least `_PRECISION` of its refusals are right."""
    scores = np.concatenate([answerable, unanswerable])
    is_unanswerable = np.concatenate([np.zeros(len(answerable)), np.ones(len(unanswerable))])
    right_refusals = np.cumsum(is_unanswerable[np.argsort(scores, kind="stable")])
    precise = right_refusals / np.arange(1, len(scores) + 1) >= _PRECISION
    return float(right_refusals[precise].max() / len(unanswerable)) if precise.any() else 0.0


MEASURES: Mapping[str, Measure] = {
    "mrr": _mrr,
    "first": _first,
    "first_two": _first_two,
    "no_recall_strict": _no_recall_strict,
    "no_recall_found": _no_recall_found,
}
"""mrr: of the right passage. first, first_two: the gold sentence is the first quote, or one of the first two. no_recall: the
share of unanswerable questions that is refused when nine of ten refusals are right. strict: a question is answerable if its
passage is in the index; found: only if its passage also came first.
"""
