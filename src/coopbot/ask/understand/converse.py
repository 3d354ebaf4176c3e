"""Follow-up questions: the previous question is prepended, and retrieval and reader work on both.

Words alone do not decide whether a question is a follow-up: it is also searched on its own, and the better answer wins.

A date or name in the follow-up replaces one of the same kind in the previous question: after "how much in 2023?", "and in
2024?" asks about 2024 only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from coopbot.domain import MAX_QUESTION_CHARS
from coopbot.text.dates import find_dates, find_years
from coopbot.text.gazetteer import find_names, name_mentions
from coopbot.text.tokens import lexical_tokens

# A question of at least this many tokens that names something stands alone.
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


# Preposition and punctuation left at the end of a question once its date or name is removed.
_DANGLING = re.compile(r"\s*(?:\b(?:in|at|on|of|for|by|during|в|во|на|за|по|у|из|через)\b\s*)?[?.,!？。]*$", re.IGNORECASE)


def readings(question: str, earlier: Sequence[str]) -> tuple[str, ...]:
    """The queries to try for a question, given the resolved questions `earlier` of its conversation, newest last: the question
    completed by the previous one and, unless it begins with "and" or similar, the question itself.
    """
    resolved = resolve(question, earlier)
    return (resolved,) if resolved == question or _LINK.match(question) else (resolved, question)


def resolve(question: str, earlier: Sequence[str]) -> str:
    """The question completed by the last of `earlier`, unless it stands alone."""
    if not earlier or stands_alone(question):
        return question
    rest = _LINK.sub("", question).strip()
    last = _without_like(earlier[-1], rest)
    resolved = f"{last} {rest}".strip()
    return resolved if len(resolved) <= MAX_QUESTION_CHARS else question


def points_back(question: str) -> bool:
    """Whether a question has words that refer to an earlier question."""
    return bool(_LINK.match(question) or _POINTS_BACK.search(question))


def stands_alone(question: str) -> bool:
    """Whether a question can be understood without the earlier ones."""
    if points_back(question):
        return False
    return bool(find_names(question)) and len(lexical_tokens(question)) >= _ENOUGH_TOKENS


def _without_like(last: str, rest: str) -> str:
    """The last question without the dates and names that the follow-up replaces."""
    spans: list[tuple[int, int]] = []
    if find_years(rest):
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
    """The span of the one name in a text; empty if it has several, since it is unclear which one is replaced."""
    if len(find_names(text)) != 1:
        return []
    found = [re.search(re.escape(surface), text, re.IGNORECASE) for surface, _ in name_mentions(text)]
    return [match.span() for match in found if match]
