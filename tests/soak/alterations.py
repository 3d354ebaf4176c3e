"""Quotes made to say something else, as a language model might: each a sentence that its quote does not support."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from coopbot.domain import Citation
from coopbot.text.gazetteer import names_in
from coopbot.write.facts import find_facts

_STRANGER = {"en": "Murmansk", "zh": "摩尔曼斯克", "ru": "Мурманск"}
_OTHER_PLACE = ("zarubino", "suifenhe")
_NOT = {"en": (" was ", " was not "), "zh": ("于", "没有于"), "ru": (" был", " не был")}


def alterations(citation: Citation) -> Iterator[tuple[str, str]]:
    """The kind of each alteration, and the sentence."""
    quote, facts = citation.quote, find_facts(citation.quote)
    for fact in facts:
        before, own, after = quote[: fact.start_char], quote[fact.start_char : fact.end_char], quote[fact.end_char :]
        if fact.kind == "name":
            for place in names_in(_OTHER_PLACE, citation.language):
                if place not in quote:
                    yield "name", f"{before}{place}{after}"
        else:
            altered = re.sub(r"[1-9](?=\D*$)", lambda digit: str(int(digit[0]) % 9 + 1), own, count=1)
            if altered != own:
                yield fact.kind, f"{before}{altered}{after}"
    names = [fact for fact in facts if fact.kind == "name"]
    for one, other in pairwise(names):
        if one.value != other.value and one.end_char < other.start_char:
            first, second = quote[one.start_char : one.end_char], quote[other.start_char : other.end_char]
            middle = quote[one.end_char : other.start_char]
            yield "swapped", f"{quote[: one.start_char]}{second}{middle}{first}{quote[other.end_char :]}"
    plain, turned = _NOT[citation.language]
    if plain in quote:
        yield "not", quote.replace(plain, turned, 1)
    yield "stranger", f"{_STRANGER[citation.language]}: {quote}"
