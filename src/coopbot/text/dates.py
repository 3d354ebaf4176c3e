"""Dates in English, Chinese and Russian text: days, months and years, exact offsets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from coopbot.domain import Span
from coopbot.text import months
from coopbot.text.measures import LETTER, flatten, read_magnitude, read_unit


@dataclass(frozen=True, slots=True, kw_only=True)
class DateMention(Span):
    """A date, as precisely as the text gives it; month 1-12, day 1-31.

    A half year, a quarter or a span of months is given as its year only.
    """

    year: int | None
    month: int | None
    day: int | None


_YEAR = r"(?P<year>(?:1[89]|20)\d\d)(?!\d)"
# Of a span of days, "24 по 28 мая", the last one.
_DAY = r"(?:\d{1,2}(?:st|nd|rd|th)?(?: ?[-–—] ?| (?:to|and|по|и) ))?(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_START = rf"(?<![{LETTER}\d/№#$€¥₽])(?<!\d[.,:])(?<![{LETTER}]-)"
_END = rf"(?![{LETTER}\d])"
_SPAN = r" ?(?:-|–|—|to|through|по|до) ?"

_HAN_RANGE = r"\d{1,2} ?[-–—~～至到] ?\d{1,2} ?"
_ENGLISH_MONTH = (
    rf"(?:(?!march|may){months.ENGLISH}|(?-i:March|May)|(?:march|may)(?=,? \d{{4}})"
    rf"|(?:(?!mar){months.ENGLISH_SHORT}|(?-i:Mar))\.?){_END}"
)
# Not "мар", which names have.
_RUSSIAN_MONTH = rf"(?:{months.RUSSIAN}|(?!мар|ию){months.RUSSIAN_SHORT}\.?){_END}"
_RUSSIAN_YEAR = rf"{_YEAR}(?:-(?:й|го|м|му))?(?: ?(?:год(?:ами|ах|ам|а|у|ом|е|ов|ы)?|гг?\.){_END})?"
_RUSSIAN_ORDINAL = r"(?:(?:перв|втор|треть|четв[её]рт)[а-я]+|[1-4]-[а-я]{1,2}|I{1,3}|IV)"

# Applied in this order; what one matches is blanked for the next.
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_START}{_YEAR}([-/.])(?P<month>\d{{1,2}})\2(?P<day>\d{{1,2}})(?![\d./-]\d|\d)",
        rf"{_START}(?P<day>\d{{1,2}})([-/.])(?P<month>\d{{1,2}})\2{_YEAR}(?![./-]\d)",
        # 2023年上半年, 2023年1至7月, 2022年6月10日, 6月10日
        rf"{_YEAR} ?年(?:[上下]半年|前?第?[一二三四1-4]个?季度|前[\d一二三四五六七八九十]{{1,2}}个?月|{_HAN_RANGE}月)",
        rf"{_YEAR} ?年(?: ?(?P<month>\d{{1,2}}) ?月份?(?: ?(?P<day>\d{{1,2}}) ?[日号])?)?(?!代|度)",
        r"(?<!\d)(?:\d{1,2} ?[-–—~～至到] ?)?(?P<month>\d{1,2}) ?月(?:份|(?: ?(?P<day>\d{1,2}) ?[日号]))?",
        r"(?<!\d)(?P<day>\d{1,2}) ?日(?!元)",
        # January to July 2025, с января по июль 2025 года
        rf"{_START}{_ENGLISH_MONTH}{_SPAN}{_ENGLISH_MONTH},? {_YEAR}",
        rf"{_START}{_RUSSIAN_MONTH}{_SPAN}{_RUSSIAN_MONTH} {_RUSSIAN_YEAR}",
        rf"{_START}(?:(?:{_DAY}(?: of)? )?(?P<month>{_ENGLISH_MONTH}),? {_YEAR})",
        rf"{_START}(?P<month>{_ENGLISH_MONTH}) {_DAY}(?:,? {_YEAR}|(?![\d%]|[.,]\d))",
        rf"{_START}{_DAY}(?: of)? (?P<month>{_ENGLISH_MONTH})",
        rf"(?:(?<=\bin )|(?<=\bby )|(?<=\bof )|(?<=\bsince )|(?<=\buntil ))(?P<month>{_ENGLISH_MONTH})",
        rf"{_START}(?:{_DAY} )?(?P<month>{_RUSSIAN_MONTH})(?: {_RUSSIAN_YEAR})?",
        # The first half of 2023, H1 2023, в первом полугодии 2023 года
        rf"{_START}(?:(?:first|second) half|(?:first|second|third|fourth) quarter) of {_YEAR}",
        rf"{_START}[HQ][1-4] {_YEAR}",
        rf"{_START}{_RUSSIAN_ORDINAL} (?:полугоди|квартал)[а-я]* {_RUSSIAN_YEAR}",
        rf"{_START}{_YEAR}[-–—/]\d\d(?![\d%])",  # 2024-25
        rf"{_START}{_RUSSIAN_YEAR}",
    )
)


# After a bare number: it is part of a longer number, a word or a decade ("1990s", "1990-х").
_NO_YEAR = re.compile(rf"[{LETTER}]|-[а-я]|[.,:]\d|年代|[余多]")
# "In 2022 trucks crossed" names a year, "about 2000 trucks" does not.
_BEFORE_YEAR = re.compile(r"\b(?:in|since|during) $", re.IGNORECASE)


def find_dates(text: str) -> list[DateMention]:
    """Dates in `text`, in order, without overlaps. A four-digit number is a year from 1800 to 2099 unless a unit follows it."""
    rest = flatten(text)
    mentions: list[DateMention] = []
    for pattern in _PATTERNS:
        found: list[DateMention] = []
        for match in pattern.finditer(rest):
            groups = match.groupdict()
            year, month, day = (_number(groups.get(name)) for name in ("year", "month", "day"))
            possible = (month is None or 1 <= month <= 12) and (day is None or 1 <= day <= 31)
            if possible and not _is_amount(match, year):
                found.append(DateMention(start_char=match.start(), end_char=match.end(), year=year, month=month, day=day))
        rest = blanked(rest, found)
        mentions += found
    return sorted(mentions, key=lambda mention: mention.start_char)


def find_years(text: str) -> frozenset[int]:
    """The years of all dates in `text`."""
    return frozenset(mention.year for mention in find_dates(text) if mention.year)


def blanked(text: str, spans: Sequence[Span]) -> str:
    """`text` with the spans (in order, without overlaps) overwritten by control characters; offsets stay the same."""
    pieces, end = [], 0
    for span in spans:
        pieces += [text[end : span.start_char], "\0" * (span.end_char - span.start_char)]
        end = span.end_char
    return "".join(pieces) + text[end:]


def _number(value: str | None) -> int | None:
    if value is None:
        return None
    return int(value) if value.isdigit() else months.month_number(value)


def _is_amount(match: re.Match[str], year: int | None) -> bool:
    """Whether what looks like a year or a day belongs to an amount: "2000 trucks", "June 5 million"."""
    if not (match[0].isdigit() or (year is None and match[0][-1].isdigit())):
        return False
    text, end = match.string, match.end()
    if _NO_YEAR.match(text, end):
        return True
    measured = read_magnitude(text, end) or read_unit(text, end)
    return bool(measured) and (year is None or not _BEFORE_YEAR.search(text[max(0, match.start() - 8) : match.start()]))
