"""Judges the best sentences: how likely each of them answers, and which to quote first.

A sentence is judged by how it was found and read, and by what the best sentences of other passages say. The best in the
question's language and the best in others are judged side by side, since the same fact may be read with certainty in one
language and with doubt in another: where two sentences say the same, one is as likely to answer as the other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from coopbot.ask.rank.features import OpenPassage, names_other_time
from coopbot.ask.weights import PAIRS, Features, JudgeWeights, Pair
from coopbot.index.types import F32
from coopbot.text.crossing import is_the_other_way_round
from coopbot.text.figures import Figure, all_agree, find_figures
from coopbot.text.gazetteer import find_names
from coopbot.text.tokens import numbers_in

# How many sentences of each side, the question's language and the others, are judged; at most two of a passage.
_JUDGED, _OF_A_PASSAGE = 3, 2
# Cosine (each vector centred for its language) from which two sentences say the same, within a language and across: with the
# answer's figures in both, and without figures. Measured on sentences of the corpus in two languages.
_SAME_WITH_FIGURES: dict[bool, float] = {False: 0.75, True: 0.50}
SAME: dict[bool, float] = {False: 0.90, True: 0.60}

# Added to the summed odds of all other sentences against the one judged, so that odds far below it make no difference.
_LEAST_ODDS = 1e-3
# Limits beyond which a gap of scores, or a reading, says no more.
_FAR_AHEAD, _FAR, _UNREAD, _UNSUPPORTED, _DOUBTED = 3.0, 8.0, -15.0, -12.0, -8.0


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A sentence to judge: the `row` of an open passage. score: of the sentence, comparable across passages."""

    opened: OpenPassage
    row: int
    score: float

    @property
    def pair(self) -> Pair:
        """Whether it is in the question's language."""
        return self.opened.ranked.pair

    @cached_property
    def text(self) -> str:
        """The sentence."""
        return self.opened.passage.quoted(self.opened.passage.sentences[self.row])

    @property
    def said(self) -> date | None:
        """The last day on which it may have been said."""
        article = self.opened.article
        said = article.said(self.opened.passage.sentences[self.row]) if article else None
        return said.last if said else None

    @cached_property
    def answer(self) -> str:
        """The words that answer; "" without a reader."""
        return self.opened.passage.quoted(self.opened.read.answers[self.row]) if self.opened.read else ""

    @property
    def vector(self) -> F32:
        """(dim,): as in `Sentences`."""
        vector: F32 = self.opened.vectors[self.row]
        return vector

    @property
    def reading(self) -> float:
        """The reader's log odds that an answer starts here; 0 without a reader."""
        return float(self.opened.read.starts[self.row]) if self.opened.read else 0.0

    @property
    def meaning(self) -> float:
        """The log odds by the reader's states, NaN if there are none."""
        read = self.opened.read
        return float(read.meaning[self.row]) if read and len(read.meaning) else math.nan

    @cached_property
    def names(self) -> frozenset[str]:
        """Gazetteer ids of what it names."""
        return find_names(self.text)

    @cached_property
    def figures(self) -> list[Figure]:
        """Its amounts and dates."""
        return find_figures(self.text)

    @cached_property
    def answer_figures(self) -> list[Figure]:
        """Those of the words that answer."""
        return find_figures(self.answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A candidate with the `log_odds` that it answers, after the `loss` for what was answered before."""

    candidate: Candidate
    log_odds: float
    loss: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The answers that a conversation has had, in words. A sentence that gives one again has `loss` less log odds: a follow-up
    asks for something else.
    """

    answers: tuple[str, ...] = ()
    loss: float = 0.0

    def repeats(self, answer: str) -> bool:
        """Whether words that answer were among them: every figure from an answer of which all are here, or the same words."""
        figures = _telling(answer)
        if not figures:
            return any(bool(said) and said.casefold() == answer.casefold() for said in self.answers)
        whole = [found for said in self.answers if all_agree(found := _telling(said), figures)]
        return all(any(all_agree([figure], found) for found in whole) for figure in figures)


NOTHING_SAID = Said()


def judge(
    question: str, opened: Sequence[OpenPassage], scores: Sequence[F32], weights: JudgeWeights, said: Said = NOTHING_SAID
) -> list[Judged]:
    """The best sentences, the one to quote first at index 0. scores: sentence scores of each passage, (sentences,) each."""
    same, across = (candidates_of(question, opened, scores, pair) for pair in PAIRS)
    judged = [
        Judged(candidate=one, log_odds=float(weights.answered[one.pair].score(features)[0]))
        for own, others in ((same, across), (across, same))
        for one, features in zip(own, answer_features(question, own, others, opened, scores), strict=True)
    ]
    found = []
    for one in judged:
        pooled = _pooled(one, judged, weights)
        loss = said.loss if said.repeats(one.candidate.answer) else 0.0
        found.append(Judged(candidate=one.candidate, log_odds=pooled.log_odds - loss, loss=loss))
    # How likely it answers, and that the asker can read it.
    readable = {"same": 1.0, "across": weights.readable}
    return sorted(found, key=lambda one: -_probability(one.log_odds) * readable[one.candidate.pair])


def candidates_of(question: str, opened: Sequence[OpenPassage], scores: Sequence[F32], pair: Pair) -> list[Candidate]:
    """The best sentences of one side by score, at most two of a passage. Those that say it the other way round than the
    question are judged beside these, not instead of them.
    """
    found = [
        Candidate(opened=one, row=int(row), score=float(own[row]))
        for one, own in zip(opened, scores, strict=True)
        if one.ranked.pair == pair
        for row in [row for row in np.argsort(-own, kind="stable") if int(row) not in one.stored.shut][:_OF_A_PASSAGE]
    ]
    judged: list[Candidate] = []
    others = 0
    for one in sorted(found, key=lambda one: -one.score)[: 2 * _JUDGED]:
        if len(judged) - others < _JUDGED:
            judged.append(one)
            others += is_the_other_way_round(question, one.text)
    return judged


def _pooled(judged: Judged, others: Sequence[Judged], weights: JudgeWeights) -> Judged:
    """The candidate with the evidence for what it shares with a likelier one on the other side: if that answers, and both say
    the same, it answers too.
    """
    best = _probability(judged.log_odds)
    for other in others:
        likely = _probability(other.log_odds)
        if other.candidate.pair == judged.candidate.pair or likely <= best or weights.same is None:
            continue
        if is_the_other_way_round(judged.candidate.text, other.candidate.text):
            continue
        same = _probability(float(weights.same.score(same_features(judged.candidate, other.candidate))[0]))
        best = max(best, likely * same)
    if best <= _probability(judged.log_odds):
        return judged
    return Judged(candidate=judged.candidate, log_odds=math.log(best / (1 - best)))


def _telling(answer: str) -> list[Figure]:
    """Its amounts; its dates, if it has none."""
    figures = find_figures(answer)
    return [one for one in figures if one.unit != "date"] or figures


def same_features(one: Candidate, other: Candidate) -> Features:
    """Whether a sentence answers if another, in another language, does, (1,) each. agrees: whether it has the figures of the
    other's answer; names: its names; numbers: its numbers. gap: of their scores. best: the reader's score of its own answer.
    """
    cosine, agreed = float(one.vector @ other.vector), _agreements(one, other)
    values = {
        "cosine": cosine,
        **agreed,
        "disagrees": _disagrees(one, other),
        "agrees_cosine": cosine * agreed["agrees"],
        "names_cosine": cosine * agreed["names"],
        "chars": math.log1p(len(one.text)),
        "reading": max(one.reading, _UNSUPPORTED),
        "gap": one.score - other.score,
        "best": max(float(one.opened.read.best[one.row]) if one.opened.read else 0.0, -20.0),
        "figures": bool(other.answer_figures),
        "answer_chars": math.log1p(len(other.answer)),
    }
    return {name: np.array([value], dtype=np.float32) for name, value in values.items()}


def answer_features(
    question: str,
    own: Sequence[Candidate],
    others: Sequence[Candidate],
    opened: Sequence[OpenPassage],
    scores: Sequence[F32],
) -> list[Features]:
    """For each of the `own` candidates, features that distinguish an answer from a near miss, (1,) each. others: the candidates
    of the other side.

    rivals: the log of the summed odds of all other sentences against it; rivals_apart: of those that say something else.
    behind: the gap of its passage's score to the best. regret: how much better other passages match the question's tokens.
    echo: how alike the likeliest sentences of other articles are. other_time: see `names_other_time`; other_way_round: see
    `is_the_other_way_round`. read_total: like read_starts, but the sum over all sentences. support: the best reading of a
    sentence elsewhere that says the same; otherwise: of one that says something else. names_missing, numbers_missing: how many
    of the question's names and numbers its passage and title lack. swapped: whether the sentence names something else instead.
    lead: its score less the next one's of its side, gap: less the other side's best. other_reading, other_cosine: of that one.
    agrees: whether it has the figures, names or numbers of that one's answer, by itself, times its reading and times its
    cosine. meaning: what the reader's states mean, see `ReadPassage`. The rest are the sentence's own. What there is nothing to
    compare with is NaN.
    """
    sought, numbers = find_names(question), numbers_in(question)
    starts = [one.read.starts for one in opened if one.read]
    total = np.logaddexp.reduce(np.concatenate(starts)) if starts else 0.0
    found = []
    for place, one in enumerate(own):
        said = _said_elsewhere(one, opened)
        other = others[0] if others else None
        agreed = float(other is not None and max(_agreements(one, other).values()))
        cosine = float(one.vector @ other.vector) if other else 0.0
        following = own[1].score if place == 0 and len(own) > 1 else own[0].score if place else math.nan
        values = {
            "rivals": math.log(_LEAST_ODDS + _odds(one, scores)),
            "rivals_apart": math.log(_LEAST_ODDS + max(0.0, _odds(one, scores) - _odds_of(one, said, scores))),
            "behind": one.opened.behind,
            "regret": one.opened.regret,
            "echo": _echo(one, opened, scores),
            "cosine": float(one.opened.features["cosine"][one.row]),
            "late_weighted": float(one.opened.features["late_weighted"][one.row]),
            "other_time": names_other_time(question, one.text, one.said),
            "other_way_round": is_the_other_way_round(question, one.text),
            "read_starts": one.reading,
            "read_total": float(total),
            **_readings_elsewhere(one, said, opened),
            "names_missing": len(sought - one.opened.names),
            "numbers_missing": len(numbers - one.opened.numbers),
            "swapped": float(bool(sought - one.names - one.opened.title_names) and bool(one.names - sought)),
            "passage": one.opened.ranked.score,
            "lead": float(np.minimum(one.score - following, _FAR)),
            "gap": max(-_FAR, min(one.score - other.score, _FAR)) if other else math.nan,
            "other_reading": max(other.reading, _UNREAD) if other else math.nan,
            "other_cosine": cosine if other else math.nan,
            "agrees": agreed if other else math.nan,
            "agrees_reading": agreed * max(other.reading, _DOUBTED) if other else math.nan,
            "agrees_cosine": agreed * cosine if other else math.nan,
            "meaning": one.meaning,
        }
        found.append({name: np.array([value], dtype=np.float32) for name, value in values.items()})
    return found


def _said_elsewhere(one: Candidate, opened: Sequence[OpenPassage]) -> list[tuple[int, int]]:
    """(passage, row) of the sentences of other passages that say the same."""
    figures = one.answer_figures
    found = []
    for place, other in enumerate(opened):
        if other is one.opened:
            continue
        across = other.stored.language != one.opened.stored.language
        cosines = other.vectors @ one.vector
        for row in np.flatnonzero(cosines >= (_SAME_WITH_FIGURES if figures else SAME)[across]):
            text = other.passage.quoted(other.passage.sentences[row])
            if not figures or all_agree(figures, find_figures(text)):
                found.append((place, int(row)))
    return found


def _odds(one: Candidate, scores: Sequence[F32]) -> float:
    odds = np.exp(np.minimum(np.concatenate(scores) - one.score, _FAR_AHEAD)).sum() - 1.0  # without its own
    return max(0.0, float(odds))


def _odds_of(one: Candidate, said: Sequence[tuple[int, int]], scores: Sequence[F32]) -> float:
    return sum(math.exp(min(float(scores[place][row]) - one.score, _FAR_AHEAD)) for place, row in said)


def _echo(one: Candidate, opened: Sequence[OpenPassage], scores: Sequence[F32]) -> float:
    """The highest cosine of a sentence of another article, less the further its score is behind; 0 if there is none."""
    cosines = [
        float((other.vectors @ one.vector * np.exp(np.minimum(own - one.score, 0) / 2)).max())
        for other, own in zip(opened, scores, strict=True)
        if other.passage.article_id != one.opened.passage.article_id
    ]
    return max(cosines, default=0.0)


def _readings_elsewhere(one: Candidate, said: Sequence[tuple[int, int]], opened: Sequence[OpenPassage]) -> dict[str, float]:
    same = [float(read.starts[row]) for place, row in said if (read := opened[place].read)]
    apart = [
        float(start)
        for place, other in enumerate(opened)
        if other is not one.opened and other.read
        for row, start in enumerate(other.read.starts)
        if (place, row) not in said
    ]
    return {
        "support": max([*same, _UNSUPPORTED]),
        "otherwise": max([*apart, _UNREAD]) if len(opened) > 1 else math.nan,
    }


def _agreements(one: Candidate, other: Candidate) -> dict[str, float]:
    """Whether a sentence has all figures, names and numbers of another's answer, where that has some."""
    names, numbers = find_names(other.answer), numbers_in(other.answer)
    return {
        "agrees": float(all_agree(other.answer_figures, one.figures)),
        "names": float(bool(names) and names <= one.names),
        "numbers": float(bool(numbers) and numbers <= numbers_in(one.text)),
    }


def _disagrees(one: Candidate, other: Candidate) -> float:
    """Whether both answers have figures, and neither sentence has the other's."""
    both = bool(one.answer_figures) and bool(other.answer_figures)
    apart = not all_agree(other.answer_figures, one.figures) and not all_agree(one.answer_figures, other.figures)
    return float(both and apart)


def _probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))
