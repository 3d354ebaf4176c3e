"""Finds amounts, dates and names in a sentence, and compares them with those in a quote."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from coopbot.domain import Span
from coopbot.text.dates import DateMention, find_dates
from coopbot.text.gazetteer import name_spans
from coopbot.text.quantities import Quantity, find_quantities

# The largest relative change of an amount by rounding.
_ROUNDED = Decimal("0.05")
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")

Kind = Literal["amount", "date", "name"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact(Span):
    """An amount, date or name in a text. value of a name: ids in the gazetteer."""

    kind: Kind
    value: Quantity | DateMention | frozenset[str]

    def is_covered_by(self, other: Fact) -> bool:
        """Whether the other fact implies this one: the same amount, a date at least as precise, or a shared name."""
        match self.value, other.value:
            case Quantity() as own, Quantity() as quoted:
                # "6 million" does not follow from "more than 6 million", but "about 6 million" follows from 6.2 million.
                if own.unit != quoted.unit or own.approximate < quoted.approximate:
                    return False
                if own.value == quoted.value:
                    return True
                rounder = own.approximate > quoted.approximate and _digits(own) < _digits(quoted)
                return rounder and abs(own.value - quoted.value) <= _ROUNDED * abs(quoted.value)
            case DateMention() as own, DateMention() as quoted:
                given = ((own.year, quoted.year), (own.month, quoted.month), (own.day, quoted.day))
                return all(mine is None or mine == theirs for mine, theirs in given)
            case frozenset() as own, frozenset() as quoted:
                return bool(own & quoted)
            case _:
                return False

    def distance(self, other: Fact) -> int:
        """The number of characters between the two; 0 if they overlap."""
        return max(self.start_char - other.end_char, other.start_char - self.end_char, 0)


def find_facts(text: str) -> list[Fact]:
    """All facts in a text: amounts, then dates, then names, each in order."""
    dates = find_dates(text)
    amounts = find_quantities(text, dates)
    return [
        *(Fact(kind="amount", start_char=one.start_char, end_char=one.end_char, value=one) for one in amounts),
        *(Fact(kind="date", start_char=one.start_char, end_char=one.end_char, value=one) for one in dates),
        *(
            Fact(kind="name", start_char=at.start_char, end_char=at.end_char, value=frozenset(ids))
            for at, ids in name_spans(text)
        ),
    ]


def loose_digits(text: str, facts: Sequence[Fact]) -> set[str]:
    """Numbers that belong to no amount or date, such as that of a road, a model or a law."""
    spans = sorted((fact.start_char, fact.end_char) for fact in facts if fact.kind != "name")
    for start, end in reversed(spans):
        text = f"{text[:start]}\0{text[end:]}"
    return set(_DIGITS.findall(text))


def _digits(quantity: Quantity) -> int:
    """The number of significant digits."""
    return len(quantity.value.normalize().as_tuple().digits)
