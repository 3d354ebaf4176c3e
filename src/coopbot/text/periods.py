"""Parts of a year by their months, in English, Chinese and Russian: "the first half", 前五个月, «январь – май»."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from coopbot.text.characters import to_simplified
from coopbot.text.months import ANY_PREFIX, month_number

Period = tuple[int, int]
"""The first month and the last one, 1 to 12."""


def _numbered(rows: str) -> Mapping[str, int]:
    """Maps each word to the number of its row, counted from 1. Rows are separated by |."""
    return {word: number for number, row in enumerate(rows.split("|"), 1) for word in row.split()}


COUNTS = _numbered(
    "1 one один 一|2 two два две двух двумя 二 两|3 three три трех тремя 三|4 four четыре четырех 四|5 five пять пяти 五"
    "|6 six шесть шести 六|7 seven семь семи 七|8 eight восемь восьми 八|9 nine девять девяти 九|10 ten десять десяти 十"
    "|11 eleven одиннадцать 十一"
)
"""Small numbers by the words for them."""
_ORDINALS = _numbered("1 first перв 上 一 i|2 second втор 下 二 ii|3 third трет 三 iii|4 fourth четв 四 iv")
_MONTH = rf"{ANY_PREFIX}[a-zа-я]*\.?"
_COUNT = "|".join(sorted(COUNTS, key=len, reverse=True))
_ORDINAL = r"(?:first|second|third|fourth|(?:перв|втор|трет|четв)[а-я]+|iv|i{1,3}|[1-4](?:-[а-я]+)?)"
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b(?P<from>{_MONTH}) ?(?:-|–|—|to|through|until|по|до) ?(?P<to>{_MONTH})(?!\w)",
        r"(?<!\d)(?P<from>\d{1,2}) ?月? ?[-–—~至到] ?(?P<to>\d{1,2}) ?月",
        rf"\b(?P<count>{_COUNT})[ -](?:months?\b|месяц)",
        rf"(?<!\d)(?P<count>{_COUNT})个月",
        rf"\b(?P<half>{_ORDINAL})[ -]?(?:half|полугоди)|\bh(?P<h>[12])\b|(?P<han>[上下])半年",
        rf"\b(?P<quarter>{_ORDINAL})[ -]?(?:quarter|квартал)|\bq(?P<q>[1-4])\b|(?P<hanq>[一二三四1-4])个?季度",
    )
)


def find_periods(text: str) -> frozenset[Period]:
    """All parts of a year, longer than a month, that `text` names. "Five months" are the first five, 1至1月 is from January to
    January.
    """
    folded = to_simplified(unicodedata.normalize("NFKC", text).lower().replace("ё", "е"))
    return frozenset(
        period for pattern in _PATTERNS for match in pattern.finditer(folded) if (period := _period(match.groupdict()))
    )


def _period(groups: Mapping[str, str | None]) -> Period | None:
    given = {name: value for name, value in groups.items() if value}
    if "from" in given:
        first, last = _month(given["from"]), _month(given["to"])
        return (first, last) if 1 <= first <= last <= 12 else None
    if "count" in given:
        first, last = 1, COUNTS[given["count"]]
    else:
        ((name, value),) = given.items()
        months = 6 if name in ("half", "h", "han") else 3
        last = months * next(number for stem, number in sorted(_ORDINALS.items(), reverse=True) if value.startswith(stem))
        first = last - months + 1
    return (first, last) if 1 <= first < last <= 12 else None


def _month(word: str) -> int:
    return int(word) if word.isdigit() else month_number(word)
