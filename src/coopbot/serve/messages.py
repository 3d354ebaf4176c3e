"""The fixed texts shown to users, from texts/*/answers.json, and lines made of them: dates, names, notes. Without markup."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files

from pydantic import TypeAdapter

from coopbot.domain import (
    INTERFACE_LANGUAGES,
    LANGUAGES,
    MAX_QUESTION_CHARS,
    Article,
    Citation,
    InterfaceLanguage,
    Language,
    Notice,
    Remark,
    Source,
    Staleness,
    When,
)
from coopbot.errors import Busy, IndexBroken, IndexMismatch, IndexMissing, Misconfigured, ModelUnavailable
from coopbot.text.publishers import find_publisher, publisher_name

# A number and what it counts, or the rest of it; and the year after a day and a month.
_NUMBER_AND_UNIT = re.compile(r"(?<=\d) (?=[^\W\d_]|[%°]|\d{3}(?!\d))")
_DAY_AND_YEAR = re.compile(r"(?P<day>\d\u00a0[^\W\d_]+) (?=\d{4}(?!\d))")

# How many publishers of a brief's sources are named.
_SOURCES_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class DateForms:
    """How days, months and years are written. months: their names after a day; months_alone: without one."""

    day: str
    month: str
    year: str
    months: tuple[str, ...]
    months_alone: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Punctuation:
    """Signs with the spaces around them; … marks what they stand beside. brackets: follow a name or sentence."""

    comma: str
    between_items: str
    colon: str
    semicolon: str
    range: str
    and_others: str
    brackets: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """Every fixed text in one language. … marks where a value goes.

    `nearest` is the heading of passages that may not answer. `from_article` and `also_in` are by the language of a quote;
    `also_elsewhere` is for one in the same language.
    `questions` are some to ask, by the name of the article that answers them, those to begin with first. `notices` are shown in
    place of quotes: a reply to small talk, or a heading above articles. `remarks` are on an answer as a whole; `missing` is on
    a side of a comparison about which nothing was found, `missing_part` on a part of a question that asks several things.
    """

    possible: str
    no_evidence: str
    about_larger: str
    nearest: str
    from_article: dict[Language, str]
    also_in: dict[Language, str]
    also_elsewhere: str
    sources: str
    sources_differ: str
    series: str
    missing: str
    missing_part: str
    more: str
    more_articles: str
    last_answer: str
    remarks: dict[Remark, str]
    undated: str
    as_of: str
    stale: dict[Staleness, str]
    via: str
    read_in: str
    read_in_brief: str
    quoted: str
    based_on: str
    question_empty: str
    question_too_long: str
    busy: str
    unavailable: str
    went_wrong: str
    start: str
    help: str
    begun_anew: str
    questions: dict[str, tuple[str, ...]]
    notices: dict[Notice, str]
    punctuation: Punctuation
    dates: DateForms


_MESSAGES = TypeAdapter(Messages)


@cache
def message(language: InterfaceLanguage) -> Messages:
    """The fixed texts in `language`."""
    text = text_file(language, "answers").replace("{max_chars}", str(MAX_QUESTION_CHARS))
    return _MESSAGES.validate_json(text)


def text_file(language: InterfaceLanguage, name: str) -> str:
    """A file of a language's folder of texts: JSON."""
    return files("coopbot.serve").joinpath("texts", language, f"{name}.json").read_text(encoding="utf-8")


def first_questions(language: InterfaceLanguage) -> tuple[str, ...]:
    """Questions to begin with: the first of each article."""
    return tuple(questions[0] for questions in message(language).questions.values())


def unbroken(text: str) -> str:
    """The text, as long as before, with no-break spaces where a line should not end: within dates, and before units."""
    return _DAY_AND_YEAR.sub("\\g<day>\u00a0", _NUMBER_AND_UNIT.sub("\u00a0", text))


def language_of_locale(code: str | None) -> InterfaceLanguage:
    """The language of a client set to `code`, an IETF tag such as `zh-hans`; English for any other language."""
    primary = (code or "").lower().replace("_", "-").split("-")[0]
    return next((language for language in INTERFACE_LANGUAGES if language == primary), "en")


def error_text(error: Exception, language: InterfaceLanguage) -> str:
    """The text shown to a user for `error`: what to do next, without internal details."""
    texts = message(language)
    match error:
        case Busy():
            return texts.busy.replace("…", str(error.retry_after_s), 1)
        case IndexMissing() | IndexBroken() | IndexMismatch() | ModelUnavailable() | Misconfigured():
            return texts.unavailable
        case _:
            return texts.went_wrong


def format_date(published: date | None, language: InterfaceLanguage) -> str:
    """`published` in the date format of `language`, independent of the system's locale; None is "undated"."""
    texts = message(language)
    if published is None:
        return texts.undated
    month = texts.dates.months[published.month - 1]
    return texts.dates.day.format(day=published.day, month=month, year=published.year)


