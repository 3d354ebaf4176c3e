"""The figures of a sentence, amounts and dates alike, as intervals that can be held against those of another sentence."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from coopbot.text.cues import DISPUTED, OVER, PERIODS, RISE, RISE_OF_PERCENT, SAID, cue, scopes
from coopbot.text.dates import DateMention
from coopbot.text.quantities import Quantity
from coopbot.text.tokens import lexical_tokens

_BASE_UNITS = {"km": ("m", 1e3), "km2": ("m2", 1e6), "ha": ("m2", 1e4)}
_CLAUSE_END = re.compile(r"[;；。，（）()：]|, |: |\b(?:while|whereas|but)\b|则")
_TO = re.compile(r" ?(?:[-–—~～至到]|to|до) ?", re.IGNORECASE)
_NOUN = re.compile(r"[ -]?(?!(?:and|or|while|but|of|in|и|или|а|в|на)\b)[^\W\d_]", re.IGNORECASE)
# "Wrote on 4 June 2020", "in 2023 SeaNews wrote": the date is the source's.
_OF_SOURCE_BEFORE = re.compile(r"^(?: [^\s,;]+)?,? (?:on|in|of|в) $", re.IGNORECASE)
_SPOKE_THAT_DAY = re.compile(
    r"\b(?:пи[шс]|говор|сообщ|переда|заяв|публик|отмеча|напомина|цитир)\w*(?: [^\s,;]+){0,3} $"
    r"|\b(?:указ|привод|назыв)\w*(?: [^\s,;]+){1,3} $",
    re.IGNORECASE,
)
_OF_SOURCE_AFTER = re.compile(r"^(?: год[ауе]*)?(?: [^\s\d,;]+){0,6} ?$|^[^，；。,;]{0,4}$", re.IGNORECASE)
_HAN = re.compile("[\u3400-\u9fff]")
_BEFORE_CHARS = 24
_SOURCE_WINDOW_CHARS = 48
_NOUN_WINDOW_CHARS = 24
# "About 27" and "27.2" agree. "Over 27" is less than the next figure written as roundly.
_ABOUT = 0.01
_OVER = 0.9


class Figure(NamedTuple):
    """`sentence[start_char:end_char]` gives something from `low` up to, but not including, `high`: as far as rounding leaves it
    open, "3.2 million tonnes" are 3.15 to 3.25 million. A tuple, because dozens are read from the index for each question.

    unit: of `text.quantities`, lengths and areas in metres; "date", counted in days; for a bare number the word it counts,
    after a #. clause: which of its sentence it stands in. said: that clause names whose figure it is. scope: names of
    `text.cues.SCOPES`, and "rise" for a change. year: the one it is of, the nearest in its clause or else in its sentence.
    """

    start_char: int
    end_char: int
    unit: str
    low: float
    high: float
    clause: int
    said: bool
    scope: str
    year: int | None

    @property
    def scopes(self) -> frozenset[str]:
        """The names in `scope`."""
        return frozenset(self.scope.split())

    def agrees(self, other: Figure) -> bool:
        """Whether the two may be one, of a unit they share."""
        room = 1e-9 * max(abs(self.high), abs(other.high))
        return self.low + room < other.high and other.low + room < self.high


def disputed(sentence: str) -> bool:
    """Whether a sentence says that sources are at odds."""
    return bool(cue(DISPUTED).search(sentence))


def find_figures(sentence: str, quantities: Sequence[Quantity], mentions: Sequence[DateMention]) -> tuple[Figure, ...]:
    """All of them in order, from the quantities and dates found in the sentence."""
    dates = [mention for mention in mentions if not _of_source(sentence, mention)]
    ends = [0, *(match.end() for match in _CLAUSE_END.finditer(sentence)), len(sentence)]
    found = sorted([*_amounts(sentence, quantities), *_days(dates)])
    whole = [mention for mention in dates if mention.year and not mention.day]
    voiced = _voiced(sentence, ends, [start for start, *_ in found])
    figures = []
    for start, end, unit, low, high in found:
        clause = bisect_right(ends, start) - 1
        first, last = ends[clause], next(at for at in ends if at >= end)
        inside = [d for d in whole if first <= d.start_char < last] or whole
        nearest = min(inside, key=lambda d: abs(d.start_char - start), default=None)
        figures.append(
            Figure(
                start_char=start,
                end_char=end,
                unit=unit,
                low=low,
                high=high,
                clause=clause,
                said=voiced[clause],
                scope=_scope(sentence, first, last, start, unit, dated=any(first <= d.start_char < last for d in whole)),
                year=nearest.year if nearest else None,
            )
        )
    return tuple(figures)


def _scope(sentence: str, first: int, last: int, start: int, unit: str, *, dated: bool) -> str:
    """Of a figure at `start` in a clause. A clause that gives no time has that of the sentence."""
    found = set(scopes(sentence[first:last]))
    if not dated:
        found |= scopes(sentence) & PERIODS
    rise, reach = (RISE + RISE_OF_PERCENT, _SOURCE_WINDOW_CHARS) if unit == "percent" else (RISE, _BEFORE_CHARS)
    if cue(rise).search(sentence[max(0, start - reach) : start]):
        found.add("rise")
    return " ".join(sorted(found))


def _voiced(sentence: str, ends: Sequence[int], starts: Sequence[int]) -> list[bool]:
    """Of each clause, whether it names a source, or a clause beside it does that has no figure: "A, as the Herald says"."""
    spans = list(pairwise(ends))
    said = [bool(cue(SAID).search(sentence, first, last)) for first, last in spans]
    given = [any(first <= start < last for start in starts) for first, last in spans]
    named = said.copy()
    for i in (i for i, one in enumerate(named) if one and not given[i]):
        # It follows the figure, or opens the sentence.
        before = [k for k in range(i) if given[k]]
        after = [k for k in range(i + 1, len(given)) if given[k]]
        if before or after:
            said[before[-1] if before else after[0]] = True
    return said


def _of_source(sentence: str, mention: DateMention) -> bool:
    """Whether a date is when a source spoke: "TASS wrote on 4 June 2020"."""
    said = cue(SAID)
    if scopes(sentence[mention.start_char : mention.end_char]) & PERIODS:
        return False
    after = sentence[mention.end_char : mention.end_char + _SOURCE_WINDOW_CHARS]
    if (match := said.search(after)) and _OF_SOURCE_AFTER.match(after[: match.start()]):
        return True
    before = sentence[max(0, mention.start_char - _SOURCE_WINDOW_CHARS) : mention.start_char]
    if mention.day and _SPOKE_THAT_DAY.search(before):
        return True
    return any(_OF_SOURCE_BEFORE.match(before[match.end() :]) for match in said.finditer(before))


_Interval = tuple[int, int, str, float, float]


def _amounts(sentence: str, quantities: Sequence[Quantity]) -> Iterator[_Interval]:
    ended, units = -1, list[str]()
    for i, quantity in enumerate(quantities):
        if quantity.start_char < ended:
            continue
        last = quantity
        following = quantities[i + 1] if i + 1 < len(quantities) else quantity
        if following.unit == quantity.unit and _TO.fullmatch(sentence, quantity.end_char, following.start_char):
            last = following
        ended = last.end_char
        before = sentence[max(0, quantity.start_char - _BEFORE_CHARS) : quantity.start_char]
        unit, factor = _BASE_UNITS.get(quantity.unit, (quantity.unit, 1.0))
        unit = unit or _counted(sentence, last.end_char) or (units[-1] if units else "")
        if not unit:
            continue
        units.append(unit)
        over = bool(cue(OVER).search(before))
        low, high = _bounds(quantity, over=over)[0] * factor, _bounds(last, over=over)[1] * factor
        yield quantity.start_char, last.end_char, unit, low, high


def _counted(sentence: str, end_char: int) -> str:
    """What a bare number counts: the word after it, if any before the next mark."""
    if not _NOUN.match(sentence, end_char):
        return ""
    following = lexical_tokens(sentence[end_char : end_char + _NOUN_WINDOW_CHARS])
    if not following or following[0][0].isdigit():
        return ""
    # Han tokens are bigrams, and the first begins with the measure word: 条车, 车道.
    return f"#{following[1 if len(following) > 1 and _HAN.match(following[0]) else 0]}"


def _bounds(quantity: Quantity, *, over: bool) -> tuple[float, float]:
    """How far a value may be from what is written, from its last digit that counts: all zeros are rounding in a vague one, in
    an exact one those of whole thousands.
    """
    value = float(quantity.value)
    _, digits, exponent = quantity.value.as_tuple()
    written = "".join(map(str, digits))
    zeros = len(written) - len(written.rstrip("0")) if value else 0
    grain = 10.0 ** (int(exponent) + (zeros if quantity.approximate else zeros // 3 * 3))
    if over:
        return value, value + max(grain * _OVER, _ABOUT * value)
    half = max(grain / 2, _ABOUT * value) if quantity.approximate else grain / 2
    return value - half, value + half


def _days(dates: Sequence[DateMention]) -> Iterator[_Interval]:
    for mention in dates:
        if not mention.year:
            continue
        first = date(mention.year, mention.month or 1, 1).toordinal() + (mention.day or 1) - 1
        days = 1 if mention.day else 30 if mention.month else 365
        yield mention.start_char, mention.end_char, "date", first, first + days
