"""Amounts in English, Chinese and Russian text as number and unit, so that 270亿美元 equals 27 млрд долларов."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from types import MappingProxyType

from coopbot.domain import Span
from coopbot.text.characters import HAN
from coopbot.text.dates import DateMention, blanked, find_dates
from coopbot.text.measures import (
    CURRENCY_SIGN,
    CURRENCY_SIGNS,
    HAN_NUMBER,
    LETTER,
    NUMBER,
    flatten,
    read_magnitude,
    read_unit,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity(Span):
    """An amount: `value` of `unit`; the unit of a bare number is "".

    value: in plain units: dollars, tonnes, cubic metres, watt hours. approximate: whether the text says about, over,
    nearly, at least or the like.
    """

    value: Decimal
    unit: str
    approximate: bool


@dataclass(frozen=True, slots=True)
class _Measure:
    """What follows a number, up to `end`. factor: magnitude times the unit's factor. unit: "" if there is none."""

    end: int
    factor: Decimal
    unit: str
    vague: bool


_ENGLISH_WORDS = "one two three four five six seven eight nine ten eleven twelve"
_RUSSIAN_WORDS = (
    "один одна одно одного одной|два две двух|три трёх трех|четыре четырёх четырех|пять пяти|шесть шести|семь семи"
    "|восемь восьми|девять девяти|десять десяти|одиннадцать одиннадцати|двенадцать двенадцати"
)
_HALVES = {"полтора": "1.5", "полторы": "1.5", "полутора": "1.5", "half a": "0.5", "пол": "0.5", "one and a half": "1.5"}
_WORDS: Mapping[str, Decimal] = MappingProxyType(
    {word: Decimal(value) for value, word in enumerate(_ENGLISH_WORDS.split(), 1)}
    | {word: Decimal(value) for value, forms in enumerate(_RUSSIAN_WORDS.split("|"), 1) for word in forms.split()}
    | {word: Decimal(value) for word, value in _HALVES.items()}
)
# Words that mean a multiple by themselves.
_FOLDS: Mapping[str, int] = MappingProxyType(
    dict.fromkeys(("doubled", "doubling", "twofold", "вдвое", "翻番", "翻一番", "翻倍", "翻了一番"), 2)
    | dict.fromkeys(("tripled", "tripling", "trebled", "threefold", "втрое"), 3)
    | dict.fromkeys(("quadrupled", "fourfold", "вчетверо", "翻两番", "翻了两番"), 4)
    | {"fivefold": 5, "впятеро": 5, "sixfold": 6, "вшестеро": 6, "tenfold": 10, "вдесятеро": 10}
)

_HAN_DIGITS = "零一二三四五六七八九"
_HAN_TENS: Mapping[str, int] = MappingProxyType({"十": 10, "百": 100, "千": 1000})
_HAN_MYRIADS: Mapping[str, int] = MappingProxyType({"万": 10**4, "亿": 10**8})

