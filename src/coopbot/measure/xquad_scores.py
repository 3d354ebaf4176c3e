"""Retrieval, sentence choice and "no evidence" on XQuAD-R, in nine directions."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from coopbot.ask.candidates import find_candidates
from coopbot.ask.question import Question, understand
from coopbot.ask.retrieve import Reading, read
from coopbot.ask.store import VectorStore
from coopbot.ask.weights import Weights
from coopbot.domain import LANGUAGES, Filters, Language
from coopbot.index.embedder import Embedder, Progress
from coopbot.measure.xquad import Without, XquadQuestion, load_xquad

F64 = npt.NDArray[np.float64]

# Precision at which the recall of "no" is told.
_PRECISION = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Direction:
    """One question language against the passages of one language; shares of all questions.

    mrr: of the right passage. first, first_two: the gold sentence is the first quote, is among the first two. no_recall: of
    questions whose passage was taken out, the share refused when nine of ten refusals are right; strict counts every question
    whose passage is in the index as answerable, found only those whose passage came first.
    """

    question_language: Language
    passage_language: Language
    mrr: float
    first: float
    first_two: float
    no_recall_strict: float
    no_recall_found: float


@dataclass(frozen=True, slots=True, kw_only=True)
class XquadScores:
    """`odd` are the articles nothing was learned from; `all` includes the others."""

    odd: tuple[Direction, ...]
    all: tuple[Direction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    rank: int
    sentence_rank: int
    log_odds: float
    log_odds_without: float


def run_xquad(
    folder: Path, embedder: Embedder, weights: Weights, *, late: bool = True, progress: Progress = lambda done, total: None
) -> XquadScores:
    """Ask all questions of all languages. Raises Unreadable if the folder holds no XQuAD-R."""
    with tempfile.TemporaryDirectory(prefix="coopbot-xquad-") as scratch:
        xquad = load_xquad(folder, Path(scratch), embedder)
        outcomes: dict[tuple[Language, Language], list[_Outcome]] = {(q, p): [] for q in LANGUAGES for p in LANGUAGES}
        for number, row in enumerate(xquad.questions):
            progress(number, len(xquad.questions))
            without = Without(xquad.snapshot, row.gold)
            for asked in LANGUAGES:
                question = understand(row.text[asked], embedder)
                for language in LANGUAGES:
                    here, gone = (
                        _reading(question_store, question, language, weights, late=late)
                        for question_store in (xquad.snapshot, without)
                    )
                    outcomes[asked, language].append(_outcome(row, language, here, gone))
    is_odd = np.array([row.is_odd for row in xquad.questions])
    return XquadScores(
        odd=tuple(_direction(*pair, found, is_odd) for pair, found in outcomes.items()),
        all=tuple(_direction(*pair, found, np.ones_like(is_odd)) for pair, found in outcomes.items()),
    )


def _reading(store: VectorStore, question: Question, language: Language, weights: Weights, *, late: bool) -> Reading:
    candidates = find_candidates(question, store, language, Filters(), late=late)
    assert candidates is not None  # XQuAD-R has passages in each language
    return read(question, store, candidates, weights)


def _outcome(row: XquadQuestion, language: Language, here: Reading, gone: Reading) -> _Outcome:
    rows = here.candidates.rows[here.order].tolist()
    gold = (f"{language}/{row.gold:03d}", row.gold_sentence[language])
    chosen = [(s.stored.passage.article_id, s.stored.passage.sentences.index(s.span)) for s in here.sentences]
    return _Outcome(
        rank=rows.index(row.gold) + 1 if row.gold in rows else 0,
        sentence_rank=chosen.index(gold) + 1 if gold in chosen else 0,
        log_odds=here.log_odds,
        log_odds_without=gone.log_odds,
    )


def _direction(
    question_language: Language, passage_language: Language, outcomes: Sequence[_Outcome], counted: npt.NDArray[np.bool_]
) -> Direction:
    kept = [outcome for outcome, counts in zip(outcomes, counted, strict=True) if counts]
    rank = np.array([outcome.rank for outcome in kept])
    sentence = np.array([outcome.sentence_rank for outcome in kept])
    answerable = np.array([outcome.log_odds for outcome in kept])
    missing = np.array([outcome.log_odds_without for outcome in kept])
    return Direction(
        question_language=question_language,
        passage_language=passage_language,
        mrr=float(np.where(rank > 0, 1 / np.maximum(rank, 1), 0).mean()),
        first=float((sentence == 1).mean()),
        first_two=float(((sentence > 0) & (sentence <= 2)).mean()),
        no_recall_strict=_no_recall(answerable, missing),
        no_recall_found=_no_recall(answerable[rank == 1], np.concatenate([missing, answerable[rank != 1]])),
    )


def _no_recall(answerable: F64, missing: F64) -> float:
    """The largest share of `missing` refused by a threshold of which at least `_PRECISION` of refusals are right."""
    scores = np.concatenate([answerable, missing])
    is_missing = np.concatenate([np.zeros(len(answerable)), np.ones(len(missing))])[np.argsort(scores, kind="stable")]
    refused_rightly = np.cumsum(is_missing)
    precise = refused_rightly / np.arange(1, len(scores) + 1) >= _PRECISION
    return float(refused_rightly[precise].max() / len(missing)) if precise.any() else 0.0
