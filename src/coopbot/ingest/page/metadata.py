"""Authors, publisher and date from the bylines around an article, in three languages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from coopbot.ingest.draft import Metadata
from coopbot.ingest.page.full_dates import find_date, without_dates
from coopbot.ingest.page.names import is_organisation, person_names, publisher_name
from coopbot.ingest.page.vocabulary import alternatives
from coopbot.text.characters import HAN, to_simplified

_LONGEST_BYLINE = 300  # characters
_MOST_WORDS_BESIDE_DATE = 4
_MOST_HAN_BESIDE_DATE = 16


# Labels for the value after them: with a colon anywhere in the line, or without one at the start of a piece.
# "aside" values are neither author nor publisher: editors, photographers, counters.
_LABELS = {kind: alternatives(f"label_{kind}") for kind in ("author", "publisher", "published", "updated", "aside")}
_OPENING = "|".join(rf"(?P<{kind}_start>(?:^|(?<=\d )(?=by ))(?:{start}))" for kind, (start, _) in _LABELS.items() if start)
_WITH_COLON = "|".join(rf"(?P<{kind}>(?<![a-zа-яё])(?:{words})\s?[:：])" for kind, (_, words) in _LABELS.items())
_LABEL = re.compile(f"{_WITH_COLON}|{_OPENING}", re.I)
_LABEL_WITHOUT_COLON = re.compile(_OPENING, re.I)
_BAR = re.compile(r"\s*[|｜丨•]\s*|\s+[·/—–-]\s+|\s{2,}|[;；]")
_CLOCK = re.compile(
    r"(?:\bat |\bв )?\d{1,2}:\d{2}(?::\d{2})?(?:\s?(?:am|pm|gmt|utc|мск|msk|bjt|cst)\b)?"
    r"(?:\s?\(?(?:utc|gmt)\s?[+-]\d\d?(?::\d\d)?\)?)?",
    re.I,
)
_WEEKDAY = re.compile(
    r"\b(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b|"
    r"\b(?:понедельник|вторник|среда|четверг|пятница|суббота|воскресенье)\b|(?:星期|周)[一二三四五六日天]",
    re.I,
)
_CALENDAR = re.compile(rf"{_WEEKDAY.pattern}|\b(?:года|г|мск|at|в)\b|农历\S*", re.I)
_COUNTER = re.compile(
    r"(?:阅读|浏览|点击|评论|人气|views?|просмотр\w*|комментари\w*)(?:量|数|次数)?\s?[:：]?\s?\d[\d.,]*[万kк]?|"
    r"\d[\d.,]*[万kк]?\s?(?:次?阅读|次?浏览|评论|views?|comments?|просмотр\w*|комментари\w*)",
    re.I,
)
_DATE_OF = re.compile(r"(?:时间|日期|年份|时期)$")
_TODAY = re.compile(r"^\W*(?:today|сегодня|今天|现在)", re.I)
_REPORTER_IN_BRACKETS = re.compile(
    r"[（(〔【\[](?:本报|本网|见习|实习|特派|驻\S{2,4})?(?:记者|通讯员)[\s:：]*(?P<names>[^）)，。〕】\]]{2,30})[）)〕】\]]"
)
_IN_BRACKETS = re.compile(r"[(（]([^)）]{2,60})[)）]")  # "By Jane Doe (River Daily)"


def is_byline(text: str) -> bool:
    """Whether a line holds only author, publisher or date."""
    if len(text) > _LONGEST_BYLINE or re.search("[。！？]|[.!?]\\s+\\w+(?:\\s+\\w+){4}", text):
        return False
    pieces = list(_pieces(text))
    unlabelled = [value for kind, value in pieces if kind == "plain" or not _fits(kind, value)]
    if len(unlabelled) == len(pieces) and find_date(text) is None and not _CLOCK.search(text):
        return False
    return all(_is_aside(_beside_date(value), among=len(pieces)) for value in unlabelled)


def is_date(text: str) -> bool:
    """Whether a line is a full date, with or without a time, and nothing else."""
    return len(text) <= _LONGEST_BYLINE and find_date(text) is not None and not _beside_date(text)


def is_labelled(text: str) -> bool:
    """Whether a line has a label like "Updated:", or is only a date."""
    return any(kind != "plain" for kind, _ in _pieces(text)) or not _beside_date(text)


def read_byline(lines: Sequence[str]) -> Metadata:
    """The first authors, publisher and date in byline lines; a publication date takes precedence over an update."""
    authors: tuple[str, ...] = ()
    publisher = ""
    dates: dict[str, date] = {}
    for line in lines:
        pieces = [] if _TODAY.match(line) else list(_pieces(line))
        authors = authors or _authors(pieces)
        publisher = publisher or _publisher(pieces, line)
        for kind, value in pieces:
            if (day := find_date(value)) and not (kind == "plain" and _is_row(value)):
                dates.setdefault(kind, day)
    ranked = [dates[kind] for kind in ("published", "plain", "author", "publisher", "aside", "updated") if kind in dates]
    return Metadata(authors=authors, publisher=publisher, published=ranked[0] if ranked else None)


def names_weekday(line: str) -> bool:
    """Whether a line names a weekday, as today's date at the top of a page does."""
    return bool(_WEEKDAY.search(line))


