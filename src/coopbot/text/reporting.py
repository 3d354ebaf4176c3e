"""Counts words that attribute a statement to somebody, and words that contrast two accounts: English, Chinese and Russian."""

from __future__ import annotations

import re

_REPORTS = re.compile(
    r"\b(?:according to|says?|said|wr(?:ites?|ote|itten)|g[ai]ves?|puts?|report(?:s|ed)?|count(?:s|ed)?|quot(?:es|ed|ing)"
    r"|named|spoke|speaks|estimat(?:es|ed)|cit(?:es|ed|ing)|stat(?:es|ed)|claim(?:s|ed)?)\b"
    r"|\bпо (?:данным|словам|сведениям|подсч\w+|информации|оценк\w+)"
    r"|\b(?:писа[лв]\w*|написал\w*|пишет|пишут|указ(?:а|ыва)\w+|оцен(?:и|ива)\w+|назва\w+|называ\w+|говори\w+|заяв\w+"
    r"|сообщ\w+|насчит\w+|привод\w+|прив[её]л\w*)"
    r"|说|說|写|寫|称|稱|报道|報道|報導|数字|數字|数据|數據|给出|給出|列出|提到",
    re.IGNORECASE,
)
_CONTRASTS = re.compile(
    r"\b(?:whereas|while|differ\w*|disput\w*|versus|two (?:figures|versions|officials|sources|dates)|others?|another|but"
    r"|most sources)\b"
    r"|\b(?:друг(?:ие|ая|ой|их|им)|тогда как|расхо\w+|разн(?:ые|ятся|ится)|иначе)\b|;"
    r"|两种|兩種|不一|另一|则|則|而|各有|有的",
    re.IGNORECASE,
)


def count_attributions(text: str) -> int:
    """The number of words that attribute a statement, such as "according to"."""
    return len(_REPORTS.findall(text))


def count_contrasts(text: str) -> int:
    """The number of words that contrast, such as "whereas"; a semicolon counts too."""
    return len(_CONTRASTS.findall(text))
