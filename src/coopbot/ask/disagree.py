"""Sources that give different figures for the same thing. Better to miss one than to call a quarrel what is none.

What sentences give was noted when they were indexed: see `text.figures`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from coopbot.ask.coverage import Sought, said_by
from coopbot.ask.expected import Expected
from coopbot.ask.question import Question
from coopbot.index.embedder import F32
from coopbot.text.cues import PERIODS, dimensions
from coopbot.text.figures import Figure
from coopbot.text.gazetteer import PRESS
from coopbot.text.notes import SentenceNotes
from coopbot.text.periods import find_periods

# How far, in log odds, a sentence may be behind the best one: if it gives the same figure and another; if it stands beside.
_LINKED_LEEWAY = 6.0
_LEEWAY = 4.0
# So near to the best one, either of two sentences must be.
_NEAR = 2.0
# Figures for one thing are of one size.
_COMPARABLE = 3
# Characters between "65% and 76%".
_JOINED_CHARS = 4
# Sentences nearer to each other than this (cosine, each with its language's centre off) say one thing, if with other figures.
_ALIKE_FROM = 0.5
# Of what is sought but for numbers, in a sentence that speaks of it.
_SHARE_SAID = 0.25
# What a clause or a sentence may leave to the one before it. What was planned and what came is no quarrel.
_LEFT_OUT = PERIODS | {"daily"}
_MONEY = frozenset({"usd", "cny", "rub", "eur"})
_BASE_UNITS = {"km": "m", "km2": "m2", "ha": "m2"}
# One thing may be counted in either: "40 cars" of a train are wagons.
_COUNTS = frozenset({"people", "vehicles", "trains", "wagons", "teu", "households"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A sentence held against the question. `odds` are log odds that it answers. vector: (dim,), as in `Sentences`."""

    text: str
    passage_id: str
    odds: float
    vector: F32
    notes: SentenceNotes

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Of its notes."""
        return self.notes.figures

    @property
    def names(self) -> frozenset[str]:
        """Of its notes: ids of the gazetteer."""
        return self.notes.names

    @property
    def disputed(self) -> bool:
        """Of its notes: it says that sources are at odds."""
        return self.notes.disputed


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A figure of a disagreement, and the place of its statement."""

    place: int
    figure: Figure


def find_disagreement(question: Question, statements: Sequence[Statement]) -> tuple[Side, ...]:
    """The two figures that differ most tellingly, or none, of statements of which the first answers best.

    A sentence may report both sides itself; then the best one must give one of them too. Or two sentences of a passage give one
    each, or the best one and one of another passage that speak of what is asked and of one thing.
    """
    sought = tuple(one for one in question.sought if not one.word.isdigit())
    asked = _Asked(
        wanted=question.wanted,
        words=frozenset(one.word for one in sought),
        names=question.names - PRESS,
        sought=sought,
    )
    if not statements:
        return ()
    wanted = dimensions(question.text)
    for found in (_within, _between, _across):
        pairs = [pair for pair in found(asked, statements) if _measures(wanted, statements, pair)]
        if pairs:
            return min(pairs, key=lambda pair: (pair[1].place, pair[0].place))
    return ()


def _measures(wanted: frozenset[str], statements: Sequence[Statement], pair: tuple[Side, Side]) -> bool:
    return not wanted or all(wanted & dimensions(statements[side.place].text) for side in pair)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    wanted: Expected
    words: frozenset[str]
    names: frozenset[str]
    sought: tuple[Sought, ...]

    def fits(self, figure: Figure) -> bool:
        """Whether a figure is of what is asked for, as far as units and years tell."""
        wanted = self.wanted
        if wanted.kind == "date" or figure.unit == "date":
            return wanted.kind == "date" and figure.unit == "date"
        if wanted.years and figure.year and figure.year not in wanted.years:
            return False
        if figure.unit[1:] in self.words:
            return True
        return wanted.kind == "number" and (not wanted.units or figure.unit in {_BASE_UNITS.get(u, u) for u in wanted.units})

    def is_met(self, statement: Statement) -> bool:
        """Whether a sentence speaks of what is asked."""
        return bool(said_by(self.sought, [statement.notes]).sum() >= _SHARE_SAID * len(self.sought))

    def are_both_of_it(self, best: Statement, other: Statement) -> bool:
        """Whether two sentences speak of what is asked, or alike; of one part of the year, and no name that is not asked about
        is in one alone.
        """
        alike = float(best.vector @ other.vector) >= _ALIKE_FROM
        if other.odds < best.odds - (_LINKED_LEEWAY if alike else _LEEWAY):
            return False
        if not alike and not (self.is_met(best) and self.is_met(other)):
            return False
        return not (best.names ^ other.names) - PRESS - self.names and find_periods(best.text) == find_periods(other.text)

    def is_of_one_year(self, one: Figure, other: Figure) -> bool:
        """Whether a figure is of the year of the best one; if that says none, of the year that is asked about."""
        if one.year is None and len(self.wanted.years) == 1:
            return other.year in (None, *self.wanted.years)
        return one.year == other.year

    def names_both(self, one: Figure, other: Figure) -> bool:
        """ "28 or 16?" """
        return all(any(side.low <= float(value) < side.high for value, _ in self.wanted.numbers) for side in (one, other))


def _within(asked: _Asked, statements: Sequence[Statement]) -> Iterator[tuple[Side, Side]]:
    for place, statement in enumerate(statements):
        if statement.odds < statements[0].odds - _LINKED_LEEWAY:
            continue
        for one, other in combinations(statement.figures, 2):
            if not _opposed(one, other, joined=True) or not _told_apart(asked, statement, one, other):
                continue
            if _is_asked(asked, statements, place, one, other):
                yield Side(place=place, figure=one), Side(place=place, figure=other)


