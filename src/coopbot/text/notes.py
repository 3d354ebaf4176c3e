"""What a sentence holds that questions ask for, noted once when it is indexed: its words, its amounts, its years."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from coopbot.text.dates import find_dates
from coopbot.text.quantities import find_quantities
from coopbot.text.tokens import lexical_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceNotes:
    """words: lexical tokens in order. amounts: (value, unit) of each quantity, see `text.quantities`. years: those named."""

    words: tuple[str, ...]
    amounts: tuple[tuple[float, str], ...]
    years: frozenset[int]


def take_notes(sentence: str) -> SentenceNotes:
    """Notes of one sentence."""
    return SentenceNotes(
        words=tuple(lexical_tokens(sentence)),
        amounts=tuple((float(quantity.value), quantity.unit) for quantity in find_quantities(sentence)),
        years=frozenset(date.year for date in find_dates(sentence) if date.year is not None),
    )


def dump_notes(notes: Iterable[SentenceNotes]) -> str:
    """Notes of a passage's sentences as JSON."""
    return json.dumps([[" ".join(n.words), n.amounts, sorted(n.years)] for n in notes], ensure_ascii=False)


def load_notes(text: str) -> tuple[SentenceNotes, ...]:
    """Notes from JSON of `dump_notes`."""
    return tuple(
        SentenceNotes(
            words=tuple(words.split()),
            amounts=tuple((value, unit) for value, unit in amounts),
            years=frozenset(years),
        )
        for words, amounts, years in json.loads(text)
    )
