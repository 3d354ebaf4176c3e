"""Named features of passages and sentences. The weights are in `weights`, those of answers in `judge`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from coopbot.ask.rank.candidates import Candidates
from coopbot.ask.rank.reader import ReadPassage
from coopbot.ask.weights import Features, Pair
from coopbot.domain import Article, Passage
from coopbot.index.types import F32, StoredPassage
from coopbot.text.dates import find_dates, find_years
from coopbot.text.gazetteer import find_names
from coopbot.text.periods import find_periods
from coopbot.text.relative import relative_words
from coopbot.text.tokens import numbers_in


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

    read: the reader's output; None without a reader. article: None if it was removed meanwhile.
    """

    ranked: RankedPassage
    stored: StoredPassage
    behind: float
    read: ReadPassage | None
    article: Article | None

    @property
    def title(self) -> str:
        """Of its article."""
        return self.article.title if self.article else ""

    @property
    def published(self) -> date | None:
        """The day of its article."""
        return self.article.published if self.article else None

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
    def regret(self) -> float:
        """How much better other passages match each of the question's tokens, weighted."""
        candidates = self.ranked.candidates
        met = candidates.passage_met[:, self.ranked.place]
        return float(candidates.token_weights @ (candidates.passage_met.max(axis=1) - met))

    @cached_property
    def names(self) -> frozenset[str]:
        """Gazetteer ids of what it, its title and its headings name."""
        return find_names(self._around)

    @cached_property
    def title_names(self) -> frozenset[str]:
        """Those of its title and headings alone, which its sentences need not repeat."""
        return find_names(" ".join((self.title, *self.passage.heading_path)))

    @cached_property
    def numbers(self) -> frozenset[str]:
        """The numbers that it, its title and its headings have."""
        return numbers_in(self._around)

    @property
    def _around(self) -> str:
        return " ".join((self.title, *self.passage.heading_path, self.passage.text))

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


def _worst_quarter(met: F32) -> F32:
    """(columns,): the mean of the lowest quarter of the rows, at least one row."""
    count = max(1, len(met) // 4)
    worst: F32 = np.partition(met, count - 1, axis=0)[:count].mean(axis=0)
    return worst
