"""Follow-up questions: what was asked before is put in front, and search and reader make of it what they can.

Whether a question is one is not decided by its words alone: it is searched by itself too, and the better answer counts.

Of what was asked before, a date or a name gives way to its like: "how much in 2023?" and "and in 2024?" ask for one year.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from coopbot.domain import MAX_QUESTION_CHARS
from coopbot.text.dates import find_dates
from coopbot.text.gazetteer import find_names, name_mentions
from coopbot.text.tokens import lexical_tokens

# A question that says so much by itself, and names something, stands alone.
_ENOUGH_TOKENS = 4

_LINK = re.compile(
    r"^\W*(?:(?:and|but|or|so|then|what about|how about|same for)\b"
    r"|(?:а|и|но|или|ну а|тогда|что насч[её]т|как насч[её]т)\s"
    r"|那么?|还有|又|至于|此外)[\s,，]*",
    re.IGNORECASE,
)
_POINTS_BACK = re.compile(
    r"\b(?:it|its|they|them|their|this|that|these|those|there|then|he|she|his|her)\b"
    r"|\b(?:он[аои]?|его|е[её]|их|им[и]?|н[её]м|ней|них|эт\w{1,3}|т[ау]м|тогда|оттуда|туда|сам\w?)\b"
    r"|[它他她其]|这[个些座条项]?|那[个些座条项里]|该",
    re.IGNORECASE,
)


# What a date or a name leaves behind at the end of a question.
_DANGLING = re.compile(r"\s*(?:\b(?:in|at|on|of|for|by|during|в|во|на|за|по|у|из|через)\b\s*)?[?.,!？。]*$", re.IGNORECASE)


def readings(question: str, earlier: Sequence[str]) -> tuple[str, ...]:
    """What a question may mean after the resolved questions `earlier` of its conversation, newest last: made whole by what was
    asked before and, unless it begins with "and" or its like, by itself.
    """
    resolved = resolve(question, earlier)
    return (resolved,) if resolved == question or _LINK.match(question) else (resolved, question)


def resolve(question: str, earlier: Sequence[str]) -> str:
    """A question made whole by the last one of `earlier`, unless it stands alone."""
    if not earlier or stands_alone(question):
        return question
    rest = _LINK.sub("", question).strip()
    last = _without_like(earlier[-1], rest)
    resolved = f"{last} {rest}".strip()
    return resolved if len(resolved) <= MAX_QUESTION_CHARS else question


def points_back(question: str) -> bool:
    """Whether a question has words that point to what was asked before."""
    return bool(_LINK.match(question) or _POINTS_BACK.search(question))


def stands_alone(question: str) -> bool:
    """Whether a question says by itself what it is about."""
    if points_back(question):
        return False
    return bool(find_names(question)) and len(lexical_tokens(question)) >= _ENOUGH_TOKENS


def _without_like(last: str, rest: str) -> str:
    """The last question less the dates and names that the follow-up gives others for."""
    spans: list[tuple[int, int]] = []
    if any(mention.year for mention in find_dates(rest)):
        spans += [(mention.start_char, mention.end_char) for mention in find_dates(last)]
    if find_names(rest):
        spans += _names(last)
    if not spans:
        return last
    for start, end in sorted(spans, reverse=True):
        last = last[:start] + last[end:]
    tidied = re.sub(r"\s{2,}", " ", last).strip()
    return _DANGLING.sub("", tidied)


def _names(text: str) -> list[tuple[int, int]]:
    """Where the only thing that a text names stands; none if it names several, for which of them gives way is not said."""
    if len(find_names(text)) != 1:
        return []
    found = [re.search(re.escape(surface), text, re.IGNORECASE) for surface, _ in name_mentions(text)]
    return [match.span() for match in found if match]