def format_month(day: date, language: InterfaceLanguage) -> str:
    """The month and year of `day`."""
    dates = message(language).dates
    return dates.month.format(month=dates.months_alone[day.month - 1], year=day.year)


def format_when(when: When | None, language: InterfaceLanguage) -> str:
    """A day, a month or a year, as exactly as it is known; None is "undated"."""
    if when is None:
        return message(language).undated
    match when.parts:
        case (year,):
            return format_year(year, language)
        case (_, _):
            return format_month(when.first, language)
        case _:
            return format_date(when.first, language)


def format_year(year: int, language: InterfaceLanguage) -> str:
    """A year on its own."""
    return message(language).dates.year.format(year=year)


def format_period(first: date, last: date, language: InterfaceLanguage) -> str:
    """The period as a year, a season such as 2020/21, months of a year, a day, or a range of days."""
    if first == last:
        return format_date(first, language)
    if (first.month, first.day, last.month, last.day) == (1, 1, 12, 31):
        return format_year(first.year, language) if first.year == last.year else f"{first.year}–{last.year}"
    if first.day == 1 and (last + timedelta(days=1)).day == 1 and (first.year, first.month) == (last.year, last.month):
        return format_month(first, language)
    if (first.month, first.day, last.month, last.day, last.year) == (7, 1, 6, 30, first.year + 1):
        return f"{first.year}/{last.year % 100:02}"
    if first.day == 1 and (last + timedelta(days=1)).day == 1 and first.year == last.year:
        dates = message(language).dates
        months = "–".join(dates.months_alone[day.month - 1] for day in (first, last))
        return dates.month.format(month=months, year=first.year)
    return message(language).punctuation.range.replace("…", "{}").format(*(format_date(day, language) for day in (first, last)))


def publisher_line(article: Article | Citation, language: InterfaceLanguage) -> str:
    """The publisher; for a brief also the first few publishers of its sources."""
    publisher = publisher_name(article.publisher, language)
    if isinstance(article, Citation) and article.attributions:
        return publisher  # the sources of the quote are shown with it
    sources = article.all_sources() if isinstance(article, Article) else article.sources
    names = list(dict.fromkeys(publisher_name(source.publisher, language) for source in sources if source.publisher))
    if not names:
        return publisher
    texts = message(language)
    shown = listed(names[:_SOURCES_SHOWN], language)
    if len(names) > _SOURCES_SHOWN:
        shown = texts.punctuation.and_others.replace("…", shown, 1)
    return (publisher + bracketed(texts.based_on.replace("…", shown, 1), language)).strip()


def source_text(source: Source, language: InterfaceLanguage) -> str:
    """Who said something and when, such as "RIA via Rambler, March 2026"."""
    name, comma = source_name(source, language), message(language).punctuation.comma
    return f"{name}{comma}{format_when(source.published, language)}"


def source_name(source: Source, language: InterfaceLanguage) -> str:
    """The publisher, and who published it again."""
    name = publisher_name(source.publisher, language)
    if not source.via:
        return name
    before, between, after = message(language).via.split("…")
    return f"{before}{name}{between}{publisher_name(source.via, language)}{after}"


def source_names(source: Source) -> dict[Language, str]:
    """Its name in each language."""
    return {language: source_name(source, language) for language in LANGUAGES}


def read_in(citation: Citation, language: InterfaceLanguage) -> str:
    """Where a quote was read that others said, such as "in a coopbot brief"; "" where only its article says it."""
    if not citation.attributions or not citation.publisher:
        return ""
    known = find_publisher(citation.publisher)
    if known and known.kind == "brief":
        return message(language).read_in_brief
    return message(language).read_in.replace("…", publisher_name(citation.publisher, language), 1)


def bracketed(text: str, language: InterfaceLanguage) -> str:
    """The text in the brackets of `language`, with the space before them; "" for no text."""
    return message(language).punctuation.brackets.replace("…", text, 1) if text else ""


def labelled(label: str, text: str, language: InterfaceLanguage) -> str:
    """A label, the colon of `language`, and the text."""
    return label + message(language).punctuation.colon + text


def listed(items: Iterable[str], language: InterfaceLanguage) -> str:
    """The items, joined by the list separator of `language`."""
    return message(language).punctuation.between_items.join(items)


def citation_note(citation: Citation, language: InterfaceLanguage) -> str:
    """The note on one quote; "" if none is needed."""
    texts = message(language)
    parts = [texts.undated] if citation.as_of == "undated" else []
    if isinstance(citation.as_of, When):
        parts.append(texts.as_of.replace("…", format_when(citation.as_of, language)))
    for words in citation.dated_words:
        quoted = texts.quoted.replace("…", words.of(citation.quote))
        parts.append(labelled(quoted, format_period(words.first, words.last, language), language))
    return texts.punctuation.semicolon.join(parts)


def age_note(citation: Citation, language: InterfaceLanguage) -> str:
    """The note before a quote that is out of date; "" if it is not."""
    if citation.stale is None:
        return ""
    return message(language).stale[citation.stale.kind].replace("…", format_when(citation.stale.when, language))
