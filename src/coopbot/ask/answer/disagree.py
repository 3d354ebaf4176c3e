"""Finds sources that answer a question with different figures. Prefers missing one to reporting a false one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from coopbot.ask.rank.retrieve import ScoredSentence
from coopbot.ask.weights import ContradictionWeights, Features, Where
from coopbot.text.crossing import is_the_other_way_round
from coopbot.text.dates import find_years
from coopbot.text.figures import Figure, PlacedFigure, place_figures
from coopbot.text.gazetteer import differ_in_number
from coopbot.text.periods import Period, find_periods
from coopbot.text.reporting import count_attributions, count_contrasts

# Limits beyond which a feature says no more.
_FAR_BEHIND, _UNLIKELY, _MANY = 40.0, 10.0, 3
_DAYS_PER_YEAR = 366
# Two passages that answer with different figures for the same time, in sentences as alike as this, contradict each other,
# whatever the model says: it has learned from none that are so alike. Maximum of features, and minimum of the vectors' cosine.
_PLAIN = {"behind": 6.0, "odds": 3.0, "years": 0.0, "periods": 0.0, "repeats": 0.0}
_ALIKE = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """An answer that contradicts the best one. sentence: where it is found; the best sentence itself if it holds both.

    answers: the words of the best answer, then those of the other.
    """

    sentence: ScoredSentence
    answers: tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """A figure that differs from the answer's by more than rounding: another account of the same thing, or a figure for
    something else. where: in relation to the best sentence. features: (1,) each.
    """

    sentence: ScoredSentence
    figure: PlacedFigure
    where: Where
    features: Features


def find_contradiction(sentences: Sequence[ScoredSentence], weights: ContradictionWeights) -> Contradiction | None:
    """The figure or date that is most likely another account of what the first sentence answers, if it is likely enough."""
    best = sentences[0]
    own = answering_figure(best)
    if own is None:
        return None
    found = [(float(weights.rival[one.where].score(one.features)[0]), one) for one in find_rivals(sentences, own)]
    likely = [(log_odds, one) for log_odds, one in found if log_odds >= weights.least_log_odds or _is_plain(one)]
    if not likely:
        return None
    _, rival = max(likely, key=lambda pair: pair[0])
    return Contradiction(sentence=rival.sentence, answers=(own.of(best.text), rival.figure.of(rival.sentence.text)))


def _is_plain(rival: Rival) -> bool:
    """Whether another passage answers with another figure in nearly the same words."""
    values = {name: float(value[0]) for name, value in rival.features.items()}
    is_answer = rival.where == "elsewhere" and values["answers"] > 0 and values["cosine"] >= _ALIKE
    return is_answer and all(values[name] <= most for name, most in _PLAIN.items())


def answering_figure(best: ScoredSentence) -> PlacedFigure | None:
    """The figure within the answer's words that the reader scores highest, or None."""
    found = [figure for figure in place_figures(best.text) if _within_answer(best, figure)]
    return max(found, key=lambda figure: _reading(best, figure), default=None)


