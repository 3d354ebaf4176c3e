"""Comparisons: a quote for each side of a question, and the sides that nothing tells of."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import chain

from coopbot.ask.answer.asking import Asking
from coopbot.ask.answer.counterparts import is_one
from coopbot.ask.answer.formed import asks_of_plans, citations_of, formed, is_planned, readable, units_of
from coopbot.ask.answer.series import MONEY, find_series
from coopbot.ask.rank.retrieve import ScoredSentence, open_best
from coopbot.domain import Answer, Remark
from coopbot.index.types import F32
from coopbot.text.cues import asks_for_shares
from coopbot.text.dates import find_years
from coopbot.text.figures import find_figures
from coopbot.text.gazetteer import find_names, is_elsewhere, places_around, sought_names
from coopbot.text.glossary import find_concepts
from coopbot.text.sides import Side, compares, find_sides, is_of_all, is_one_thing
from coopbot.text.timed import sentence_time
from coopbot.text.tokens import lexical_tokens

# Passages of a side that are read, of the question's language and of others.
_READ_OF_SIDE = (4, 2)
# A sentence that names a side and has a figure of the unit is shown from this share of the probability of `possible` on.
_OF_POSSIBLE = 0.5
# What a sentence in the question's language is worth beside one in another, in log odds.
_OWN = 0.7
# What a figure of the same unit, and one for the same year, as another side's is worth, in log odds; and having a side at all.
_ALIGNED, _A_SIDE = 0.7, 50.0
# Units that say not how large a thing is.
_NO_SIZE = frozenset({"date", "percent", "times"})
# A number without a unit from here on may have the unit of the one before it.
_LARGE = 1000
# What it is worth that a sentence itself names its side, that it has a figure, and that it tells of no plan, in log odds.
_FITS = 1.5
# A side of so few characters that has a year is one: "2024", "in 2024".
_OF_A_YEAR = 10
# How much less likely than the best one a sentence for all sides may be, and than the best for the whole question the least
# likely side, in log odds.
_NEAR, _BEHIND = 1.3, 2.0
# Where nothing is said to compare by: how many measures are read for, and how many passages of each side and measure; how many
# are shown; what it is worth, beside log odds, that its question is near; and how likely a further one has to be.
_MEASURES_READ, _READ_OF_MEASURE, _MEASURES_SHOWN, _FOR_NEAR, _SURE_MEASURE = 3, (2, 1), 2, 8.0, 0.5

Row = list[ScoredSentence | None]
"""For each side a sentence, if there is one."""


def answer_compare(asking: Asking) -> Answer | None:
    """A quote for each side of a comparison, and the sides that nothing tells of; nothing where one sentence compares them."""
    sides = find_sides(asking.asked.text)
    if len(sides) < 2:
        return None
    if all(is_one_thing(sides[0], side) for side in sides[1:]):
        found = _of_side(asking.of(sides[0].question), sides[0], ())
        return _side_by_side(asking, sides[:1], [found[0]], remark="one_thing") if found else None
    if sides[0].measures and (rows := _by_measures(asking, sides)):
        return _side_by_side(asking, sides, *rows)
    whole = asking.evidence().sentences
    near = [one for one in whole if one.log_odds >= whole[0].log_odds - _NEAR and _compares(asking, sides, one)]
    if near:
        of_shares = asks_for_shares(asking.asked.text)
        telling = next((one for one in near if of_shares or compares(one.text) or units_of(one.text) - _NO_SIZE), near[0])
        return None if telling is whole[0] else _side_by_side(asking, sides, [telling] * len(sides))
    if all(find_years(side.words) and len(side.words) <= _OF_A_YEAR for side in sides) and (
        years := _compare_years(asking, sides)
    ):
        return years
    answers = [_of_side(asking.of(side.question), side, sides) for side in sides]
    if not all(answers):  # what may answer the question about all sides may tell of one too
        told = [[one for one in _of_side(asking, side, sides) if _is_told(side, sides, one.text)] for side in sides]
        answers = [own or other for own, other in zip(answers, told, strict=True)]
    row = _aligned(asking, sides, answers)
    if whole and sum(_is_told(side, sides, whole[0].text) for side in sides) != 1:
        least = whole[0].log_odds - _BEHIND
        row = [one if one and (one.log_odds >= least or is_one(one, whole[0])) else None for one in row]
    known = [one for one in row if one]
    if not known or (len(known) < len(row) and max(one.probability for one in known) < asking.sentence_weights.possible):
        return None
    if sides[0].measures and len(known) > 1:  # of what both are measured by there is nothing
        return None
    return _side_by_side(asking, sides, row)


def _by_measures(asking: Asking, sides: Sequence[Side]) -> list[Row]:
    """By what things are measured, a sentence for each side that has one: the likeliest few rows that tell of most sides, and
    of two at least. Of all measures those are read for whose question is nearest to a sentence about each side.
    """
    open_ = [_about_side(asking, side, sides) for side in sides]
    promising = list[tuple[float, Sequence[Side]]]()
    for place in range(len(sides[0].measures)):
        measured = [side.measures[place] for side in sides]
        vector = asking.of(measured[0].question).asked.vector
        nearest = [
            max((float(row @ vector) for row, units in own if units & side.units), default=-1.0)
            for side, own in zip(measured, open_, strict=True)
        ]
        promising.append((sorted(nearest)[-2], measured))
    found = list[tuple[int, float, float, Row]]()
    for near, each in sorted(promising, key=lambda one: -one[0])[:_MEASURES_READ]:
        if near < 0:
            continue
        answers = [_of_side(asking.of(side.question), side, each, _READ_OF_MEASURE) for side in each]
        likely = [[one for one in own if _is_measured(asking, side, one)] for side, own in zip(each, answers, strict=True)]
        row = _aligned(asking, each, likely)
        known = [one for one in row if one]
        if len(known) > 1:
            least = min(known, key=lambda one: one.log_odds)
            found.append((len(known), least.log_odds + _FOR_NEAR * near, least.probability, row))
    found.sort(key=lambda one: one[:2], reverse=True)
    further = [row for count, _, least, row in found[1:] if count == found[0][0] and least >= _SURE_MEASURE]
    return [row for *_, row in found[:1]] + further[: _MEASURES_SHOWN - 1]


def _is_measured(asking: Asking, side: Side, one: ScoredSentence) -> bool:
    """Whether a sentence may answer with a figure of the unit that is asked for."""
    is_likely = one.probability >= asking.sentence_weights.possible
    return is_likely and bool(side.units & {figure.unit for figure in find_figures(one.answer_text)})


def _about_side(asking: Asking, side: Side, sides: Sequence[Side]) -> list[tuple[F32, frozenset[str]]]:
    """The vectors of sentences about a side in the question's language, each with the units of its figures."""
    of_side = asking.of(side.words)
    opened = [one for one in open_best(side.words, asking.store, of_side.ranked) if one.ranked.pair == "same"]
    return [
        (one.vectors[row], frozenset(figure.unit for figure in find_figures(text)))
        for one in opened
        for row, span in enumerate(one.passage.sentences)
        if row not in one.stored.shut
        and _is_about(side, sides, text := one.passage.quoted(span), " ".join((one.title, *one.passage.heading_path)))
    ]


