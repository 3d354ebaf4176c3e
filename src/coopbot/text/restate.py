"""Writes amounts, dates and names in another language: 「1283米」 is "1,283 m", «июнь 2022 года» is "June 2022".

Only where that is sure: any other word among them, and nothing is written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import NamedTuple

from coopbot.domain import LANGUAGES, Language, Span
from coopbot.text.dates import DateMention, find_dates
from coopbot.text.gazetteer import name_mentions, names_in
from coopbot.text.measures import flatten
from coopbot.text.months import ENGLISH_NAMES, russian_month
from coopbot.text.quantities import Quantity, find_quantities
from coopbot.text.words import file_text

# What may stand between them without a meaning of its own.
_EMPTY = re.compile(r"(?:[\s,，、;；:：()（）«»“”\"'.。]|\b(?:the|in|on|by|в|во|на|к)\b|[在于])*", re.IGNORECASE)
_RANGE = re.compile(r"\s*(?:[-–—~～至到]|\bto\b|\bдо\b)\s*", re.IGNORECASE)
_AND = re.compile(r"\s*(?:[,，、和及]|\band\b|\bи\b)\s*", re.IGNORECASE)
# A mention that is no more than a year: those of half years and quarters say more than a `DateMention` holds.
_YEAR_ALONE = re.compile(r"\d{4} ?(?:年|гг?\.|год(?:а|у|ом|е|ов|ы)?)?(?:-(?:й|го|м|му))?", re.IGNORECASE)

_VAGUE = (
    ("least", r"\bat least\b|\bне менее\b|至少"),
    ("over", r"\b(?:more than|over|above|exceed\w*)\b|\b(?:более|больше|свыше|превы\w+)(?: чем)?\b|超过?|逾|突破|以上|[余多]"),
    ("under", r"\b(?:less than|under|below)\b|\b(?:менее|меньше)(?: чем)?\b|不到|不足|以下"),
    ("nearly", r"\b(?:nearly|almost|close to)\b|\bпочти\b|接近|(?<![最附])近"),
    (
        "about",
        r"\b(?:about|around|approximately|roughly|some|circa)\b|\b(?:около|примерно|приблизительно|порядка)\b|大?约|左右|[~≈]",
    ),
)
_VAGUE_WORDS = re.compile("|".join(f"(?P<{kind}>{words})" for kind, words in _VAGUE), re.IGNORECASE)

_MOST_DECIMALS = 4
_VAGUE_WINDOW_CHARS = 24
# Units of a thousand that are written instead of the unit that `text.quantities` counts in.
_IN_THOUSANDS = frozenset({"wh", "w"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item(Span):
    """An amount, a date or a name, written in the target language."""

    written: str


class _Forms(NamedTuple):
    """How a language writes dates and numbers. vague: the words before an approximate amount, by kind."""

    day: str
    month: str
    year: str
    months_after_day: tuple[str, ...]
    months: tuple[str, ...]
    thousands: str
    decimal: str
    joined: str
    magnitudes: tuple[Decimal, ...]
    vague: Mapping[str, str]


def _powers(*exponents: int) -> tuple[Decimal, ...]:
    return tuple(Decimal(10) ** exponent for exponent in exponents)


_FORMS: Mapping[Language, _Forms] = {
    "en": _Forms(
        day="{day} {month} {year}",
        month="{month} {year}",
        year="{year}",
        months_after_day=ENGLISH_NAMES,
        months=ENGLISH_NAMES,
        thousands=",",
        decimal=".",
        joined=", ",
        magnitudes=_powers(12, 9, 6),
        vague={"least": "at least ", "over": "over ", "under": "under ", "nearly": "nearly ", "about": "about "},
    ),
    "zh": _Forms(
        day="{year}{month}{day}日",
        month="{year}{month}",
        year="{year}年",
        months_after_day=tuple(f"{number}月" for number in range(1, 13)),
        months=tuple(f"{number}月" for number in range(1, 13)),
        thousands="",
        decimal=".",
        joined="、",
        magnitudes=_powers(12, 8, 4),
        vague={"least": "至少", "over": "超过", "under": "不到", "nearly": "近", "about": "约"},
    ),
    "ru": _Forms(
        day="{day} {month} {year}",
        month="{month} {year}",
        year="{year} г.",
        months_after_day=tuple(russian_month(number, "genitive") for number in range(1, 13)),
        months=tuple(russian_month(number, "nominative") for number in range(1, 13)),
        thousands=" ",
        decimal=",",
        joined=", ",
        magnitudes=_powers(12, 9, 6),
        vague={"least": "не менее ", "over": "более ", "under": "менее ", "nearly": "почти ", "about": "около "},
    ),
}


def restate(words: str, language: Language) -> str:
    """The words in `language`; "" unless they consist of amounts, dates and names of the gazetteer."""
    flat = flatten(words)
    items: list[_Item] = []
    dates = find_dates(flat)
    for date in dates:
        if said := _date(date, flat, language):
            items.append(_Item(start_char=date.start_char, end_char=date.end_char, written=said))
    for amount in find_quantities(flat, dates):
        if said := _amount(amount, flat, language):
            items.append(_Item(start_char=amount.start_char, end_char=amount.end_char, written=said))
    for surface, ids in name_mentions(flat):
        start = flat.casefold().find(surface)
        if len(ids) == 1 and start >= 0:
            (name,) = names_in(ids, language)
            items.append(_Item(start_char=start, end_char=start + len(surface), written=name))
    written, end = "", 0
    for item in sorted(items, key=lambda item: (item.start_char, -item.end_char)):
        if item.start_char < end:
            continue
        between = flat[end : item.start_char]
        if written and _RANGE.fullmatch(between):
            written = _without_unit(written, item.written) + "–"
        elif written and _AND.fullmatch(between):
            written += _FORMS[language].joined
        elif _EMPTY.fullmatch(_VAGUE_WORDS.sub("", between)):
            written += " " if written and not written.endswith((" ", "-")) else ""
        else:
            return ""
        written += item.written
        end = item.end_char
    return written if _EMPTY.fullmatch(_VAGUE_WORDS.sub("", flat[end:])) else ""


def _without_unit(first: str, last: str) -> str:
    """The lower end of a range without the unit that it shares with the upper end: "5 million t" and "7 million t"."""
    number, unit = re.match(r"([\d.,\s]*\d|)(.*)", last).groups()  # type: ignore[union-attr]  # it matches anything
    return first.removesuffix(unit) if number and first.removesuffix(unit)[-1:].isdigit() else first


def _date(date: DateMention, text: str, language: Language) -> str:
    forms = _FORMS[language]
    if date.month is None:
        return forms.year.format(year=date.year) if date.year and _YEAR_ALONE.fullmatch(date.of(text)) else ""
    year = forms.year.format(year=date.year) if date.year else ""
    if date.day is None:
        return forms.month.format(month=forms.months[date.month - 1], year=year).strip()
    return forms.day.format(day=date.day, month=forms.months_after_day[date.month - 1], year=year).strip()


def _amount(amount: Quantity, text: str, language: Language) -> str:
    """The amount with the magnitude that the language uses, its unit, and "about" or the like; "" if it would lose digits."""
    forms, value = _FORMS[language], amount.value / (1000 if amount.unit in _IN_THOUSANDS else 1)
    size = next((size for size in forms.magnitudes if abs(value) >= size), Decimal(1))
    shown = (value / size).normalize()
    if -int(shown.as_tuple().exponent) > _MOST_DECIMALS or (amount.unit and amount.unit not in _words()):
        return ""
    vague = ""
    if amount.approximate:
        before = text[max(0, amount.start_char - _VAGUE_WINDOW_CHARS) : amount.start_char]
        found = [*_VAGUE_WORDS.finditer(before)][-1:] or [*_VAGUE_WORDS.finditer(text, amount.start_char, amount.end_char + 4)]
        if not found:
            return ""
        vague = forms.vague[str(found[0].lastgroup)]
    number = f"{shown:,f}".replace(",", "_").replace(".", forms.decimal).replace("_", forms.thousands)
    words = [_words()[f"1e{size.adjusted()}"][language][0]] if size > 1 else []
    if amount.unit:
        words.append(_agreeing(_words()[amount.unit][language], shown if size == 1 else None))
    for word in words:
        number += word[1:] if word.startswith("+") else f" {word}" if language != "zh" else word
    return vague + number


def _agreeing(forms: Sequence[str], number: Decimal | None) -> str:
    """The form of a unit after a number; None: after "million" or the like. Russian has three forms, English two."""
    if number is None or len(forms) == 1:
        return forms[-1]
    if len(forms) == 2:
        return forms[0 if number == 1 else 1]
    if number != int(number):
        return forms[1]
    tens, ones = divmod(int(number) % 100, 10)
    return forms[2] if tens == 1 or ones in (0, 5, 6, 7, 8, 9) else forms[0 if ones == 1 else 1]


@cache
def _words() -> Mapping[str, Mapping[Language, tuple[str, ...]]]:
    """Units and magnitudes of restated.tsv: by name and language, the forms of the word."""
    rows = file_text("restated.tsv").splitlines()
    cells = [row.split("\t") for row in rows if not row.startswith("#")]
    return {
        name: {language: tuple(forms.split("|")) for language, forms in zip(LANGUAGES, (en, zh, ru), strict=True)}
        for name, en, zh, ru in cells
    }
