"""What kind of thing a question asks for, and whether a sentence holds it; English, Chinese and Russian alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from coopbot.ask.asking_words import ASKS, DATE_MEANT, LATER_WHEN, UNITS_MEANT, UNITS_NAMED, Kind
from coopbot.text.dates import DateMention, find_dates
from coopbot.text.measures import flatten
from coopbot.text.notes import SentenceNotes
from coopbot.text.periods import Period, find_periods
from coopbot.text.quantities import Quantity, find_quantities


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What would answer a question. No `units` means any number will do.

    units: of `text.quantities`. years, periods, numbers: those the question itself names, numbers as (value,
    unit).
    """

    kind: Kind
    units: frozenset[str] = frozenset()
    years: frozenset[int] = frozenset()
    periods: frozenset[Period] = frozenset()
    numbers: frozenset[tuple[Decimal, str]] = frozenset()

    @property
    def given(self) -> frozenset[float]:
        """The values of its numbers."""
        return frozenset(float(value) for value, _ in self.numbers)


_NAME = re.compile(r"(?<=[^\W\d_] )(?:[A-Z][a-z]+|[А-ЯЁ][а-яё]+)|(?<=[,;«\"(] )(?:[A-Z][a-z]+|[А-ЯЁ][а-яё]+)|[A-ZА-ЯЁ]{2,}")
_HAN_PERSON = re.compile(
    "·|总统|主席|总理|部长|省长|州长|市长|局长|书记|代表|院长|校长|公司|大学|说|表示|介绍|[^。，]{2,8}(?:和|与|对)"
)
_HAN_PLACE = re.compile(
    "[\u4e00-\u9fff](?:省|市|州|县|区|镇|港|屯|村|湾|岛|城|站|口岸|边疆)|[在到位].{0,3}[\u4e00-\u9fff]{2}|斯克|沃斯托克"
)
_HAN = re.compile("[\u4e00-\u9fff]")

_YEAR = re.compile(r"(?<![\d.,/$])(?:19[5-9]|20[0-4])\d(?![\d,./]\d|\d)")
# Shorter than a year, a date tells a month at least.
_YEAR_DAYS = 360


def expected(question: str) -> Expected:
    """What kind of thing a question, in sentences or in keywords, asks for."""
    flat = flatten(question)
    # In keywords a year stands right before a unit: "sales 2025 tonnes".
    unyeared = _YEAR.sub("    ", flat)
    dates = find_dates(unyeared)
    quantities = find_quantities(unyeared, dates)
    words = _without(unyeared, [*quantities, *dates])
    units = _units(words)
    kind = _kind(words, has_units=bool(units))
    return Expected(
        kind=kind,
        units=units if kind == "number" else frozenset(),
        years=frozenset(int(year) for year in _YEAR.findall(flat)),
        periods=find_periods(question),
        numbers=frozenset((quantity.value, quantity.unit) for quantity in quantities),
    )


def fit(wanted: Expected, note: SentenceNotes, text: str) -> float:
    """How well a sentence holds the kind of thing wanted: 1 it does, 0.5 something like it, 0 nothing of the kind.

    What the question gives itself is no answer, nor is the date at which a source spoke.
    """
    match wanted.kind:
        case "number":
            units = {unit for value, unit in note.amounts if value not in wanted.given}
            if not units:
                return 0.0
            return 1.0 if not wanted.units or units & wanted.units else 0.5
        case "date":
            return 1.0 if _tells_date(wanted, note) else 0.5 if note.dates else 0.0
        case "other":
            return 1.0
    if _HAN.search(text):
        return 1.0 if (_HAN_PERSON if wanted.kind == "person" else _HAN_PLACE).search(text) else 0.5
    return 1.0 if _NAME.search(text) else 0.0


def _tells_date(wanted: Expected, note: SentenceNotes) -> bool:
    if any(month and not year for year, month in note.dates):
        return True
    days = [figure for figure in note.figures if figure.unit == "date"]
    return any(day.high - day.low < _YEAR_DAYS or date.fromordinal(int(day.low)).year not in wanted.years for day in days)


def years_met(wanted: Expected, note: SentenceNotes, before: frozenset[int] = frozenset()) -> float:
    """1 if a sentence tells of every year of the question, if any; 0 if of others. If of none, the years told last `before` it
    in its passage decide, less surely; 0.5 if there are none either.
    """
    if not wanted.years:
        return 1.0
    if told := note.years:
        return 1.0 if wanted.years <= told else 0.0
    if not before:
        return 0.5
    return 0.8 if wanted.years <= before else 0.2


def period_met(wanted: Expected, text: str) -> float:
    """1 if a sentence names a part of the year that the question does, or if that names none; else 0."""
    return 1.0 if not wanted.periods or wanted.periods & find_periods(text) else 0.0


def given_met(wanted: Expected, note: SentenceNotes) -> float:
    """The share of the question's own numbers that a sentence has; 1 if there are none."""
    if not wanted.given:
        return 1.0
    return len(wanted.given & {value for value, _ in note.amounts}) / len(wanted.given)


def tells(wanted: Expected, note: SentenceNotes) -> set[tuple[float, object]]:
    """The amounts, and months, of a sentence that the question does not give."""
    amounts = {(value, unit) for value, unit in note.amounts if value not in wanted.given and value not in wanted.years}
    return {*amounts, *((float(year), month) for year, month in note.dates if year and month)}


def _without(question: str, found: Sequence[Quantity | DateMention]) -> str:
    """The question without its own amounts and dates, whose units it does not ask for."""
    for start, end in ((one.start_char, one.end_char) for one in found):
        # The 一 of 哪一天 is no amount.
        if any(char.isdigit() for char in question[start:end]):
            question = question[:start] + " " * (end - start) + question[end:]
    return question


def _units(words: str) -> frozenset[str]:
    for table in (UNITS_NAMED, UNITS_MEANT):
        if units := {unit for row, pattern in table if pattern.search(words) for unit in row.split()}:
            return frozenset(units)
    return frozenset()


def _kind(words: str, *, has_units: bool) -> Kind:
    asked = [(match.start(), kind) for kind, pattern in ASKS if (match := pattern.search(words))]
    if not asked:
        if DATE_MEANT.search(words.strip()):
            return "date"
        return "number" if has_units else "other"
    _, kind = min(asked)
    # "Capacity when it opened", "trains a day when full": what comes first is asked.
    if kind == "date" and has_units and LATER_WHEN.match(words) and len(asked) == 1:
        return "number"
    return kind
