"""Time in answers: newer ones are preferred for "latest", and quotes are dated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Literal

from coopbot.ask.rank.retrieve import ScoredSentence
from coopbot.domain import Attribution, Citation, DatedWords, Stale, When
from coopbot.text.dates import find_years
from coopbot.text.relative import relative_words, resolve_dates, speaks_of_now

# Maximum gap in log odds within which the newest sentence comes first when a question asks for the latest. Of 86 such questions
# on the corpus, the first sentence is right for 55 without it, 60 with 0.7, 64 with 1.3, and 63 with 2.0.
_ABOUT_EQUALLY_LIKELY = 1.3

# A quote older than this is shown with its date.
_OLD = timedelta(days=365)


def promote_newer(
    sentences: Sequence[ScoredSentence], said: Callable[[ScoredSentence], When | None]
) -> tuple[ScoredSentence, ...]:
    """Move to the front the newest of the sentences that are about as likely as the first. said: when a sentence was."""
    if not sentences:
        return ()
    near = [one for one in sentences if one.log_odds >= sentences[0].log_odds - _ABOUT_EQUALLY_LIKELY]
    # max() returns the first of equally new sentences, which is the likeliest.
    newest = max(near, key=lambda one: _day_of(one.text, said(one)))
    return (newest, *(one for one in sentences if one is not newest))


def _day_of(text: str, said: When | None) -> date:
    """The day up to which a sentence is current: the last day it names that had come when it was said, or else that day."""
    if said is None:
        return date.min
    published = said.last
    named = [span.last for span in resolve_dates(text, published) if span.first <= published]
    return min(published, max(named)) if named else published


def dated(citation: Citation, today: date, *, latest: bool) -> Citation:
    """The citation with its date attached where needed, and whether it is out of date. latest: whether the question asks about
    the present.
    """
    return replace(
        citation,
        as_of=_as_of(citation, today, latest=latest),
        dated_words=_dated_words(citation),
        stale=_stale(citation.attributions, today),
    )


def _as_of(citation: Citation, today: date, *, latest: bool) -> When | Literal["undated"] | None:
    """The date to show with a quote. One that names its own year needs none, unless it also speaks of its present day."""
    said = citation.said
    if said is None:
        return "undated"
    if today - said.last <= _OLD:
        return None
    speaks_of_its_day = speaks_of_now(citation.quote) or bool(relative_words(citation.quote, said.last))
    return said if latest or speaks_of_its_day or not _names_a_year(citation.quote) else None


def _dated_words(citation: Citation) -> tuple[DatedWords, ...]:
    """Empty if the quote names a year: "next year" may then be relative to that. What was said in March 2026 or in 2026 does
    not date shorter times than these.
    """
    said = citation.said
    if said is None or _names_a_year(citation.quote):
        return ()
    words = relative_words(citation.quote, said.last)
    return tuple(one for one in words if one.last - one.first >= said.last - said.first)


def _stale(attributions: Sequence[Attribution], today: date) -> Stale | None:
    """What has passed of all that the attributions give; the latest of it."""
    until = [one.valid_until for one in attributions if one.valid_until]
    planned = [one.planned_for for one in attributions if one.planned_for]
    if until and all(when.last < today for when in until):
        return Stale(kind="expired", when=max(until, key=lambda when: when.last))
    if planned and all(when.last < today for when in planned):
        return Stale(kind="overdue", when=max(planned, key=lambda when: when.last))
    return None


def _names_a_year(text: str) -> bool:
    return bool(find_years(text))