def find_rivals(sentences: Sequence[ScoredSentence], own: PlacedFigure) -> Iterator[Rival]:
    """All figures of the same unit that contradict `own`, which is the answer of the first sentence: not those of Russians
    where that is of Chinese, or of Power of Siberia 2 where that is of Power of Siberia.
    """
    best = sentences[0]
    of_best = _Facts.of(best, place_figures(best.text))
    for other in sentences:
        if is_the_other_way_round(best.text, other.text) or differ_in_number(best.text, other.text):
            continue
        figures = of_best.figures if other is best else place_figures(other.text)
        rivals = [figure for figure in figures if _is_rival(figure, own, other is best)]
        if rivals:
            of_other = of_best if other is best else _Facts.of(other, figures)
            same_passage = other.stored.passage.passage_id == best.stored.passage.passage_id
            where: Where = "sentence" if other is best else "passage" if same_passage else "elsewhere"
            for figure in rivals:
                yield Rival(sentence=other, figure=figure, where=where, features=_features(of_best, own, of_other, figure))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What is read of a sentence once, however many rivals it has. years: those outside its answer."""

    sentence: ScoredSentence
    figures: Sequence[PlacedFigure]
    years: frozenset[int]
    periods: frozenset[Period]
    reported: int
    contrasts: int

    @staticmethod
    def of(sentence: ScoredSentence, figures: Sequence[PlacedFigure]) -> _Facts:
        return _Facts(
            sentence=sentence,
            figures=figures,
            years=find_years(sentence.text) - find_years(sentence.answer_text),
            periods=find_periods(sentence.text),
            reported=min(_MANY, count_attributions(sentence.text)),
            contrasts=min(_MANY, count_contrasts(sentence.text)),
        )


def _is_rival(figure: PlacedFigure, own: PlacedFigure, in_one_sentence: bool) -> bool:
    if in_one_sentence and figure.overlaps(own):
        return False
    one, other = figure.figure, own.figure
    return (one.unit == other.unit or (in_one_sentence and _may_share_a_unit(one, other))) and one.contradicts(other)


def _features(of_best: _Facts, own: PlacedFigure, of_other: _Facts, figure: PlacedFigure) -> Features:
    """reading: the reader's score of the rival; behind: how far it is below the answer's. odds: how much less likely its
    sentence answers. answers: whether it is that sentence's answer. reported, contrasts: words of reporting and of contrast, in
    the best sentence and in the other. repeats: whether the other has the answer's figure too. alike: how many figures of the
    unit it has. years, periods: whether the two name different ones; other_years: how many the other names. apart: the log of
    the ratio, or years between dates. before: whether it stands before the answer, in one sentence. cosine: of the vectors.
    """
    best, other = of_best.sentence, of_other.sentence
    reading = _reading(other, figure)
    values = {
        "reading": reading,
        "behind": min(_FAR_BEHIND, _reading(best, own) - reading),
        "odds": min(_UNLIKELY, best.log_odds - other.log_odds),
        "answers": _within_answer(other, figure),
        "reported": of_best.reported,
        "other_reported": of_other.reported,
        "contrasts": of_best.contrasts,
        "other_contrasts": of_other.contrasts,
        "repeats": other is not best
        and any(one.figure.unit == own.figure.unit and one.figure.agrees(own.figure) for one in of_other.figures),
        "alike": sum(one.figure.unit == own.figure.unit for one in of_other.figures),
        "years": bool(of_best.years and of_other.years) and of_best.years != of_other.years,
        "other_years": len(of_other.years),
        "periods": of_best.periods != of_other.periods,
        "apart": _apart(own.figure, figure.figure),
        "is_date": own.figure.unit == "date",
        "before": other is best and figure.start_char < own.start_char,
        "across": best.stored.language != other.stored.language,
        "cosine": float(best.vector @ other.vector),
    }
    return {name: np.array([value], dtype=np.float32) for name, value in values.items()}


def _apart(one: Figure, other: Figure) -> float:
    small, large = sorted(abs(figure.low + figure.high) / 2 for figure in (one, other))
    if one.unit == "date":
        return (large - small) / _DAYS_PER_YEAR
    return math.log(large / small) if small else float(_MANY)


def _may_share_a_unit(one: Figure, other: Figure) -> bool:
    """One figure may lack a unit: "40 wagons according to one, 30 according to the other"."""
    return "" in (one.unit, other.unit) and "date" not in (one.unit, other.unit)


def _reading(sentence: ScoredSentence, figure: PlacedFigure) -> float:
    return sentence.read.reading_of(figure.shifted(sentence.span.start_char)) if sentence.read else sentence.reading


def _within_answer(sentence: ScoredSentence, figure: PlacedFigure) -> bool:
    return sentence.answer is not None and figure.shifted(sentence.span.start_char).overlaps(sentence.answer)
