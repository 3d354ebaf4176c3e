"""Number formats, magnitudes and units of en, zh and ru, as tables and the regular expressions made of them.

All expressions expect text that went through `flatten` and ignore case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from coopbot.text.simplified import to_simplified

_SPACES = "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_FLAT = str.maketrans("０１２３４５６７８９％．" + _SPACES, "0123456789%." + " " * len(_SPACES))

LETTER = r"A-Za-z\u00c0-\u024f\u0400-\u052f"
# At most 18 or 24 digits: longer runs are not amounts. Not followed by what would make it a date, a version or a time.
NUMBER = r"(?:[1-9]\d{0,2}(?:(?: \d{3}){1,5}|(?:,\d{3}){1,5})(?:[.,]\d{1,12})?|\d{1,24}(?:[.,]\d{1,12})?)(?!\d|[.,:/]\d)"
HAN_NUMBER = "[一二两三四五六七八九十][零〇一二两三四五六七八九十百千万亿点]*"
_WORD_END = rf"(?![{LETTER}\d])"


@dataclass(frozen=True, slots=True)
class Unit:
    """A canonical unit. factor: how many of it make one of `words` (Latin and Cyrillic) or `han`, two regular expressions."""

    name: str
    factor: Decimal
    words: str
    han: str = ""


def _unit(name: str, words: str, han: str = "", factor: str = "1") -> Unit:
    return Unit(name, Decimal(factor), words, han)


_FREIGHT = r"(?:(?:freight|cargo|passenger|container|heavy|loaded|грузов|пассажирск|контейнерн|гружён)[а-я]* )?"
# Longer and more specific expressions come before those they contain.
UNITS: tuple[Unit, ...] = (
    _unit("pp", r"percentage points?|процентн[а-я]+ пункт[а-я]*|п\. ?п\.", "个百分点"),
    _unit("percent", r"percent|per cent|процент[а-я]*|проц\.?", "%"),
    # Tenths: 八成 are 80 percent. Not the 成 of 成立, 成员 and the like.
    _unit("percent", "", "成(?![立员本品交功果都就])", "10"),
    _unit("usd", r"(?:u\.?s\.? |american )?dollars?|usd|(?:американск[а-я]+ )?долл(?:ар[а-я]*|\.)?(?: сша)?", r"美元|美金|\$"),
    _unit("twd", r"(?:new )?taiwan dollars?|twd", "(?:新)?台币"),
    _unit("hkd", r"hong kong dollars?|hkd", "港元|港币"),
    _unit("jpy", r"(?:japanese )?yen|jpy|(?:японск[а-я]+ )?иен[а-я]*", "日元|日圆"),
    _unit("krw", r"(?:south korean )?won|krw|вон(?:а|ы)?", "韩元|韩圆"),
    _unit("eur", r"euros?|eur|евро", "欧元|€"),
    _unit("cny", r"(?:chinese )?yuan|rmb|cny|renminbi|(?:китайск[а-я]+ )?юан[а-я]*", "元人民币|人民币元?|元|¥"),
    _unit("rub", r"(?:russian )?r(?:o?u)bles?|rub|(?:российск[а-я]+ )?руб(?:\.|л[а-я]*)?", "卢布|₽"),
    _unit("wh", r"twh|твт[·⋅*-]? ?ч[а-я]*\.?", "太瓦时", "1e12"),
    _unit("wh", r"gwh|гвт[·⋅*-]? ?ч[а-я]*\.?", "吉瓦时", "1e9"),
    _unit("wh", r"mwh|мвт[·⋅*-]? ?ч[а-я]*\.?", "兆瓦时", "1e6"),
    _unit("wh", r"kwh|kilowatt[- ]hours?|квт[·⋅*-]? ?ч[а-я]*\.?|киловатт-час[а-я]*", "千瓦时", "1e3"),
    _unit("w", r"gw|gigawatts?|гвт", "吉瓦", "1e9"),
    _unit("w", r"mw|megawatts?|мвт", "兆瓦", "1e6"),
    _unit("w", r"kw|квт", "千瓦", "1e3"),
    _unit("km/h", r"km/h|kilomet(?:er|re)s (?:an|per) hour|км/ч|километр[а-я]* в час", "公里/小时|公里每小时|千米/小时"),
    _unit(
        "km2",
        r"square kilomet(?:er|re)s?|sq\.? ?km|km2|km²|кв\.? ?км|км²|км2|квадратн[а-я]+ километр[а-я]*",
        "平方公里|平方千米",
    ),
    _unit("m2", r"square met(?:er|re)s?|sq\.? ?m|m2|m²|кв\.? ?м|м²|м2|квадратн[а-я]+ метр[а-я]*", "平方米"),
    _unit("m3", r"bcm", "", "1e9"),
    _unit("m3", r"cubic met(?:er|re)s?|cu\.? ?m|m3|m³|куб\.? ?м|м³|м3|кубометр[а-я]*|кубическ[а-я]+ метр[а-я]*", "立方米"),
    _unit("ha", r"hectares?|ha|га|гектар[а-я]*", "公顷"),
    _unit("km", r"kilomet(?:er|re)s?|km|км|километр[а-я]*", "公里|千米"),
    _unit("t", r"mt", "", "1e6"),
    _unit("t", r"kt", "", "1e3"),
    _unit("t", r"kg|kilograms?|кг|килограмм[а-я]*", "公斤|千克", "1e-3"),
    _unit("t", r"(?:metric )?ton(?:ne)?s?|t|тонн[а-я]*|т", "公?吨"),
    _unit("m", r"met(?:er|re)s?|m|м|метр[а-я]*", "米|公尺"),
    _unit("teu", r"teus?|twenty-foot equivalent units?|дфэ", "标准箱|标箱"),
    _unit("wagons", rf"{_FREIGHT}(?:wagons?|railcars?|вагон[а-я]*)", "节(?!日|约|目|课)"),
    _unit("trains", rf"{_FREIGHT}(?:trains?|поезд[а-я]*|состав(?:а|ов|ы)?)", "列(?!入|出|为)"),
    _unit("vehicles", rf"{_FREIGHT}(?:vehicles?|trucks?|lorr(?:y|ies)|cars?|buses|bus)", "辆次|辆"),
    _unit("vehicles", rf"{_FREIGHT}(?:грузовик[а-я]*|автомобил[а-я]*|машин[а-я]*|автобус[а-я]*|фур[а-я]*)"),
    _unit("people", r"people|persons?|passengers?|tourists?|travell?ers?|visitors?|residents?", "人次|人(?!民)|名(?!单|义|录)"),
    _unit("people", r"человек[а-я]*|чел\.|чел|люд[а-я]+|пассажир[а-я]*|турист[а-я]*|жител[а-я]+"),
    _unit("households", r"households?|домохозяйств[а-я]*", "户(?!外|籍)"),
    _unit("times", r"times|раза?|-?fold", "倍"),
    _unit("years", r"years?|лет|год(?:а|ов|у|ом)?", "年(?!代|度|级)"),
    _unit("months", r"months?|месяц[а-я]*", "个月"),
    _unit("days", r"days?|день|дн(?:я|ей)|сут(?:ок|ки)", "天"),
    _unit("minutes", r"minutes?|минут[а-я]*", "分钟"),
    _unit("hours", r"hours?|час(?:а|ов)?", "小时"),
)
# Signs and codes before the number.
CURRENCY_SIGNS: Mapping[str, str] = MappingProxyType(
    {"us$": "usd", "$": "usd", "usd": "usd", "€": "eur", "eur": "eur", "₽": "rub", "rub": "rub"}
    | dict.fromkeys(("cn¥", "¥", "￥", "rmb", "cny", "人民币"), "cny")
    | dict.fromkeys(("nt$", "twd", "新台币"), "twd")
    | dict.fromkeys(("hk$", "hkd", "港币"), "hkd")
)
CURRENCY_SIGN = "|".join(map(re.escape, sorted(CURRENCY_SIGNS, key=len, reverse=True)))
# A lone m is metres, but millions of what is counted.
_COUNTED_BY_M = "m(?= (?:ton|passenger|people|cubic|dollar|yuan|rouble|ruble|euro|us ))"
MAGNITUDES: tuple[tuple[Decimal, str, str], ...] = (
    (Decimal("1e12"), r"trillion|trn|tn|трлн|триллион[а-я]*", "万亿|兆(?!瓦|赫|字|帕|比|欧|头)"),
    (Decimal("1e11"), "", "千亿"),
    (Decimal("1e10"), "", "百亿"),
    (Decimal("1e9"), r"billion|bln|bn|млрд|миллиард[а-я]*", "十亿"),
    (Decimal("1e8"), "", "亿"),
    (Decimal("1e7"), "", "千万"),
    (Decimal("1e6"), rf"million|mln|mn|млн|миллион[а-я]*|{_COUNTED_BY_M}", "百万"),
    (Decimal("1e5"), "", "十万"),
    (Decimal("1e4"), "", "万"),
    (Decimal("1e3"), r"thousand|тыс|тысяч[а-я]*", "千(?!米|克|瓦)"),
    (Decimal("1e2"), r"hundred|сотн[яию]", "百(?!分)"),
    (Decimal(12), r"dozen|дюжин[а-я]*", ""),
)


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