def reporters_in(text: str) -> tuple[str, ...]:
    """The reporters that a Chinese news item names in brackets in its text."""
    found = _REPORTER_IN_BRACKETS.search(to_simplified(text))
    if found is None:
        return ()
    named = text[found.start("names") : found.end("names")].partition("／")[0].partition("/")[0]
    return person_names(re.sub("通[讯訊][员員]|[见見][习習]|[实實][习習]|本[报報]|[记記]者", " ", named))


def _is_row(value: str) -> bool:
    """Whether a date follows an infobox label, as in "Opened 4 May 1987": not a publication date."""
    rest = _beside_date(value)
    behind = value.strip().startswith(rest) and not value.strip()[len(rest) :].startswith((",", "，"))
    named = (
        is_organisation(rest) or person_names(rest, sure=True) or (re.search(f"[{HAN}]", rest) and not _DATE_OF.search(rest))
    )
    return bool(rest) and behind and not named and not _CLOCK.search(value)


def _pieces(line: str) -> Iterator[tuple[str, str]]:
    """The line split at bars and labels: the kind of each piece ("plain" without a label) and its value."""
    for piece in _BAR.split(line):
        kind, start = "plain", 0
        labels = _LABEL if ":" in piece or "：" in piece else _LABEL_WITHOUT_COLON
        for label in labels.finditer(to_simplified(piece)):
            if label.start() > start:
                yield kind, piece[start : label.start()]
            kind, start = str(label.lastgroup).removesuffix("_start"), label.end()
        if piece[start:].strip() or kind != "plain":
            yield kind, piece[start:]


def _authors(pieces: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    named = [person_names(_beside_date(value)) for kind, value in pieces if kind == "author"]
    if not any(named) and any(find_date(value) for _, value in pieces):
        named = [person_names(_beside_date(value), sure=True) for kind, value in pieces if kind == "plain"]
    return tuple(dict.fromkeys(name for names in named for name in names))


def _publisher(pieces: Sequence[tuple[str, str]], line: str) -> str:
    """The value labelled as source; else a piece that is beside an author or named like a paper, and is not a person."""
    values = [_beside_date(value) for kind, value in pieces if kind == "publisher"]
    values += [bracket[1] for kind, value in pieces if kind == "author" and (bracket := _IN_BRACKETS.search(value))]
    for value in values:
        if name := publisher_name(value):
            return name
    signed = bool(_authors(pieces)) and len(pieces) > 1
    labelled = any(kind == "author" for kind, _ in pieces)
    for kind, value in pieces:
        rest = _beside_date(value)
        named = signed or (find_date(line) is not None and is_organisation(rest))
        if kind == "plain" and named and (labelled or not person_names(rest, sure=True)) and publisher_name(rest):
            return publisher_name(rest)
    return ""


def _fits(kind: str, value: str) -> bool:
    """Whether a value fits its label, as none does in "By value, exports rose" or "Source: ..." in a sentence."""
    rest = _beside_date(value)
    if kind == "author":
        return bool(person_names(rest) or (publisher_name(rest) and _is_aside(rest, among=1))) and len(rest) <= 100
    return len(rest) <= 60


def _beside_date(value: str) -> str:
    """The value without dates, times, weekdays and view counters."""
    bare = _CLOCK.sub(" ", without_dates(value))
    for found in reversed(list(_COUNTER.finditer(to_simplified(bare)))):
        bare = bare[: found.start()] + bare[found.end() :]
    return _CALENDAR.sub(" ", bare).strip(" ,，.:：()（）[]【】-–—")


def _is_aside(rest: str, among: int) -> bool:
    """Whether the rest of a piece without its date is a name, not a statement. `among`: number of pieces in the line."""
    found = rest.split()
    if len(found) > _MOST_WORDS_BESIDE_DATE:
        return False
    if re.search(f"[{HAN}]", rest):
        return len(rest) <= _MOST_HAN_BESIDE_DATE
    return not any(word[0].islower() for word in (found[:1] if among > 1 else found))
