"""Amounts with the time that each is about: "31 bcm in 2024 and 23 bcm in 2023", «в 2021 году 10 млрд», 2022年15亿."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache

from coopbot.domain import Span
from coopbot.text import months
from coopbot.text.dates import DateMention, find_dates
from coopbot.text.measures import LETTER, flatten, read_unit
from coopbot.text.periods import Period, find_periods
from coopbot.text.quantities import Quantity, find_quantities
from coopbot.text.relative import month_days, relative_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Time(Span):
    """The first and the last day of a time that a text names; `length` in months, 0 for a day."""

    first: date
    last: date
    length: int

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day: the same wherever a text names this time."""
        return self.first, self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedAmount(Span):
    """An amount at its place in the text. high: the other end of a range, else equal to `value`."""

    time: Time
    value: Decimal
    high: Decimal
    unit: str
    approximate: bool


# Of how many sentences the amounts are remembered: those that a few questions look through.
_REMEMBERED = 4096
_WINDOW_CHARS, _BEFORE_CHARS = 34, 60
_REPORTED = re.compile(
    r"\b(?:report\w*|said|says?|wr[io]te|written|according to|quot\w+|citing|published|gave|told|news|as of|by)\b[^.;]*$"
    r"|\b(?:сообщ\w+|писа\w+|пишет|говорил\w*|заяв\w+|по данным|опубликова\w+|назвал\w*|отмеча\w+|привод\w+|прив[её]л\w*"
    r"|к)\b[^.;]*$"
    r"|(?:报道|称|说|写道|援引|据)[^。；]*$",
    re.IGNORECASE,
)
_REPORTED_AFTER = re.compile(
    r"[日号]?(?:报道|称|说|写|发布|消息|电)|,? (?:reported|wrote|said)\b|,? (?:сообщ|писал|заяв)", re.IGNORECASE
)
_MONTH_BEFORE = re.compile(rf"\b({months.ENGLISH}|{months.RUSSIAN}) (?:and|и) $", re.IGNORECASE)
# "From January to 26 November 2024" is eleven months.
_SINCE_JANUARY = re.compile(
    r"\b(?:january|январ[яьюе])(?: ?[-–—] ?| (?:to|through|until|по|до) )$|(?:1月|年初)(?:1日)?[至到-]$"
    r"|\bwithin the year to $",
    re.IGNORECASE,
)
# Before a time that another is compared with.
_COMPARED = re.compile(
    r"(?:\b(?:than|as) (?:in |for |during )?(?:the )?(?:same \w+ of |whole of |all of |that of )?|\bчем (?:в|за|на) |(?:к"
    r"|уровн\w+) |较|比)$",
    re.IGNORECASE,
)
# Before an amount that is no total of its time: what it rose from, or by.
_BESIDE = re.compile(
    r"(?:\b(?:from|against|compared (?:with|to)|(?<!more )(?<!less )(?<!fewer )than|another|(?:a )?further|extra"
    r"|additional|instead of|excess (?:at|of))"
    r"|(?:years? (?:earlier|before)|the year before|год(?:ом|ами) (?:ранее|раньше)|в предыдущем году|上一?年"
    r"|前一年)[,:]? ?(?:[-–—]|was|were|it was"
    r"|было|были|为)?"
    r"|\b(?:против|по сравнению с|(?<!более )(?<!менее )чем|вместо|ещ[её]|дополнительно|(?<!до )с|сверх))"
    r"(?: (?:about|some|around|nearly|почти|примерно|около))? ?$|(?:(?:比|较|从|由)(?:[^，。；]{0,7}的)?|而非|另有|超出"
    r"|超过计划)约?$",
    re.IGNORECASE,
)
_BESIDE_AFTER = re.compile(r" (?:\w+ years? (?:earlier|before)|the year before|год(?:ом|ами) (?:ранее|раньше))", re.IGNORECASE)
_BY = re.compile(
    r"(?:\b(?:rose|risen|grew|grown|fell|fallen|increas\w+|decreas\w+|declin\w+|dropp\w+|up|down|growth|higher|lower|more"
    r"|less|beat\w*"
    r"|exceed\w+|ahead)\b[^,;.]{0,30}\bby"
    r"|(?:вырос\w*|рост\w*|увелич\w+|снизи\w+|сократи\w+|упал\w*|прибав\w+|больше|меньше|превы\w+"
    r"|прирост\w*)\b[^,;.]{0,40}\bна"
    r"|(?:增长|增加|下降|减少|上升|增|降|多|少|提高|超出|超过)了?)(?: (?:about|around|some|more than|over|почти|около"
    r"|более чем на))? ?约?$",
    re.IGNORECASE,
)
# Before what a price is of: "248 dollars per 1,000 cubic metres".
_PER, _ONE = re.compile(r"(?:\b(?:per|за) |每)$", re.IGNORECASE), frozenset({1, 100, 1000})
_RANGE = re.compile(r" ?(?:[-–—~～至到]|to|through|until|до|по) ?", re.IGNORECASE)
_BETWEEN = re.compile(r"\b(?:between|между) $", re.IGNORECASE)
_AND = re.compile(r" (?:and|и) ", re.IGNORECASE)
# The same part of another year.
_SAME_PART = re.compile(
    r"\b(?:same|corresponding) (?:period|months|time|part)|\b(?:так\w+ же|т(?:от|ом|ого) же|аналогичн\w+) (?:период|врем)"
    r"|同期",
    re.IGNORECASE,
)
_COUNTED = ("people", "vehicles", "wagons", "trains", "households")
_ADJECTIVES = re.compile(rf" (?:[{LETTER}-]+ ){{1,2}}")
_MARK = re.compile(r"[,，、;；:：。.]")
_STRONG, _WEAK = re.compile("[;；。]"), re.compile(r"[,，、:：—]|\b(?:and|while|и|а|но)\b|而|和")
_STRONG_CHARS, _WEAK_CHARS, _TOUCHING = 200, 12, 8
# Between the parts of a sentence that may count different things.
_PARTS = re.compile(
    r"[;:()，；：、（）]|,(?!\d)|\b(?:and|with|while|including|и|а|при|включая)\b|和|与|及|而|其中", re.IGNORECASE
)
_SEASON = re.compile(r"(?P<first>\d{4})[-–—/](?P<last>\d\d)(?!\d)")
_ADOPTED_FROM = Decimal(1000)