# Not inside a word, a longer number, a time, a path; 第 makes an ordinal, 数 and 几 mean "some".
_ALONE = rf"(?<![{LETTER}\d_:/№#@第数几])(?<![{LETTER}\d][-.,])"
# A magnitude alone is an amount only after one of these words: "более тысячи" is, "тысячи людей" (thousands of people) is not.
_BEFORE_BARE = ("более", "менее", "больше", "меньше", "свыше", "около", "почти", "примерно", "порядка", "чем", "на", "в")
_BETWEEN = "(?: ?[-–—~～至到和或] ?| (?:to|and|or|до|и|или) )"
_BORROWS = re.compile(_BETWEEN, re.IGNORECASE)
_AMOUNT = re.compile(
    rf"{_ALONE}(?:(?P<sign>{CURRENCY_SIGN}) ?|(?P<percent>百分之))?(?:"
    rf"(?P<first>{NUMBER})(?:{_BETWEEN}(?:{CURRENCY_SIGN})?(?P<second>{NUMBER}))?"
    # "a million", "half a million", "полмиллиона"
    rf"|(?P<word>(?:{'|'.join(sorted(_WORDS, key=len, reverse=True))})(?![{LETTER}\d])|пол(?=(?:тысяч|миллион|миллиард)))"
    r"|(?P<one>\ban?(?= (?:hundred|thousand|million|billion|trillion|dozen)\b))"
    rf"|(?P<bare>(?:{'|'.join(f'(?<={word} )' for word in _BEFORE_BARE)})"
    r"(?=(?:тысяч[аиуе]|миллион[ау]?|миллиард[ау]?|сотн[июя])\b))"
    rf"|(?P<fold>{'|'.join(sorted(_FOLDS, key=len, reverse=True))})(?![{LETTER}\d])"
    rf"|(?<![前那每同某这])(?P<han>{HAN_NUMBER}))",
    re.IGNORECASE,
)
_MAGNITUDE_LAST = re.compile(r"(?:\b(?:[bmtr]illion|млн|млрд|трлн|тыс)|[万亿]+)\.?$")
_SHORT_MAGNITUDES: Mapping[str, Decimal] = MappingProxyType({"k": Decimal("1e3"), "m": Decimal("1e6"), "b": Decimal("1e9")})
_SHORT_MAGNITUDE = re.compile(rf" ?([kmb])(?![{LETTER}\d])", re.IGNORECASE)
_IN_WORD = re.compile(rf"[{LETTER}]|-[{LETTER}]|\.[a-z]")
# The period of "млн. тонн" (not one that ends the sentence) and the counter 个.
_BEFORE_UNIT = re.compile(r"\.(?= ?(?:[а-я]|[A-Z]{2}))|个")
_CYRILLIC_NEXT = re.compile(r"[ \n]?[\u0400-\u052f]")
_COMMA_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")

_LARGE_MAGNITUDE = 100  # number words with at least this magnitude are amounts without a unit too: "three thousand"
_VAGUE_WINDOW_CHARS = 24
_VAGUE_BEFORE = re.compile(
    r"(?:\b(?:about|around|approximately|approx\.?|roughly|some|nearly|almost|over|above|under|(?:more|less|fewer) than"
    r"|at (?:least|most)|estimated|exceed(?:s|ed|ing)?|close to|circa)"
    r"|\b(?:около|примерно|приблизительно|порядка|почти|свыше|(?:(?:бол|мен)ее|больше|меньше)(?: чем)?|превы[сш][а-яё]+)"
    r"|[~≈<>]) ?$|(?:约|(?<![最附])近|接近|超过?|逾|至少|不到|不足|突破)[为达合]?$",
    re.IGNORECASE,
)
HAN_ORDINAL = re.compile("第[一二三四五六七八九十百]+")
_VAGUE_AFTER = re.compile(rf" ?(?:左右|以上|以下|上下|多(?![{HAN}])|or so\b|с лишним|с небольшим)", re.IGNORECASE)


def find_quantities(text: str, dates: Sequence[DateMention] | None = None) -> list[Quantity]:
    """Amounts in `text`, in order, without overlaps. Number words and Han numerals need a unit or a large magnitude to count.
    Both ends of a range share its unit: "5-7 million tonnes" are 5 and 7 million tonnes. dates: those of `text`, which are not
    amounts; found here if not given.
    """
    flat = blanked(flatten(text), find_dates(text) if dates is None else dates)
    found: list[Quantity] = []
    position = 0
    while match := _AMOUNT.search(flat, position):
        found += _quantities(match)
        # A currency code after one number is not the sign of the next: "5 USD 7".
        position = max(match.end(), found[-1].end_char if found else 0)
    # Adjacent parts of one number are added up: 3亿5千万元.
    summed: list[Quantity] = []
    for quantity in found:
        last = summed[-1] if summed else None
        if last and last.end_char == quantity.start_char and not last.unit and last.value > quantity.value > 0:
            summed[-1] = replace(quantity, start_char=last.start_char, value=last.value + quantity.value)
        else:
            summed.append(quantity)
    # One without a unit has that of the following one: "3.5 billion to 13 billion roubles", "10.4 billion in 2021, 15.5 billion
    # cubic metres in 2022".
    for at, (quantity, following) in enumerate(pairwise(summed)):
        if not quantity.unit:
            magnitude = _MAGNITUDE_LAST.search(flat, quantity.start_char, quantity.end_char)
            counted_alike = magnitude and magnitude[0] in following.of(flat)
            if counted_alike or _BORROWS.fullmatch(flat, quantity.end_char, following.start_char):
                summed[at] = replace(quantity, unit=following.unit)
    return summed


