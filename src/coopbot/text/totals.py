"""What makes an amount no total of its time: it is planned, a rate, or of a few days or other things."""

from __future__ import annotations

import re

from coopbot.domain import Span
from coopbot.text.measures import flatten

_RATE_AFTER = re.compile(
    r"[^,;.]{0,24}?\b(?:(?:a|per|each|every) (?:year|day|week|month)|annually|yearly|daily|weekly|в (?:год|сутки|день"
    r"|неделю|месяц)|ежегодно"
    r"|ежедневно)\b"
    r"|[^，。；]{0,3}/[年天日]",
    re.IGNORECASE,
)
_RATE_BEFORE = re.compile(
    r"(?:(?:每[年天日月]|年均|日均)[^，。；]{0,8}|\b(?:annual|daily|yearly)\b[^,;.]{0,30}|\b(?:годов"
    r"|суточн)\w+[^,;.]{0,30})$",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\b(?:wrong(?:ly)?|mistaken(?:ly)?|error|erroneous|misprint|confus\w+|round(?:s|ed))\b|\b(?:ошиб\w+|неверн\w+|опечатк\w+"
    r"|перепута\w+|округл\w+)\b|误|写错|实际是|混淆|四舍五入|取整",
    re.IGNORECASE,
)
_CAN = re.compile(r"\b(?:could|can|design\w*|мог\w*|может|проектн\w+)\b|设计|可以?", re.IGNORECASE)
_PLANNED = re.compile(
    r"\b(?:is|are|was|were|has|have|had) to\b|\b(?:foresees?|foreseen|foresaw|contract(?:ed|ual)?|design(?:ed)?|promis\w+"
    r"|quotas?|will|shall|would"
    r"|could|goal|hop(?:es|ed|ing))\b"
    r"|\b(?:будет|будут|контракт\w*|проект\w+|обеща\w+|квот\w+|рассчитыва\w+|собира(?:ет|ют|л)\w*|намеч\w+|надея\w+)\b|将|合同规定|设计|预期"
    r"|配额|目标",
    re.IGNORECASE,
)
_HOLIDAY = re.compile(
    r"\b(?:golden week|holidays?|new year|weekend|festival)\b|\b(?:праздник\w*|каникул\w*|выходн\w+|новый год"
    r"|золот\w+ недел\w+)\b|黄金周|春节|假期|长假|端午",
    re.IGNORECASE,
)
_SCOPES = re.compile(
    r"\b(?:foreign\w*|surplus|deficit|all (?:countries|partners|routes)|worldwide|domestic)\b|\b(?:иностран\w+"
    r"|всеми? стран\w+|всех стран"
    r"|внутренн\w+|профицит\w*|дефицит\w*)\b"
    r"|顺差|逆差|外国|所有国家|各国|成员国|全球|国内|\bстран[а-я]* (?:РСЭП|АТР|ЕАЭС)\b",
    re.IGNORECASE,
)


def is_of_days(text: str) -> bool:
    """Whether a sentence counts a few days of a year, such as a holiday."""
    return bool(_HOLIDAY.search(flatten(text)))


def is_no_record(text: str, *, of_capacity: bool = False) -> bool:
    """Whether a sentence tells of a plan, a contract, a mistake or a rounded figure rather than of what was
    counted. of_capacity: what is asked for is what something can do.
    """
    flat = flatten(text)
    if of_capacity:
        flat = _CAN.sub(" ", flat)
    return bool(_DENIED.search(flat) or _PLANNED.search(flat))


def is_rate(amount: Span, text: str) -> bool:
    """Whether an amount is one for every year or day: "38 bcm a year"."""
    flat = flatten(text)
    before = flat[max(0, amount.start_char - 40) : amount.start_char]
    return bool(_RATE_AFTER.match(flat, amount.end_char) or _RATE_BEFORE.search(before))


def is_of_another_scope(question: str, text: str) -> bool:
    """Whether a sentence counts what a question does not: foreigners of all countries, trade with all of them."""
    return bool(_SCOPES.search(flatten(text))) and not _SCOPES.search(flatten(question))
