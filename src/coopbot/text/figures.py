"""Figures, that is amounts and dates, as intervals as wide as their rounding, to compare those of two texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from coopbot.domain import Span
from coopbot.text.dates import find_dates
from coopbot.text.quantities import Quantity, find_quantities

_TO = re.compile(r" ?(?:[-–—~～至到]|to|до) ?", re.IGNORECASE)
_BASE_UNITS = {"km": ("m", 1e3), "km2": ("m2", 1e6), "ha": ("m2", 1e4)}
# Two figures for the same thing differ by less than this factor, or by a power of ten: an error of a source.
_COMPARABLE = 3
# Maximum gap between two dates given for the same event.
_DAYS_APART = 366
# Relative tolerance of a vague figure: "about 27" and "27.2" agree.
_ABOUT = 0.01
# Sentences whose figures are remembered, since an answer compares the same ones with one another, and the longest of them.
_REMEMBERED, _SENTENCE_CHARS = 2048, 1000


class Figure(NamedTuple):
    """A value from `low` up to, but not including, `high`: "3.2 million tonnes" is 3.15 to 3.25 million.

    unit: as in `text.quantities`, but lengths and areas in metres; "date" for dates, counted in days; "" for a bare number.
    """

    unit: str
    low: float
    high: float

    def agrees(self, other: Figure) -> bool:
        """Whether both may be the same value. Units are not compared."""
        room = 1e-9 * max(abs(self.high), abs(other.high))
        return self.low + room < other.high and other.low + room < self.high

    def contradicts(self, other: Figure) -> bool:
        """Whether the two differ, but by so little that they may be meant for the same thing. Units are not compared."""
        if self.agrees(other):
            return False
        if self.unit == "date":
            return max(self.low, other.low) - min(self.high, other.high) <= _DAYS_APART
        small, large = sorted((self, other), key=lambda figure: figure.high)
        slip = any(large.low <= (small.low + small.high) / 2 * 10**power < large.high for power in (1, 2, 3))
        return slip or 0 < large.high < _COMPARABLE * small.high


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedFigure(Span):
    """A figure and its place in the text."""

    figure: Figure


def find_figures(text: str) -> list[Figure]:
    """All figures of a text."""
    return [placed.figure for placed in place_figures(text)]


def place_figures(text: str) -> Sequence[PlacedFigure]:
    """All figures of a text with their places, amounts before dates; one figure for both ends of a range."""
    return _remembered(text) if len(text) <= _SENTENCE_CHARS else _placed(text)


def _placed(text: str) -> Sequence[PlacedFigure]:
    dates = find_dates(text)
    quantities = find_quantities(text, dates)
    placed: list[PlacedFigure] = []
    ended = -1
    for place, quantity in enumerate(quantities):
        if quantity.start_char < ended:
            continue
        last = quantity
        for following in quantities[place + 1 : place + 2]:
            if following.unit == quantity.unit and _TO.fullmatch(text, quantity.end_char, following.start_char):
                last = following
        ended = last.end_char
        unit, factor = _BASE_UNITS.get(quantity.unit, (quantity.unit, 1.0))
        figure = Figure(unit, _bounds(quantity)[0] * factor, _bounds(last)[1] * factor)
        placed.append(PlacedFigure(figure=figure, start_char=quantity.start_char, end_char=ended))
    for mention in dates:
        if mention.year:
            first = date(mention.year, mention.month or 1, 1).toordinal() + (mention.day or 1) - 1
            figure = Figure("date", first, first + (1 if mention.day else 30 if mention.month else 365))
            placed.append(PlacedFigure(figure=figure, start_char=mention.start_char, end_char=mention.end_char))
    return tuple(placed)


_remembered = lru_cache(maxsize=_REMEMBERED)(_placed)


def figures_agree(one: str, other: str) -> bool:
    """Whether both answers have figures, and each figure of `one` agrees with a figure of `other`."""
    return all_agree(find_figures(one), find_figures(other))


def all_agree(ours: Sequence[Figure], theirs: Sequence[Figure]) -> bool:
    """Whether both are some, and each of `ours` agrees with one of `theirs`."""
    forms = [form for figure in theirs for form in _forms(figure)]
    return (
        bool(forms)
        and bool(ours)
        and all(any(one.unit == other.unit and one.agrees(other) for one, other in product(_forms(own), forms)) for own in ours)
    )


def _forms(figure: Figure) -> list[Figure]:
    """The figure, and "2.5 times" in per cent too: 250, and 150 for the growth alone."""
    if figure.unit != "times":
        return [figure]
    return [figure, *(Figure("percent", 100 * (figure.low - by), 100 * (figure.high - by)) for by in (0, 1))]


def _bounds(quantity: Quantity) -> tuple[float, float]:
    """(low, high): half a unit of the last significant digit around the value. Final zeros are not significant: in an
    approximate amount all of them, in an exact one whole groups of three, unless a word such as million follows.
    """
    value = float(quantity.value)
    _, digits, exponent = quantity.value.as_tuple()
    written = "".join(map(str, digits))
    zeros = len(written) - len(written.rstrip("0")) if value else 0
    rounded = zeros if quantity.approximate else zeros // 3 * 3 if int(exponent) <= 0 else 0
    grain = 10.0 ** (int(exponent) + rounded)
    half = max(grain / 2, _ABOUT * value) if quantity.approximate else grain / 2
    return value - half, value + half
