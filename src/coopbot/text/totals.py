"""What makes an amount no total of its time: it is planned, or of other things."""

from __future__ import annotations

import re

from coopbot.text.measures import flatten

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
_SCOPES = re.compile(
    r"\b(?:foreign\w*|surplus|deficit|all (?:countries|partners|routes)|worldwide|domestic)\b|\b(?:иностран\w+"
    r"|всеми? стран\w+|всех стран"
    r"|внутренн\w+|профицит\w*|дефицит\w*)\b"
    r"|顺差|逆差|外国|所有国家|各国|成员国|全球|国内|\bстран[а-я]* (?:РСЭП|АТР|ЕАЭС)\b",
    re.IGNORECASE,
)


def is_no_record(text: str, *, of_capacity: bool = False) -> bool:
    """Whether a sentence tells of a plan, a contract, a mistake or a rounded figure rather than of what was
    counted. of_capacity: what is asked for is what something can do.
    """
    flat = flatten(text)
    if of_capacity:
        flat = _CAN.sub(" ", flat)
    return bool(_DENIED.search(flat) or _PLANNED.search(flat))


def is_of_another_scope(question: str, text: str) -> bool:
    """Whether a sentence counts what a question does not: foreigners of all countries, trade with all of them."""
    return bool(_SCOPES.search(flatten(text))) and not _SCOPES.search(flatten(question))
