"""Full calendar dates as pages in the three languages write them. Dates without year or day do not count."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date

from coopbot.text import months

_MONTH_EN = rf"({months.ENGLISH}|{months.ENGLISH_SHORT})\.?"
_MONTH_RU = rf"({months.RUSSIAN}|{months.RUSSIAN_SHORT})\.?"
_YEAR = r"((?:19|20)\d\d)"

# Each pattern with the order of its groups. Numeric dates with slashes count only when the year comes first: the order of
# day and month differs by country.
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(rf"{_YEAR}\s*年\s*(\d\d?)\s*月\s*(\d\d?)\s*[日号]"), "ymd"),
    (re.compile(rf"(?<![\d.-]){_YEAR}([-/.])(\d\d?)\2(\d\d?)(?!\d)"), "y-md"),
    (re.compile(rf"(?<![\d.])(\d\d?)\.(\d\d?)\.{_YEAR}(?!\.?\d)"), "dmy"),
    (re.compile(rf"(?<!\d)(\d\d?)(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH_EN},?\s+{_YEAR}(?!\d)", re.I), "dmy"),
    (re.compile(rf"\b{_MONTH_EN}\s+(\d\d?)(?:st|nd|rd|th)?,?\s+{_YEAR}(?!\d)", re.I), "mdy"),
    (re.compile(rf"(?<!\d)(\d\d?)\s+{_MONTH_RU},?\s+{_YEAR}(?!\d)", re.I), "dmy"),
)
# Without one there is no full date; most lines have none.
_HAS_YEAR = re.compile(_YEAR)
_WIDE_DIGITS = str.maketrans("０１２３４５６７８９", "0123456789")


def find_date(text: str) -> date | None:
    """The first full, valid date in a text, or None."""
    text = text.translate(_WIDE_DIGITS)
    found: list[tuple[int, date]] = []
    for pattern, order in _PATTERNS if _HAS_YEAR.search(text) else ():
        for match in pattern.finditer(text):
            parts = dict(zip(order, match.groups(), strict=True))
            month = int(parts["m"]) if parts["m"].isdigit() else months.month_number(parts["m"])
            with suppress(ValueError):  # the 31st of February and the like
                found.append((match.start(), date(int(parts["y"]), month, int(parts["d"]))))
    return min(found)[1] if found else None


def without_dates(text: str) -> str:
    """The text without its full dates."""
    text = text.translate(_WIDE_DIGITS)
    if _HAS_YEAR.search(text):
        for pattern, _ in _PATTERNS:
            text = pattern.sub(" ", text)
    return text
