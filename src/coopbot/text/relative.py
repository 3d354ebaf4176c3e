"""Resolves times such as "this year", 去年 and «в январе» relative to the day of the text or question."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import partial
from itertools import chain

from coopbot.domain import DatedWords
from coopbot.text import months
from coopbot.text.dates import DateMention, blanked, find_dates, find_years
from coopbot.text.measures import flatten
from coopbot.text.periods import COUNTS, find_periods

_PART_EN = rf"(?:(?:first|second) half|(?:first|second|third|fourth) quarter|first \w+ months|{months.ENGLISH})"
_PART_RU = rf"(?:(?:перв|втор)\w+ полугоди\w|(?:перв|втор|трет|четв[её]рт)\w+ квартал\w?|{months.RUSSIAN})"
_PART_ZH = (
    r"(?:[上下]半年|第?[一二三四1-4]个?季度|[前头]?[一二三四五六七八九十\d]{1,2}个月"
    r"|\d{1,2}[至到-]\d{1,2}月|\d{1,2}月(?:份|\d{1,2}日)?)"
)

# By how many years or months they are away: what stands before "год" and "месяц", and the words in English and Chinese, which
# must not match in 日本年均, 以上月份 and 登上月球.
_RUSSIAN_AWAY = {
    -2: "позапрошл(?:ый|ом|ого)",
    -1: "(?:прошл|минувш|прошедш)(?:ый|ом|ого|ий|ем|его)",
    0: "(?:эт|нынешн|текущ)(?:от|ом|его|ого|ий|ем|ему)",
    1: "(?:следующ|будущ)(?:ий|ем|его)",
}
_YEARS = {
    -2: ("the year before last", "前年"),
    -1: ("last year", "去年"),
    0: ("this year", "今年|(?<![日基])本年度?"),
    1: ("next year", "明年"),
}
_MONTHS = {
    -1: ("last month", "(?<!以)上[个個]?月(?!球)份?"),
    0: ("this month", "(?:[这這][个個]?|(?<![日基])本)月(?!球)份?"),
    1: ("next month", "(?<!以)下[个個]?月(?!球)份?"),
}
# In a text, perhaps with a part of the year beside them. «На следующий год» is also "the year after" in a story.
_BEFORE_NEXT = {1: "(?<!на )"}
_YEARS_OF_TEXTS = tuple(
    (
        away,
        rf"(?:{_PART_EN} of )?\b{english}|(?:{han}){_PART_ZH}?"
        rf"|\b{_BEFORE_NEXT.get(away, '')}(?:{_PART_RU} )?{_RUSSIAN_AWAY[away]} год[ау]?",
    )
    for away, (english, han) in _YEARS.items()
)
_MONTHS_OF_TEXTS = tuple(
    (away, rf"\b{english}|{han}|\b{_RUSSIAN_AWAY[away]} месяц[ае]?\b") for away, (english, han) in _MONTHS.items()
)
_SO_FAR = (
    r"\b(?:so far this year|since the (?:start|beginning) of (?:the|this) year|year to date)"
    r"|(?:今年|年初)以来|\bс начала (?:этого |текущего )?года"
)
_WEEKS_AWAY: tuple[tuple[int, str], ...] = (
    (0, r"\bthis week|(?:本|这)周|\bэт(?:ой|у) недел[еюи]"),
    (-1, r"\blast week|上周|\b(?:прошл|минувш)(?:ой|ую) недел[еюи]"),
    (1, r"\bnext week|下周|\bследующ(?:ей|ую) недел[еюи]"),
)
_DAYS_AWAY: tuple[tuple[int, str], ...] = (
    (0, r"\b(?:today|tonight)\b|今[天日](?:[（(]\d{1,2}日?[)）])?|今[（(]\d{1,2}[)）]日|\bсегодня\b"),
    (-1, r"\byesterday\b|昨[天日](?:[（(]\d{1,2}日?[)）])?|\bвчера\b"),
    (1, r"\btomorrow\b|明[天日](?:[（(]\d{1,2}日?[)）])?|\bзавтра\b"),
)
_AGO = re.compile(
    r"(?P<count>\d{1,3}|one|two|three|four|five|ten|два|две|три|четыре|пять|десять|[一二两三四五十])\s?"
    r"(?:(?P<day>days?|дн(?:я|ей)|天)|(?P<week>weeks?|недел[иь]|个?星期|周)"
    r"|(?P<month>months?|месяц(?:а|ев)|个月)|(?P<year>years?|год(?:а|ов)?|лет|年))"
    r"\s?(?:ago\b|назад|前)",
    re.IGNORECASE,
)
# Monday first. Not the day of a week that is named: 上周一.
_WEEKDAYS = tuple(
    rf"\bon {english}|\b{russian}|(?<![上下本这])(?:周|星期){han}"
    for english, russian, han in (
        ("monday", "в понедельник", "一"),
        ("tuesday", "во вторник", "二"),
        ("wednesday", "в среду", "三"),
        ("thursday", "в четверг", "四"),
        ("friday", "в пятницу", "五"),
        ("saturday", "в субботу", "六"),
        ("sunday", "в воскресенье", "日"),
    )
)
_AHEAD = re.compile(
    r"\b(?:will|shall|next|coming|upcoming|plans? to|due|expected|scheduled)\b|将|计划|预计|拟|即将"
    r"|\b(?:буд[еу]т|планир\w+|намер\w+|состоится|пройд[её]т|начн[её]тся|откро(?:ет|ют)\w*|запуст[ия]т|заверш[аи]т)\b",
    re.IGNORECASE,
)
_AHEAD_WINDOW_CHARS = 60
_NOW = re.compile(
    r"\b(?:now|currently|at present|latest|newest|most recent|recently|right now|nowadays|as of today|today)\b"
    r"|最新|目前|现在|如今|当前|眼下|近期|截至今"
    r"|\b(?:сейчас|теперь|в настоящее время|на данный момент|на сегодня\w*"
    r"|последн(?:ие|яя|ий|ее|их)|свеж\w+|недавн\w+|текущ\w+)\b",
    re.IGNORECASE,
)
# Only in questions: "is it open yet?", "when did they last meet?"
_UP_TO_NOW = re.compile(
    r"\b(?:current|at the moment|these days|still|yet|so far|last (?:time|met|meet|held))\b"
    r"|最近|现有|至今|迄今|还在|还没|了没"
    r"|\b(?:уже|пока|до сих пор|ещ[её] не|последн\w+|сегодняшн\w+|нынешн\w+)\b",
    re.IGNORECASE,
)


# In a question, alone. "The last year" is the last twelve months.
_YEARS_OF_QUESTIONS, _MONTHS_OF_QUESTIONS = (
    {
        away: re.compile(rf"{han}|(?<!the )\b{english}\b|\b{_RUSSIAN_AWAY[away]} (?P<noun>{noun})\b", re.IGNORECASE)
        for away, (english, han) in words.items()
    }
    for words, noun in ((_YEARS, r"год\w?"), (_MONTHS, "месяц[ае]?"))
)
_CASES: dict[str, months.Case] = {"а": "genitive", "е": "prepositional"}
# In a follow-up, away from the year of the question before: "and two years before that?", «а годом раньше?», 前一年呢.
_YEARS_AWAY = {
    sign: re.compile(rf"\b(?:{english})\b|\b(?:{russian})\b|{han}", re.IGNORECASE)
    for sign, english, russian, han in (
        (
            -1,
            r"(?:the|an?|(?P<en>two|three|[2-9])) years? (?:before|earlier|prior)(?: that)?|the (?:previous|preceding) year",
            r"(?:(?P<ru>двумя|тремя) )?год(?:ом|ами) (?:раньше|ранее)|за год до (?:этого|того)|(?:в )?предыдущем году",
            "(?:再)?[往向]前(?P<zh>[一两二三])年|(?<!以)[前上]一年",
        ),
        (
            1,
            r"(?:the|an?|(?P<en>two|three|[2-9])) years? (?:after|later)(?: that)?|the following year",
            r"(?:(?P<ru>двумя|тремя) )?год(?:ом|ами) (?:позже|позднее)|(?:через|спустя) год|год спустя",
            "(?:再)?[往向]后(?P<zh>[一两二三])年|后一年|第二年|次年",
        ),
    )
}
_AFTER_PREPOSITION = re.compile(r"\b(?:of|for|in|during|since|by|until|from|than|to|with|into|and)\s+$", re.IGNORECASE)


def resolve_dates(text: str, today: date) -> list[DatedWords]:
    """All times in a text that was written or asked on `today`, explicit dates too: in order and without overlaps."""
    flat = flatten(text)
    found = _non_overlapping(chain(_phrases(flat, today), _weekdays(flat, today)))
    rest = blanked(flat, sorted(found, key=lambda span: span.start_char))
    for mention in find_dates(rest):  # a year or month that a date leaves out is inferred
        if mention.year is not None and mention.month is not None:
            days = _day_or_month(mention.year, mention.month, mention.day)
        elif mention.year is not None:
            days = _part_of_year(mention.of(rest), mention.year)
        elif mention.month is not None:
            days = _nearest(mention, rest, today)
        else:
            year, month = (today.year, today.month) if (mention.day or 0) <= today.day else month_away(today, -1)
            days = _day_or_month(year, month, mention.day)
        if days is not None:
            first, last = days
            found.append(DatedWords(start_char=mention.start_char, end_char=mention.end_char, first=first, last=last))
    return sorted(found, key=lambda span: span.start_char)


def relative_words(text: str, today: date) -> list[DatedWords]:
    """Only times given by words such as "this year" or "two months ago": no dates, no days of the week."""
    return sorted(_non_overlapping(_phrases(flatten(text), today)), key=lambda span: span.start_char)


def with_dates(question: str, today: date, before: str = "") -> str:
    """The question with "this year" or "last year" replaced by the number of the year, "this month" by month and year, and "the
    year before that" by a year away from the one that the question `before` names.
    """
    years = find_years(before) if not find_years(question) else ()
    if len(years) == 1:
        for sign, pattern in _YEARS_AWAY.items():
            question = pattern.sub(partial(_year_away, year=next(iter(years)), sign=sign), question)
    for away, pattern in _YEARS_OF_QUESTIONS.items():
        question = pattern.sub(partial(_named_year, year=today.year + away), question)
    for away, pattern in _MONTHS_OF_QUESTIONS.items():
        year, month = month_away(today, away)
        question = pattern.sub(partial(_named_month, year=year, month=month), question)
    return question


def _named_year(found: re.Match[str], year: int) -> str:
    if found["noun"]:
        return f"{year} {found['noun']}"
    return _after_in(found, f"{year}") if found[0].isascii() else f"{year}年"


def _year_away(found: re.Match[str], year: int, sign: int) -> str:
    count = next(filter(None, found.groups()), "1").lower()
    named = year + sign * (int(count) if count.isdecimal() else COUNTS[count])
    if found[0].isascii():
        return _after_in(found, f"{named}")
    return f"{named}年" if found[0].endswith("年") else f"в {named} году"


def _named_month(found: re.Match[str], year: int, month: int) -> str:
    if noun := found["noun"]:
        return f"{months.russian_month(month, _CASES.get(noun[-1].lower(), 'nominative'))} {year} года"
    return _after_in(found, f"{months.ENGLISH_NAMES[month - 1]} {year}") if found[0].isascii() else f"{year}年{month}月"


def _after_in(found: re.Match[str], named: str) -> str:
    """An English date, with "in" unless a preposition precedes it or "'s" follows."""
    before, after = found.string[: found.start()], found.string[found.end() :]
    return named if _AFTER_PREPOSITION.search(before) or after.startswith(("'", "’")) else f"in {named}"


def asks_for_latest(question: str) -> bool:
    """Whether a question asks for how things are now, or for what is newest."""
    return speaks_of_now(question) or bool(_UP_TO_NOW.search(flatten(question)))


def speaks_of_now(text: str) -> bool:
    """Whether a text has words such as "now" or "the latest"."""
    return bool(_NOW.search(flatten(text)))


def _non_overlapping(spans: Iterable[DatedWords]) -> list[DatedWords]:
    """The spans that overlap none before them."""
    found: list[DatedWords] = []
    for span in spans:
        if not any(map(span.overlaps, found)):
            found.append(span)
    return found


def _phrases(text: str, today: date) -> Iterator[DatedWords]:
    """Times given by words such as "last year", longer phrases first."""
    for found in re.finditer(_SO_FAR, text, re.IGNORECASE):
        yield _span(found, date(today.year, 1, 1), today)
    for away, found in _found(_YEARS_OF_TEXTS, text):
        yield _span(found, *_part_of_year(found[0], today.year + away))
    for away, found in _found(_MONTHS_OF_TEXTS, text):
        yield _span(found, *month_days(*month_away(today, away)))
    for away, found in _found(_WEEKS_AWAY, text):
        monday = today + timedelta(days=7 * away - today.weekday())
        yield _span(found, monday, monday + timedelta(days=6))
    for away, found in _found(_DAYS_AWAY, text):
        yield _span(found, today + timedelta(days=away), today + timedelta(days=away))
    for found in _AGO.finditer(text):
        count = int(found["count"]) if found["count"].isdigit() else COUNTS[found["count"].casefold()]
        if found["year"]:
            year = max(1, today.year - count)
            yield _span(found, date(year, 1, 1), date(year, 12, 31))
        elif found["month"]:
            yield _span(found, *month_days(*month_away(today, -count)))
        else:
            day = today - timedelta(days=count * (7 if found["week"] else 1))
            yield _span(found, day, day)


def _weekdays(text: str, today: date) -> Iterator[DatedWords]:
    for number, found in _found(enumerate(_WEEKDAYS), text):
        day = today - timedelta(days=(today.weekday() - number) % 7)
        yield _span(found, day, day)


def _found(numbered: Iterable[tuple[int, str]], text: str) -> Iterator[tuple[int, re.Match[str]]]:
    return ((number, found) for number, pattern in numbered for found in re.finditer(pattern, text, re.IGNORECASE))


def _span(found: re.Match[str], first: date, last: date) -> DatedWords:
    return DatedWords(start_char=found.start(), end_char=found.end(), first=first, last=last)


def _part_of_year(phrase: str, year: int) -> tuple[date, date]:
    """The first and last day of a year, or of the part of it (half, quarter, months, month, day) that the phrase names."""
    for first, last in sorted(find_periods(phrase)):
        return date(year, first, 1), month_days(year, last)[1]
    mention = next((found for found in find_dates(phrase) if found.month), None)
    if mention and mention.month:
        return _day_or_month(year, mention.month, mention.day) or month_days(year, mention.month)
    named = re.search(rf"{months.ENGLISH}|{months.RUSSIAN}", phrase, re.IGNORECASE)
    month = next((found.month for found in find_dates(f"in {named[0].title()} {year}")), None) if named else None
    return month_days(year, month) if month else (date(year, 1, 1), date(year, 12, 31))


def month_days(year: int, month: int) -> tuple[date, date]:
    """The first and the last day of a month."""
    following = date(year + month // 12, month % 12 + 1, 1)
    return date(year, month, 1), following - timedelta(days=1)


def month_away(day: date, months: int) -> tuple[int, int]:
    """Year and month (1 to 12) of the month that is `months` after that of `day`, or before it if negative."""
    count = 12 * day.year + day.month - 1 + months
    return count // 12, count % 12 + 1


def _day_or_month(year: int, month: int, day: int | None) -> tuple[date, date] | None:
    """The day or the whole month; None for a day that the month does not have."""
    try:
        return (date(year, month, day), date(year, month, day)) if day else month_days(year, month)
    except ValueError:
        return None


def _nearest(mention: DateMention, text: str, today: date) -> tuple[date, date] | None:
    """A month without its year: the latest, or the next if the text is about the future; with a day, the nearest."""
    month = mention.month or 1
    if mention.day:
        near = filter(None, (_day_or_month(today.year + away, month, mention.day) for away in (-1, 0, 1)))
        return min(near, key=lambda days: abs((days[0] - today).days), default=None)
    around = text[max(0, mention.start_char - _AHEAD_WINDOW_CHARS) : mention.end_char + _AHEAD_WINDOW_CHARS]
    is_past = month > today.month and not _AHEAD.search(around)
    return month_days(today.year - is_past, month)