def _told_apart(asked: _Asked, statement: Statement, one: Figure, other: Figure) -> bool:
    """Whether two figures of a sentence are of two sources: each named with its own, or said to differ, or asked about so."""
    apart = one.clause != other.clause
    joined = len(statement.text[one.end_char : other.start_char].strip()) <= _JOINED_CHARS
    if apart and one.said and other.said:
        return True
    return ((apart or joined) and statement.disputed) or (joined and asked.names_both(one, other))


def _is_asked(asked: _Asked, statements: Sequence[Statement], place: int, one: Figure, other: Figure) -> bool:
    """Whether what a sentence gives two figures for is what is asked."""
    statement, best, wanted = statements[place], statements[0], asked.wanted
    if asked.names_both(one, other) or (place == 0 and asked.fits(one)):
        return True
    if wanted.kind not in ("number", "date"):
        return place == 0 and statement.disputed and one.said and other.said
    linked = any(_is_same(given, side) for given in best.figures for side in (one, other))
    if not asked.fits(one):
        return linked and any(_alike(unit, one.unit) for unit in wanted.units)
    near = statement.disputed and statement.odds >= best.odds - _NEAR and (wanted.kind == "date" or bool(wanted.units))
    return linked or near


def _between(asked: _Asked, statements: Sequence[Statement]) -> Iterator[tuple[Side, Side]]:
    best = statements[0]
    # Where a sentence that does not tell itself how says that sources differ, those beside it do.
    announced = {one.passage_id for one in statements if one.disputed and not _repeats_unit(one)}
    for (i, one), (j, other) in combinations(enumerate(statements), 2):
        if one.passage_id != other.passage_id or not _near_enough(best, one, other, first=i == 0):
            continue
        # What names something else speaks of that.
        if not (one.names - PRESS <= other.names or other.names - PRESS <= one.names):
            continue
        disputed = one.passage_id in announced
        if not disputed and not asked.is_met(one):
            continue
        told = best.disputed and one.passage_id == best.passage_id
        ours = [figure for figure in one.figures if asked.fits(figure) or told]
        theirs = [figure for figure in other.figures if asked.fits(figure) or told]
        if _share_one(ours, theirs):
            continue
        for a, b in product(ours, theirs):
            if _opposed(a, b, disputed=disputed) and _comparable(a, b) and (disputed or (a.said and b.said)):
                yield Side(place=i, figure=a), Side(place=j, figure=b)


def _across(asked: _Asked, statements: Sequence[Statement]) -> Iterator[tuple[Side, Side]]:
    if asked.wanted.kind != "number":
        return
    best, *others = statements
    ours = [figure for figure in best.figures if asked.fits(figure)]
    if not ours:
        return
    for place, other in enumerate(others, start=1):
        theirs = [figure for figure in other.figures if asked.fits(figure)]
        if not theirs or other.passage_id == best.passage_id or _share_one(ours, theirs):
            continue
        if not asked.are_both_of_it(best, other):
            continue
        for a, b in product(ours, theirs):
            if a.scope == b.scope and asked.is_of_one_year(a, b) and _opposed(a, b) and _comparable(a, b):
                yield Side(place=0, figure=a), Side(place=place, figure=b)


def _share_one(ours: Sequence[Figure], theirs: Sequence[Figure]) -> bool:
    return any(a.unit == b.unit and a.agrees(b) for a, b in product(ours, theirs))


def _near_enough(best: Statement, one: Statement, other: Statement, *, first: bool) -> bool:
    # What says nothing else has little for the question to find.
    leeway = _LINKED_LEEWAY if first and len(other.figures) == 1 else _LEEWAY
    return one.odds >= best.odds - _NEAR and other.odds >= best.odds - leeway


def _repeats_unit(statement: Statement) -> bool:
    units = [figure.unit for figure in statement.figures]
    return len(set(units)) < len(units)


def _opposed(one: Figure, other: Figure, *, joined: bool = False, disputed: bool = False) -> bool:
    """Whether two figures of the same unit, scope and year differ. The second may leave its scope and year to the first.

    joined: they stand in one sentence. disputed: they are said to be at odds.
    """
    left_out = _LEFT_OUT | {"plan"} if joined or disputed else _LEFT_OUT
    if disputed and one.unit != other.unit:
        return {one.unit, other.unit} <= _MONEY
    if one.unit != other.unit or one.agrees(other) or (one.scopes ^ other.scopes) - left_out:
        return False
    if one.unit == "date" or not other.year or disputed:
        return disputed or other.scopes <= one.scopes
    return other.scope == one.scope and (not one.year or one.year == other.year)


def _comparable(one: Figure, other: Figure) -> bool:
    """Whether two amounts are of one size, or apart by a power of ten, which is a slip. Currencies are not compared."""
    if "date" in (one.unit, other.unit):
        return False
    if one.unit != other.unit:
        return True
    small, large = sorted((one, other), key=lambda figure: figure.high)
    slip = any(large.low <= (small.low + small.high) / 2 * 10**power < large.high for power in (1, 2, 3))
    return slip or 0 < large.high < _COMPARABLE * small.high


def _is_same(one: Figure, other: Figure) -> bool:
    """Whether two figures give one value, to the same precision."""
    middles = (one.low + one.high) / 2, (other.low + other.high) / 2
    return _alike(one.unit, other.unit) and other.low <= middles[0] < other.high and one.low <= middles[1] < one.high


def _alike(unit: str, other: str) -> bool:
    return unit == other or all(one in _COUNTS or one.startswith("#") for one in (unit, other))
