"""Number formats, magnitudes and units of en, zh and ru, as the regular expressions made of units.tsv and magnitudes.tsv.

All expressions expect text that went through `flatten` and ignore case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from coopbot.text.characters import to_simplified
from coopbot.text.words import file_text

_SPACES = "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_FLAT = str.maketrans("０１２３４５６７８９％．" + _SPACES, "0123456789%." + " " * len(_SPACES))

LETTER = r"A-Za-z\u00c0-\u024f\u0400-\u052f"
# At most 18 or 24 digits: longer runs are not amounts. Not followed by what would make it a date, a version or a time.
NUMBER = r"(?:[1-9]\d{0,2}(?:(?: \d{3}){1,5}|(?:,\d{3}){1,5})(?:[.,]\d{1,12})?|\d{1,24}(?:[.,]\d{1,12})?)(?!\d|[.,:/]\d)"
HAN_NUMBER = "[一二两三四五六七八九十][零〇一二两三四五六七八九十百千万亿点]*"
_WORD_END = rf"(?![{LETTER}\d])"
_FREIGHT = r"(?:(?:freight|cargo|passenger|container|heavy|loaded|грузов|пассажирск|контейнерн|гружён)[а-я]* )?"


@dataclass(frozen=True, slots=True)
class Unit:
    """A canonical unit. words (Latin, Cyrillic), han: regular expressions. factor: how many of it one of these words means."""

    name: str
    factor: Decimal
    words: str
    han: str


def _rows(name: str) -> list[list[str]]:
    """The cells of a table, tab-separated; "-" is empty, and lines with # are remarks."""
    text = file_text(name)
    lines = text.replace("{freight}", _FREIGHT).splitlines()
    return [["" if cell == "-" else cell for cell in line.split("\t")] for line in lines if not line.startswith("#")]


UNITS = tuple(Unit(name, Decimal(factor), words, han) for name, factor, words, han in _rows("units.tsv"))
# Signs and codes before the number.
CURRENCY_SIGNS: Mapping[str, str] = MappingProxyType(
    {"us$": "usd", "$": "usd", "usd": "usd", "€": "eur", "eur": "eur", "₽": "rub", "rub": "rub"}
    | dict.fromkeys(("cn¥", "¥", "￥", "rmb", "cny", "人民币"), "cny")
    | dict.fromkeys(("nt$", "twd", "新台币"), "twd")
    | dict.fromkeys(("hk$", "hkd", "港币"), "hkd")
)
CURRENCY_SIGN = "|".join(map(re.escape, sorted(CURRENCY_SIGNS, key=len, reverse=True)))
MAGNITUDES = tuple((Decimal(factor), words, han) for factor, words, han in _rows("magnitudes.tsv"))


def _alternatives(entries: Iterable[tuple[str, str]]) -> re.Pattern[str]:
    """Matches any of (words, han) with the number of the entry as the group's name."""
    groups = []
    for i, (words, han) in enumerate(entries):
        forms = [f"(?:{words}){_WORD_END}"] * bool(words) + [han] * bool(han)
        groups.append(f"(?P<g{i}>{'|'.join(forms)})")
    return re.compile("[ \n]?[ -]?(?:" + "|".join(groups) + ")", re.IGNORECASE)


_UNIT = _alternatives((unit.words, unit.han) for unit in UNITS)
_MAGNITUDE = _alternatives((words, han) for _, words, han in MAGNITUDES)


def flatten(text: str) -> str:
    """`text` with full-width digits, special spaces and traditional characters made plain; offsets stay the same."""
    return to_simplified(text.translate(_FLAT))


def read_unit(text: str, position: int) -> tuple[Unit, int] | None:
    """The unit at `position`, perhaps after a space or hyphen, and where it ends; None if there is none."""
    match = _UNIT.match(text, position)
    return (UNITS[_group_number(match)], match.end()) if match else None


def read_magnitude(text: str, position: int) -> tuple[Decimal, int] | None:
    """The magnitude (thousand, 万 ...) at `position`, perhaps after a space or hyphen, and where it ends; None without one."""
    match = _MAGNITUDE.match(text, position)
    return (MAGNITUDES[_group_number(match)][0], match.end()) if match else None


def _group_number(match: re.Match[str]) -> int:
    return int((match.lastgroup or "g0")[1:])