def _quantities(match: re.Match[str]) -> Iterator[Quantity]:
    text = match.string
    measure = _measure(text, match.end(), match["sign"], percent=match["percent"] is not None)
    if match["fold"]:  # a multiple: "doubled", вдвое, 翻一番 are 2 times
        value = Decimal(_FOLDS[match["fold"].casefold()])
        yield Quantity(start_char=match.start(), end_char=match.end(), value=value, unit="times", approximate=False)
        return
    if match["first"] is None and not measure.unit and measure.factor < _LARGE_MAGNITUDE:
        return
    if not measure.unit and measure.factor == 1 and _IN_WORD.match(text, match.end()):
        return
    before = text[max(0, match.start() - _VAGUE_WINDOW_CHARS) : match.start()]
    vague = measure.vague or bool(_VAGUE_BEFORE.search(before)) or bool(_VAGUE_AFTER.match(text, measure.end))
    groups = [group for group in ("first", "second", "word", "one", "bare", "han") if match[group] is not None]
    for group in groups:
        yield Quantity(
            start_char=match.start() if group != "second" else match.start(group),
            end_char=match.end(group) if group != groups[-1] else measure.end,
            value=_value(match, group) * measure.factor,
            unit=measure.unit,
            approximate=vague or (measure.unit == "percent" and measure.factor == 10),  # 八成 is no exact figure
        )


def _measure(text: str, position: int, sign: str | None, *, percent: bool) -> _Measure:
    """Read magnitude and unit at `position`. sign, percent: the currency sign or 百分之 before the number."""
    end, factor, vague = position, Decimal(1), False
    if text[end : end + 1] in ("余", "多", "+"):
        end, vague = end + 1, True
    if magnitude := read_magnitude(text, end):
        factor, end = magnitude
    elif sign and (short := _SHORT_MAGNITUDE.match(text, end)):
        factor, end = _SHORT_MAGNITUDES[short[1].casefold()], short.end()
    if text[end : end + 1] in ("余", "多"):
        end, vague = end + 1, True
    if sign or percent:
        unit = read_unit(text, end)
        name = CURRENCY_SIGNS[sign.casefold()] if sign else "percent"
        return _Measure(unit[1] if unit and unit[0].name == name else end, factor, name, vague)
    before_unit = _BEFORE_UNIT.match(text, end)
    unit = read_unit(text, end) or (read_unit(text, before_unit.end()) if before_unit else None)
    if unit is None:
        return _Measure(end, factor, "", vague)
    return _Measure(unit[1], factor * unit[0].factor, unit[0].name, vague)


def _value(match: re.Match[str], group: str) -> Decimal:
    digits = match[group]
    if group in ("one", "bare"):
        return Decimal(1)
    if group == "word":
        return _WORDS[digits.casefold()]
    if group == "han":
        return _han_value(digits)
    digits = digits.replace(" ", "")
    # Before a Russian word a comma is a decimal comma: "1,283 трлн рублей".
    decimal_comma = digits.count(",") == 1 and "." not in digits and _CYRILLIC_NEXT.match(match.string, match.end())
    if _COMMA_THOUSANDS.fullmatch(digits) and not decimal_comma:
        return Decimal(digits.replace(",", ""))
    return Decimal(digits.replace(",", "."))


def _han_value(numeral: str) -> Decimal:
    """The value of Han numerals such as 三十一点六 or 三亿五千万."""
    whole, _, fraction = numeral.replace("〇", "零").replace("两", "二").partition("点")
    total = section = digit = 0
    for char in whole:
        if char in _HAN_TENS:
            section, digit = section + (digit or 1) * _HAN_TENS[char], 0
        elif char == "万":
            total, section, digit = total + (section + digit) * _HAN_MYRIADS[char], 0, 0
        elif char == "亿":
            total, section, digit = (total + section + digit) * _HAN_MYRIADS[char], 0, 0
        else:
            digit = 10 * digit + _HAN_DIGITS.index(char)
    behind = Decimal(1)
    for char in fraction:
        behind *= _HAN_MYRIADS.get(char, 1)  # 三十一点六亿
    decimals = "".join(str(_HAN_DIGITS.index(char)) for char in fraction if char in _HAN_DIGITS)
    return Decimal(f"{total + section + digit}{'.' * bool(decimals)}{decimals}") * behind