def untold_sides(answer: Answer) -> tuple[str, ...]:
    """The sides of a comparison that no quote of an answer, nor the title of its source, tells of, if all sides are named; none
    if that is all.
    """
    sides = find_sides(answer.searched_as)
    if not all(find_names(side.words) for side in sides):  # what is a side is not so sure
        return ()
    texts = [f"{one.title} {one.quote}" for one in answer.citations]
    untold = [side.words for side in sides if not any(_is_told(side, sides, text) for text in texts)]
    return tuple(dict.fromkeys(untold)) if len(untold) < len(sides) else ()


def _side_by_side(
    asking: Asking,
    sides: Sequence[Side],
    *rows: Row,
    confidence: float | None = None,
    remark: Remark | None = None,
) -> Answer:
    """The sentences of the sides that have one, and the others by name: in each row a sentence for each side. A sentence that
    tells of several is quoted once.
    """
    sentences, labels = list[ScoredSentence](), list[list[str]]()
    for side, one in ((side, one) for row in rows for side, one in zip(sides, row, strict=True)):
        place = next((place for place, other in enumerate(sentences) if one and is_one(one, other)), len(sentences))
        if one and place == len(sentences):
            sentences.append(one)
            labels.append([])
        if one and side.words not in labels[place]:
            labels[place].append(side.words)
    missing = tuple(side.words for side, one in zip(sides, rows[0], strict=True) if one is None)
    sure = min(one.probability for one in sentences) if confidence is None else confidence
    limit = asking.limit(len(sentences))
    remarks = [remark] if remark else []
    units = [units_of(one.answer_text) for one in sentences]
    if len(rows) == 1 and len(units) > 1 and all(units) and not frozenset.intersection(*units):
        remarks.append("other_units")
    times = {_year(asking, one) for one in sentences} - {None}
    if len(rows) == 1 and len(times) > 1 and not all(find_years(side.words) or "date" in side.units for side in sides):
        remarks.append("other_times")
    is_sure = sure >= asking.sentence_weights.answered and not missing and not remark
    return formed(
        asking,
        "compare",
        citations_of(asking, sentences[:limit]),
        outcome="answered" if is_sure else "possible",
        confidence=sure,
        labels=[" / ".join(one) for one in labels[:limit]],
        missing=missing,
        remarks=tuple(remarks),
    )


