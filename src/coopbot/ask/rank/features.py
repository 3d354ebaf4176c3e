"""Named features of passages, sentences and answers. The weights are in `weights`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from coopbot.ask.rank.candidates import Candidates
from coopbot.ask.rank.reader import ReadPassage
from coopbot.ask.rank.weights import Features, Pair
from coopbot.domain import Passage
from coopbot.index.types import F32, StoredPassage
from coopbot.text.dates import find_dates, find_years
from coopbot.text.periods import find_periods
from coopbot.text.relative import relative_words

# Added to the summed odds of all other sentences against the best one, so that odds far below it make no difference.
_LEAST_ODDS = 1e-3
# Maximum lead of another sentence that counts: the preference for a language may put a sentence first that scores lower.
_FAR_AHEAD = 3.0


def passage_features(candidates: Candidates) -> Features:
    """Features of each candidate passage, (passages,) each.

    dense: cosine. lexical: BM25 share. late: late interaction, the mean over the question's tokens; late_weighted: weighted by
    how well a token separates passages; late_worst: over the worst matched quarter of the tokens. sentence_late,
    sentence_cosine: the best value of a single sentence.
    """
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
    """A candidate passage with a `score` that is comparable across languages."""

    candidates: Candidates
    place: int
    score: float

    @property
    def pair(self) -> Pair:
        """Whether the passage is in the question's language."""
        return self.candidates.pair

    @property
    def row(self) -> int:
        """Row number in its language's shelf."""
        return int(self.candidates.rows[self.place])


@dataclass(frozen=True, kw_only=True)
class OpenPassage:
    """A passage whose sentences are scored. behind: how far its score is below the best passage's.

    read: the reader's output; None without a reader. published: its article's date.
    """

    ranked: RankedPassage
    stored: StoredPassage
    behind: float
    read: ReadPassage | None
    published: date | None

    @property
    def passage(self) -> Passage:
        """The passage itself."""
        return self.stored.passage

    @cached_property
    def vectors(self) -> F32:
        """(sentences, dim): the vectors of its sentences."""
        candidates = self.ranked.candidates
        return candidates.sentence_vectors[candidates.sentences_of(self.ranked.place)]

    @cached_property
    def features(self) -> Features:
        """Features of each sentence, (sentences,) each. read_starts: the reader's, see `ReadPassage`."""
        read = {"read_starts": self.read.starts} if self.read else {}
        return {**_retrieval_features(self), **read}


def _retrieval_features(one: OpenPassage) -> Features:
    """passage: the passage's score. cosine, late_weighted, late_worst: as for passages, but of the sentence alone. lead_adds:
    how much the passage's first sentence would add to late_weighted.
    """
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


def answer_features(question: str, opened: Sequence[OpenPassage], scores: Sequence[F32], at: tuple[int, int]) -> Features:
    """Features that distinguish an answer from a near miss, (1,) each. scores: sentence scores of each passage.

    at: (passage, row) of the sentence proposed as the answer. rivals: the log of the summed odds of all other sentences
    against it. behind: the gap of its passage's score to the best. regret: how much better other passages match the question's
    tokens. echo: how alike the likeliest sentences of other articles are. other_time: see `names_other_time`. read_total: like
    read_starts, but the sum over all sentences. The rest are features of the sentence itself.
    """
    place, row = at
    best = opened[place]
    candidates = best.ranked.candidates
    met = candidates.passage_met[:, best.ranked.place]
    # How much better other passages match each question token than this one.
    regret = candidates.passage_met.max(axis=1) - met
    values = {
        "rivals": _rivals(scores, at),
        "behind": best.behind,
        "regret": float(candidates.token_weights @ regret),
        "echo": _echo(opened, scores, at),
        "cosine": float(best.features["cosine"][row]),
        "other_time": names_other_time(question, best.passage.quoted(best.passage.sentences[row]), best.published),
        **(_by_reading(opened, best.read, row) if best.read else {"late_weighted": float(best.features["late_weighted"][row])}),
    }
    return {name: np.array([value], dtype=np.float32) for name, value in values.items()}


def _rivals(scores: Sequence[F32], at: tuple[int, int]) -> float:
    place, row = at
    gaps = np.concatenate(scores) - scores[place][row]
    odds = np.exp(np.minimum(gaps, _FAR_AHEAD)).sum() - 1.0  # without its own
    return float(np.log(_LEAST_ODDS + max(0.0, odds)))


def _echo(opened: Sequence[OpenPassage], scores: Sequence[F32], at: tuple[int, int]) -> float:
    """The highest cosine of a sentence of another article, less the further its score is behind; 0 if there is none."""
    place, row = at
    best = opened[place]
    top = scores[place][row]
    cosines = [
        float((one.vectors @ best.vectors[row] * np.exp(np.minimum(own - top, 0) / 2)).max())
        for one, own in zip(opened, scores, strict=True)
        if one.passage.article_id != best.passage.article_id
    ]
    return max(cosines, default=0.0)


def names_other_time(question: str, sentence: str, published: date | None) -> bool:
    """Whether a sentence of an article of that day is about years, or parts of a year, but none that the question names."""
    years = find_years(question)
    pairs = ((years, _years_about(sentence, published) if years else None), (find_periods(question), find_periods(sentence)))
    return any(asked and named and asked.isdisjoint(named) for asked, named in pairs)


def _years_about(sentence: str, published: date | None) -> frozenset[int]:
    """The years that it names without a month or, failing these, all: a month or day is often that of the report.

    If it names none, those of words such as "last year" or "in two months".
    """
    alone = frozenset(mention.year for mention in find_dates(sentence) if mention.year and not mention.month)
    named = alone or find_years(sentence)
    if named or published is None:
        return named
    return frozenset(day.year for words in relative_words(sentence, published) for day in (words.first, words.last))


def _by_reading(opened: Sequence[OpenPassage], read: ReadPassage, row: int) -> dict[str, float]:
    total = np.logaddexp.reduce(np.concatenate([one.read.starts for one in opened if one.read]))
    return {"read_starts": float(read.starts[row]), "read_total": float(total)}


def _worst_quarter(met: F32) -> F32:
    """(columns,): the mean of the lowest quarter of the rows, at least one row."""
    count = max(1, len(met) // 4)
    worst: F32 = np.partition(met, count - 1, axis=0)[:count].mean(axis=0)
    return worst
