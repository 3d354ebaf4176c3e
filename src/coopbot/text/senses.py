"""Negation and uncertainty in a sentence, and characters without content: what a rewording may not change, and what it may."""

from __future__ import annotations

import re
from typing import Literal

Sense = Literal["not", "maybe"]

HAN_GLUE = frozenset("的了在是和与及于等被将为其以从到至由对就并而也都这那该此中上下一个有之所地得着间")
"""Chinese function characters."""

_SENSES: dict[Sense, re.Pattern[str]] = {
    "not": re.compile(
        r"\b(?:not|no|never|none|without|neither|nor|cannot|\w+n[’']t)\b|\b(?:не|нет|ни|без|никогда|никто|ничего)\b|[不没未无非勿]",
        re.IGNORECASE,
    ),
    "maybe": re.compile(
        r"\b(?:may|might|could|would|should|plan\w*|expect\w*|propos\w*|intend\w*|likely|possibl\w+|if|forecast\w*|target\w*|aim\w*)\b"
        r"|\b(?:долж\w+|может|могут|мог\w*|план\w*|предпол\w+|ожида\w+|предлаг\w+|намер\w+|возможн\w+|если|бы|прогноз\w*|проектн\w+)\b"
        r"|计划|预计|拟|有望|可能|应当|将|若|如果|提议|力争|规划|目标",
        re.IGNORECASE,
    ),
}


def senses(text: str) -> frozenset[Sense]:
    """Those that its words express. Without its dates: "May 2022" expresses no uncertainty."""
    return frozenset(sense for sense, words in _SENSES.items() if words.search(text))
