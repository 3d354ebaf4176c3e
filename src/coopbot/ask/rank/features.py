"""What is known of a passage, a sentence and an answer, as numbers by name. No weights here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from coopbot.ask.rank.candidates import Candidates
from coopbot.ask.rank.reader import ReadPassage
from coopbot.ask.rank.weights import Features, Pair
from coopbot.domain import Passage
from coopbot.index.disk.passages import StoredPassage
from coopbot.index.model.embedder import F32

# So far behind the best, in log odds, a sentence is no rival.
_FAR_BEHIND = 5.0


def passage_features(candidates: Candidates) -> Features:
    """(passages,) each."""
    best = candidates.passage_met
    starts = candidates.starts[:-1]
    return {
        "dense": candidates.dense,
        "lexical": candidates.lexical,
        "late": best.mean(axis=0),
        "late_weighted": candidates.token_weights @ best,
        "late_worst": _worst_quarter(best),
        "sentence_late": np.maximum.reduceat(candidates.met.mean(axis=0), starts),
        "sentence_cosine": np.maximum.reduceat(candidates.sentence_cosine, starts),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedPassage:
    """A passage among the candidates of its language. `score` compares across languages."""

    candidates: Candidates
    place: int
    score: float

    @property
    def pair(self) -> Pair:
        """Whether it is in the question's language."""
        return self.candidates.pair

    @property
    def row(self) -> int:
        """In its language's shelf."""
        return int(self.candidates.rows[self.place])


@dataclass(frozen=True, kw_only=True)
class OpenPassage:
    """A passage whose sentences are looked at one by one. behind: how far its score is behind the best passage's.

    read: what the reader makes of it; None where there is no reader.
    """

    ranked: RankedPassage
    stored: StoredPassage
    behind: float
    read: ReadPassage | None

    @property
    def passage(self) -> Passage:
        """Its text."""
        return self.stored.passage

    @cached_property
    def vectors(self) -> F32:
        """(sentences, dim)."""
        candidates = self.ranked.candidates
        return candidates.sentence_vectors[candidates.sentences_of(self.ranked.place)]

    @cached_property
    def features(self) -> Features:
        """(sentences,) each."""
        return {**_retrieval_features(self), **_reader_features(self)}


def _retrieval_features(one: OpenPassage) -> Features:
    candidates, place = one.ranked.candidates, one.ranked.place
    own = candidates.sentences_of(place)
    met, weights = candidates.met[:, own], candidates.token_weights
    weighted = weights @ met
    return {
        "passage": np.full(met.shape[1], one.ranked.score, dtype=np.float32),
        "cosine": candidates.sentence_cosine[own],
        "late_weighted": weighted,
        "late_worst": _worst_quarter(met),
        "lead_adds": weights @ np.maximum(met, met[:, :1]) - weighted,
    }


def _reader_features(one: OpenPassage) -> Features:
    return {"read_starts": one.read.starts, "read_best": one.read.best} if one.read else {}


def answer_features(opened: Sequence[OpenPassage], scores: Sequence[F32], at: tuple[int, int]) -> Features:
    """(1,) each: what distinguishes an answer from a near miss. scores: of the sentences of each passage.

    at: the passage and the row of the sentence that is to answer.
    """
    place, row = at
    best = opened[place]
    candidates = best.ranked.candidates
    met = candidates.passage_met[:, best.ranked.place]
    # What the passage leaves unmet of the question that another one meets.
    regret = candidates.passage_met.max(axis=1) - met
    top = float(scores[place][row])
    others = [float(own.max()) for number, own in enumerate(scores) if number != place]
    values = {
        "ahead": min(_FAR_BEHIND, top - max(others, default=top - _FAR_BEHIND)),
        "behind": best.behind,
        "regret": float(candidates.token_weights @ regret),
        **{name: float(best.features[name][row]) for name in (*_OF_SENTENCE, *(_OF_READER if best.read else ()))},
    }
    return {name: np.array([value], dtype=np.float32) for name, value in values.items()}


_OF_SENTENCE = ("cosine", "late_weighted")
_OF_READER = ("read_starts", "read_best")


def _worst_quarter(met: F32) -> F32:
    """(columns,): the mean of the lowest quarter of the rows, at least one."""
    count = max(1, len(met) // 4)
    worst: F32 = np.partition(met, count - 1, axis=0)[:count].mean(axis=0)
    return worst
