"""Words that ask, and words that point back to what was said before, in English, Chinese and Russian."""

from __future__ import annotations

import re
from collections.abc import Iterator

from coopbot.domain import Span
from coopbot.text.characters import HAN
from coopbot.text.gazetteer import find_names
from coopbot.text.tokens import lexical_tokens

_ASKS = re.compile(
    r"\b(?:what|when|where|who|whom|whose|which|why|how)\b"
    r"|\b(?:когда|где|куда|откуда|кто|кого|кем|кому|чего|сколько|скольких|насколько|почему|зачем|поч[её]м"
    r"|как(?:ой|ая|ое|ие|их|ого|ому|ую|им|ом|ова|ово|овы)?)\b"
    r"|多少|几(?![乎家次百千十亿万])|哪|什么|何|谁|怎么?|多[长大高久远快宽深重早]|啥",
    re.IGNORECASE,
)
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

# Openings of a sentence that refer to the one before.
_REFERENCE = re.compile(
    r"(?:it|its|they|their|he|his|she|her|this|these|those|that|such|the (?:latter|former|same)|both|there)\b"
    r"|(?:он|она|оно|они|его|её|ее|их|это|этот|эта|эти|этого|этой|этих|тот|та|те|там|такой|такая|такие|последн\w+|обе?)\b"
    r"|(?:它|他|她|其|该|这|那|此|前者|后者|两者|双方)"
    # After a short phrase of time or place: "from end to end it measures", «в 2024 году он перевёз», 2025年它.
    r"|(?:in|from|by|at|for|on|since|after|until|during|of)\b[^,.;:—]{1,30},? (?:it|they|he|she|them|these)\b"
    r"|(?:в|во|к|с|со|на|за|до|по|после|из)\b[^,.;:—]{1,30} (?:он|она|оно|они|их|ему|ей)\b"
    r"|[^，。；：、]{1,12}(?:年|月|日|时|前|后|起|中)，?(?:它|他|她)"
    r"|(?:one|some|most|all|each|none) of (?:it|them|these|those)\b"
    r"|(?:один|одна|одно|часть|больш\w+|все) из (?:них|этих)\b|(?:其中|同一)",
    re.IGNORECASE,
)

# At most so many words, or pairs of Han characters, besides numbers say what a question is about that is about nothing alone.
_FEW_WORDS, _FEW_BIGRAMS = 1, 3
_HAN = re.compile(rf"[{HAN}]")


def question_words(text: str) -> Iterator[Span]:
    """The places of words such as "when" and 多少, in order. Expects text that went through `flatten`."""
    return (Span(start_char=found.start(), end_char=found.end()) for found in _ASKS.finditer(text))


def begins_with_link(text: str) -> bool:
    """Whether a text begins with "and", "what about" or the like."""
    return bool(_LINK.match(text))


def points_back(text: str) -> bool:
    """Whether a text has a pronoun or another word that refers to what was said before."""
    return begins_with_link(text) or bool(_POINTS_BACK.search(text))


def needs_antecedent(question: str) -> bool:
    """Whether a question points back and says almost nothing else, like "how long is it?": alone it is about nothing."""
    said = [token for token in lexical_tokens(question) if not token[0].isdigit()]
    most = _FEW_BIGRAMS if _HAN.search(question) else _FEW_WORDS
    return points_back(question) and len(said) <= most and not find_names(question)


def opens_with_reference(sentence: str) -> bool:
    """Whether a sentence opens with a pronoun or the like, so that it needs the one before to be understood."""
    return bool(_REFERENCE.match(sentence))