@lru_cache(maxsize=_REMEMBERED)
def timed_amounts(text: str, published: date | None = None) -> tuple[TimedAmount, ...]:
    """The amounts of a sentence whose time is certain enough, in order. published: of its source, for "last year"."""
    flat = flatten(text)
    mentions = find_dates(flat)
    times, amounts = _times(flat, mentions, published), _amounts(find_quantities(flat, mentions), flat)
    found = []
    for amount, time in zip(amounts, _times_of(amounts, times, flat), strict=True):
        if time is None or _is_beside(amount, time, flat):
            continue
        # The part of a year that is named between the two: "in 2026: from January to April it reached".
        periods: list[Period] = []
        if time.length >= 12 and time.first.year == time.last.year:
            former, latter = sorted((amount, time), key=lambda span: span.start_char)
            periods = sorted(find_periods(flat[former.end_char : latter.start_char]))
        if len(periods) > 1:
            continue
        if periods:
            begin, end = periods[0]
            first, last = time.first.replace(month=begin), month_days(time.first.year, end)[1]
            time = replace(time, first=first, last=last, length=end - begin + 1)
        found.append(replace(amount, time=time))
    return tuple(found)


def parts_to(amount: Span, text: str) -> list[str]:
    """The part of a sentence in which an amount stands, and those before it, the nearest first: "exports of 7" and "trade rose
    to 9" for the 7 of "trade rose to 9, with exports of 7".
    """
    flat = flatten(text)
    joints = list(_PARTS.finditer(flat))
    start = max((one.end() for one in joints if one.end() <= amount.start_char), default=0)
    end = min((one.start() for one in joints if one.start() >= amount.end_char), default=len(flat))
    return [text[start:end], *reversed(_PARTS.split(flat[:start]))]


def sentence_time(text: str, published: date | None = None) -> Time | None:
    """The latest time that a sentence is about, without those at which it was reported, if it names one."""
    flat = flatten(text)
    times = _times(flat, find_dates(flat), published)
    return max(times, key=lambda time: (time.last, -time.length), default=None)