def _compares(asking: Asking, sides: Sequence[Side], one: ScoredSentence) -> bool:
    """Whether a sentence may answer the whole question and tells of all sides: it has a figure of each, or it compares, if only
    with what its title or headings name.
    """
    if one.pair != "same" or one.probability < asking.sentence_weights.possible:
        return False
    text = f"{_above(asking, one)} {one.text}" if compares(one.text) else one.text
    return all(_is_told(side, sides, text) for side in sides) and (compares(one.text) or _stands_for(one, sides))


def _stands_for(one: ScoredSentence, sides: Sequence[Side]) -> bool:
    """Whether a sentence has a figure of one unit for each of some sides, or no figure of a unit that is asked for. A unit may
    be said once: "4.4 million tonnes and 3.3 million".
    """
    units = sides[0].units
    figures = Counter(figure.unit for figure in set(find_figures(one.text)) if figure.unit or figure.low >= _LARGE)
    counts = [figures[unit] for unit in figures if (unit in units if units else unit not in _NO_SIZE | {""})]
    return not counts or max(counts) + figures[""] >= len(sides)


def _aligned(asking: Asking, sides: Sequence[Side], answers: Sequence[Sequence[ScoredSentence]]) -> Row:
    """A sentence for each side that has any: together the likeliest, of one unit and one time."""
    of_plans = asks_of_plans(asking)

    def fit(side: Side, one: ScoredSentence, first: ScoredSentence) -> float:
        year = _year(asking, one)
        alike = bool(units_of(one.answer_text) & units_of(first.answer_text)) + (
            year is not None and year == _year(asking, first)
        )
        # `_of_side` has looked for the unit that is asked for; where none is, an answer should have some figure.
        fits = _is_told(side, sides, one.text) + bool(side.units or units_of(one.text) - _NO_SIZE)
        fits -= not of_plans and is_planned(asking, one)
        return one.log_odds + _OWN * (one.pair == "same") + _ALIGNED * alike + _FITS * fits

    best, most = list[ScoredSentence | None]([None] * len(sides)), -math.inf
    for first in chain.from_iterable(answers):
        row, worth = list[ScoredSentence | None](), 0.0
        for side, own in zip(sides, answers, strict=True):
            free = [
                one for one in own if _stands_for(one, sides[: 1 + sum(bool(other and is_one(one, other)) for other in row)])
            ]
            fits = [fit(side, one, first) for one in free]
            row.append(free[fits.index(max(fits))] if free else None)
            worth += _A_SIDE + max(fits) if free else 0.0
        if worth > most:
            best, most = row, worth
    counts = Counter(unit for one in best if one for unit in units_of(one.text) - _NO_SIZE - {""})
    (unit, count), *_ = counts.most_common(1) or [("", 0)]
    if count > 1:  # what is told of another side in another unit is not the same; money may be in several
        same = MONEY if unit in MONEY else {unit}
        best = [one if one and (not units_of(one.answer_text) or same & units_of(one.text)) else None for one in best]
    return best


