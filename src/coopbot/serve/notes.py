"""Notes on the time of a quote: "as of 3 July 2012", "“this year”: 2012"."""

from __future__ import annotations

from datetime import date, timedelta

from coopbot.domain import Citation, InterfaceLanguage, When
from coopbot.serve.messages import format_date, format_month, format_when, format_year, labelled, message


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