def _times(text: str, mentions: Sequence[DateMention], published: date | None) -> list[Time]:
    times = [time for mention in mentions if (time := _time(mention, mentions, text))]
    if published is not None:
        for words in relative_words(text, published):
            if words.first.year >= 1 and not any(words.overlaps(mention) for mention in mentions):
                times.append(_named(words, words.first, words.last))
        times.sort(key=lambda time: time.start_char)
    times = list(_joined(times, text))
    # "The same period of 2023" is as long as the other time.
    part = next((time for time in times if 0 < time.length < 12), None)
    for at, time in enumerate(times):
        around = text[max(0, time.start_char - _WINDOW_CHARS) : time.end_char + 4]
        if part and time.length == 12 and time.first.year != part.first.year and _SAME_PART.search(around):
            last = month_days(time.last.year, part.last.month)[1]
            times[at] = replace(time, first=time.first.replace(month=part.first.month), last=last, length=part.length)
    coarse = [time for time in times if time.length >= 3]
    return coarse or times


def _time(mention: DateMention, mentions: Sequence[DateMention], text: str) -> Time | None:
    """The days of a date with a year; none for the day of a report."""
    if mention.year is None:
        return None
    before = text[max(0, mention.start_char - _WINDOW_CHARS) : mention.start_char]
    after = text[mention.end_char : mention.end_char + 8]
    if _COMPARED.search(before):
        return None
    if mention.month and (_REPORTED_AFTER.match(after) or (mention.day and _REPORTED.search(before))):
        return None
    if mention.day and mention.month and _SINCE_JANUARY.search(before):
        return _named(mention, date(mention.year, 1, 1), month_days(mention.year, mention.month)[1])
    if mention.day:
        try:
            day = date(mention.year, mention.month or 1, mention.day)
        except ValueError:
            return None
        return _named(mention, day, day)
    season = _SEASON.search(mention.of(text))
    if season and int(season["last"]) == (mention.year + 1) % 100:
        return _named(mention, date(mention.year, 7, 1), date(mention.year + 1, 6, 30))
    first_month, last_month = mention.month or 1, mention.month or 12
    if mention.month is None:
        earlier = [other.end_char for other in mentions if other.end_char <= mention.start_char]
        near = max(mention.start_char - _WINDOW_CHARS, *earlier, 0) if earlier else max(0, mention.start_char - _WINDOW_CHARS)
        around = re.split(r"[,;，；]", text[near : mention.start_char])[-1] + text[mention.start_char : mention.end_char + 12]
        periods = sorted(find_periods(around), key=lambda period: period[0] - period[1])
        if periods:
            first_month, last_month = periods[0]
    elif mention.day is None:
        following = find_periods(text[mention.start_char : mention.end_char + 6])  # 2025年1月至4月
        last_month = max((last for first, last in following if first == mention.month), default=last_month)
        beside = _MONTH_BEFORE.search(before)  # "January and February 2026"
        if beside and (earlier_month := months.month_number(beside[1])) < mention.month:
            first_month = earlier_month
    return _named(mention, date(mention.year, first_month, 1), month_days(mention.year, last_month)[1])


def _named(words: Span, first: date, last: date) -> Time:
    """A time that is named by these words, of whole months or of days."""
    length = _month_count(first, last) if last > first else 0
    return Time(start_char=words.start_char, end_char=words.end_char, first=first, last=last, length=length)


def _month_count(first: date, last: date) -> int:
    return 12 * (last.year - first.year) + last.month - first.month + 1


def _joined(times: Sequence[Time], text: str) -> Iterator[Time]:
    """The times, "from 2019 to 2023" as one."""
    held: Time | None = None
    for time in times:
        between = text[held.end_char : time.start_char] if held else ""
        begun = held is not None and _BETWEEN.search(text[: held.start_char]) and _AND.fullmatch(between)
        if held and (begun or _RANGE.fullmatch(between)) and held.last < time.first:
            held = replace(held, end_char=time.end_char, last=time.last, length=_month_count(held.first, time.last))
            continue
        if held:
            yield held
        held = time
    if held:
        yield held


_NEVER = Time(start_char=0, end_char=0, first=date.min, last=date.min, length=0)


