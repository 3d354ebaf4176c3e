"""Time in questions and quotes: resolves "this year" and "last month", prefers newer answers for "latest", dates quotes."""

from __future__ import annotations

import re
from calendar import month_name
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Literal

from coopbot.ask.rank.retrieve import ScoredSentence
from coopbot.domain import Citation, DatedWords
from coopbot.text.dates import find_years
from coopbot.text.relative import month_away, relative_words, resolve_dates, speaks_of_now

# Maximum gap in log odds within which the newest sentence comes first when a question asks for the latest. Of 86 such questions
# on the corpus, the first sentence is right for 55 without it, 60 with 0.7, 64 with 1.3, and 63 with 2.0.
_ABOUT_EQUALLY_LIKELY = 1.3

# A quote older than this is shown with its date.
_OLD = timedelta(days=365)

# For this, the last and the next year or month: the offset, the words for it in English and in Russian, and the Chinese words
# for the year and for the month. They must not match in 日本年均, 以上月份 and 登上月球.
_RELATIVE = (
    (0, "this", "(?:эт|нынешн|текущ)(?:от|ом|его|ого|ий|ем|ему)", "今年|(?<![日基])本年度?", "[这這][个個]?|(?<![日基])本"),
    (-1, "last", "(?:прошл|минувш|прошедш)(?:ый|ом|ого|ий|ем|его)", "去年", "(?<!以)上[个個]?"),
    (1, "next", "(?:следующ|будущ)(?:ий|ем|его)", "明年", "(?<!以)下[个個]?"),
)
_YEARS = {
    -2: re.compile(r"前年|\bthe year before last\b|\bпозапрошл(?:ый|ом|ого) (?P<noun>год\w?)\b", re.IGNORECASE),
    **{
        away: re.compile(rf"{han}|(?<!the )\b{english} year\b|\b{russian} (?P<noun>год\w?)\b", re.IGNORECASE)
        for away, english, russian, han, _ in _RELATIVE
    },
}
_MONTHS = {
    away: re.compile(rf"(?:{han})月(?!球)份?|(?<!the )\b{english} month\b|\b{russian} (?P<noun>месяц[ае]?)\b", re.IGNORECASE)
    for away, english, russian, _, han in _RELATIVE
}
_RUSSIAN_MONTHS = (
    "январь", "февраль", "март", "апрель", "май", "июнь",
    "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь",
)  # fmt: skip
_AFTER_PREPOSITION = re.compile(r"\b(?:of|for|in|during|since|by|until|from|than|to|with|into|and)\s+$", re.IGNORECASE)


def with_dates(question: str, today: date) -> str:
    """The question with "this year" or "last year" replaced by the number of the year, "this month" by month and year."""
    for away, pattern in _YEARS.items():
        question = pattern.sub(partial(_year, year=today.year + away), question)
    for away, pattern in _MONTHS.items():
        year, month = month_away(today, away)
        question = pattern.sub(partial(_month, year=year, month=month), question)
    return question


def _year(found: re.Match[str], year: int) -> str:
    if found["noun"]:
        return f"{year} {found['noun']}"
    return f"{year}年" if found[0][0] > "\u3400" else _after_in(found, f"{year}")


def _month(found: re.Match[str], year: int, month: int) -> str:
    if found["noun"]:
        return f"{_inflected(_RUSSIAN_MONTHS[month - 1], found['noun'])} {year} года"
    return f"{year}年{month}月" if found[0][0] > "\u3400" else _after_in(found, f"{month_name[month]} {year}")


def _inflected(month: str, noun: str) -> str:
    """A Russian month in the case that `noun`, "месяц", "месяца" or "месяце", is in."""
    stem, ending = month.rstrip("ьй"), noun[-1].lower()
    if ending == "а" and stem != month:
        ending = "я"
    return month if ending == "ц" else stem + ending


def _after_in(found: re.Match[str], named: str) -> str:
    """An English date, with "in" unless a preposition precedes it or "'s" follows."""
    before, after = found.string[: found.start()], found.string[found.end() :]
    return named if _AFTER_PREPOSITION.search(before) or after.startswith(("'", "’")) else f"in {named}"


def promote_newer(sentences: Sequence[ScoredSentence], published: Callable[[str], date | None]) -> tuple[ScoredSentence, ...]:
    """Move to the front the newest of the sentences that are about as likely as the first. published: article id -> date."""
    if not sentences:
        return ()
    near = [one for one in sentences if one.log_odds >= sentences[0].log_odds - _ABOUT_EQUALLY_LIKELY]
    # max() returns the first of equally new sentences, which is the likeliest.
    newest = max(near, key=lambda one: _day_of(one.text, published(one.stored.passage.article_id)))
    return (newest, *(one for one in sentences if one is not newest))


def _day_of(text: str, published: date | None) -> date:
    """The day up to which a sentence is current: the last day it names, at most its publication, or else its publication."""
    if published is None:
        return date.min
    named = [span.last for span in resolve_dates(text, published) if span.first <= published]
    return min(published, max(named)) if named else published


def dated(citation: Citation, today: date, *, latest: bool) -> Citation:
    """The citation with its date attached where needed. latest: whether the question asks about the present."""
    return replace(citation, as_of=_as_of(citation, today, latest=latest), dated_words=_dated_words(citation))


def _as_of(citation: Citation, today: date, *, latest: bool) -> date | Literal["undated"] | None:
    """The date to show with a quote. One that names its own year needs none, unless it also speaks of its present day."""
    published = citation.published
    if published is None:
        return "undated"
    if today - published <= _OLD:
        return None
    speaks_of_its_day = speaks_of_now(citation.quote) or bool(relative_words(citation.quote, published))
    return published if latest or speaks_of_its_day or not _names_a_year(citation.quote) else None


def _dated_words(citation: Citation) -> tuple[DatedWords, ...]:
    """Empty if the quote names a year: "next year" may then be relative to that."""
    if citation.published is None or _names_a_year(citation.quote):
        return ()
    return tuple(relative_words(citation.quote, citation.published))


def _names_a_year(text: str) -> bool:
    return bool(find_years(text))