def _year(asking: Asking, one: ScoredSentence) -> int | None:
    """The year that a sentence is about, if it names one."""
    time = sentence_time(one.text, asking.article(one.stored.passage.article_id).published)
    return time.last.year if time else None


def _above(asking: Asking, one: ScoredSentence) -> str:
    """The title and headings above a sentence."""
    return " ".join((asking.article(one.stored.passage.article_id).title, *one.stored.passage.heading_path))


def _compare_years(asking: Asking, sides: Sequence[Side]) -> Answer | None:
    """The figures of several years, as in a series."""
    found = find_series(asking.asked, asking.ranked, asking.store, asking.reader, bounded=False, today=asking.today)
    years = [min(find_years(side.words)) for side in sides]
    points = [[one for one in found.points if one.amount.time.first.year == year] for year in years]
    best = [max(own, key=lambda one: (one.amount.time.length, one.score), default=None) for own in points]
    if not all(best):
        return None
    row = [one.sentence if one else None for one in best]
    return _side_by_side(asking, sides, row, confidence=asking.confidence(found.read))


def _of_side(asking: Asking, side: Side, sides: Sequence[Side], most: tuple[int, int] = _READ_OF_SIDE) -> list[ScoredSentence]:
    """The sentences that answer for one side, best first: likely ones about it that have a figure of the unit. most: passages
    that are read, of the question's language and of others.
    """
    likely = asking.sentence_weights.possible * _OF_POSSIBLE
    least = math.log(likely / (1 - likely))
    own = [one for one in asking.ranked if one.pair == "same"][: most[0]]
    others = [one for one in asking.ranked if one.pair != "same"][: most[1]]
    evidence = asking.evidence([*own, *others])
    found = [
        one
        for one in evidence.sentences
        if one.log_odds >= least
        and (not side.units or side.units & {figure.unit for figure in find_figures(one.text)})
        and _is_about(side, sides, one.text, _above(asking, one))
    ]
    found.sort(key=lambda one: one.log_odds + _OWN * (one.pair == "same"), reverse=True)
    return [readable(asking, one, evidence.sentences) for one in found]


def _is_about(side: Side, sides: Sequence[Side], text: str, above: str) -> bool:
    """Whether a sentence is about a side: it names it, or its title or a heading does, and the sentence no rival instead, and
    nothing that the side is a part of. above: the title and headings.
    """
    names, here = find_names(side.words), find_names(text)
    topics = find_concepts(side.words)
    if topics and topics.isdisjoint(find_concepts(f"{above} {text}")):
        return False
    if is_of_all(text) and sum(_is_told(other, sides, text) for other in sides) > 1:
        return False
    others = here - find_names(" ".join(other.words for other in sides or (side,)))
    if not all(ids & (here | find_names(above)) for ids in sought_names(side.words)):
        return False
    if any(is_elsewhere(other, place) for other in others for place in names):
        return False
    if _is_told(side, sides, text):
        return True
    if any(_is_told(other, sides, text) for other in sides if other is not side):
        return False
    around = frozenset(place for name in names for place in places_around(name))
    return not around & here and _is_told(side, sides, above)


def _is_told(side: Side, sides: Sequence[Side], text: str) -> bool:
    """Whether a text has what tells a side from the others: a name, or else all its concepts or most of its words."""
    others = " ".join(other.words for other in sides if other is not side)
    if names := find_names(side.words) - find_names(others):
        return bool(names & find_names(text))
    if topics := find_concepts(side.words) - find_concepts(others):
        return topics <= find_concepts(text)
    words = set(lexical_tokens(side.words))
    words = words - set(lexical_tokens(others)) or words
    return len(words & set(lexical_tokens(text))) * 2 >= len(words)