def _amounts(quantities: Sequence[Quantity], text: str) -> list[TimedAmount]:
    """The amounts without times; a range is one. A large bare number has the unit of the amount before it."""
    found: list[TimedAmount] = []
    last: Quantity | None = None
    for quantity in quantities:
        if last and found and last.unit == quantity.unit and _RANGE.fullmatch(text, last.end_char, quantity.start_char):
            before = text[max(0, last.start_char - _BEFORE_CHARS) : last.start_char]
            if _BY.search(before) or _BESIDE.search(before):  # "rose by 3 to 94 million", "from 3 to 94 million"
                found[-1] = replace(found[-1], start_char=quantity.start_char, value=quantity.value)
            found[-1] = replace(found[-1], high=quantity.value, end_char=quantity.end_char)
        else:
            unit, value = quantity.unit or _counted(text, quantity.end_char), quantity.value
            adopts = (
                not unit and value >= _ADOPTED_FROM and last and found[-1].unit not in ("percent", "years", "months", "days")
            )
            if adopts and last:
                unit, value = found[-1].unit, value * _factor(last, text)
            found.append(
                TimedAmount(
                    start_char=quantity.start_char,
                    end_char=quantity.end_char,
                    time=_NEVER,
                    value=value,
                    high=value,
                    unit=unit,
                    approximate=quantity.approximate,
                )
            )
        last = quantity
    return found


def _factor(quantity: Span, text: str) -> Decimal:
    """How many of its plain unit the unit of an amount is: of kilowatt hours 1,000 watt hours."""
    units = (read_unit(text, at) for at in range(quantity.start_char + 1, quantity.end_char))
    return next((unit[0].factor for unit in units if unit and unit[1] == quantity.end_char), Decimal(1))


def _counted(text: str, position: int) -> str:
    """The unit of "139,500 Chinese visitors"; "" if nothing of the kind follows."""
    found = _ADJECTIVES.match(text, position)
    for skipped in re.finditer(" ", found[0][1:] if found else ""):
        unit = read_unit(text, position + skipped.end() + 1)
        if unit and unit[0].name in _COUNTED:
            return unit[0].name
    return ""


def _times_of(amounts: Sequence[TimedAmount], times: Sequence[Time], text: str) -> list[Time | None]:
    """The time that each amount is about."""
    if not times or not amounts:
        return [None] * len(amounts)
    if len(times) == 1:
        return [times[0]] * len(amounts)
    if len(times) == len(amounts) and (
        times[-1].end_char <= amounts[0].start_char or amounts[-1].end_char <= times[0].start_char
    ):
        return list(times)  # "in 2021 and 2022, 5 and 6 million"
    # An amount has the time that it touches; where it touches two, the one on the side on which more amounts do.
    led = [next((time for time in times if _touch(time, one, text)), None) for one in amounts]
    followed = [next((time for time in times if _touch(one, time, text)), None) for one in amounts]
    if led.count(None) > followed.count(None):
        led, followed = followed, led
    beside = [one or other for one, other in zip(led, followed, strict=True)]
    free = [time for time in times if time not in beside] or times
    first_is_time = times[0].start_char < amounts[0].start_char
    last_is_time = times[-1].start_char > amounts[-1].start_char
    found: list[Time | None] = []
    for amount, own in zip(amounts, beside, strict=True):
        before = [time for time in free if time.end_char <= amount.start_char]
        after = [time for time in free if time.start_char >= amount.end_char]
        if own:
            found.append(own)
        elif first_is_time and not last_is_time:
            found.append(before[-1] if before else None)
        elif last_is_time and not first_is_time:
            found.append(after[0] if after else None)
        else:
            found.append(min((*before[-1:], *after[:1]), key=lambda time: _distance(amount, time, text), default=None))
    return found


def _touch(first: Span, last: Span, text: str) -> bool:
    """Whether one follows the other at once, without a mark between them."""
    between = text[first.end_char : last.start_char]
    return 0 <= last.start_char - first.end_char <= _TOUCHING and not _MARK.search(between) and not _WEAK.search(between)


def _distance(amount: Span, time: Span, text: str) -> int:
    first, last = sorted((amount, time), key=lambda span: span.start_char)
    between = text[first.end_char : last.start_char]
    return len(between) + _STRONG_CHARS * bool(_STRONG.search(between)) + _WEAK_CHARS * len(_WEAK.findall(between))


def _is_beside(amount: TimedAmount, time: Time, text: str) -> bool:
    """Whether an amount is what another rose from or by. What it rose from counts where its own time follows at once."""
    before = text[max(0, amount.start_char - _BEFORE_CHARS) : amount.start_char]
    if _BY.search(before) or (_PER.search(before) and amount.value in _ONE) or _BESIDE_AFTER.match(text, amount.end_char):
        return True
    own = 0 <= time.start_char - amount.end_char <= 6 or 0 <= amount.start_char - time.end_char <= 3
    return bool(_BESIDE.search(before)) and not own
