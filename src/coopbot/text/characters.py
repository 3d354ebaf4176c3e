"""The one way in for text from outside: what is no text is left out, a line has a greatest length; and other alphabets.

Questions, messages, titles, names, articles and what a language model writes all pass `plain_characters`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

from coopbot.text.words import file_text

# Control, zero-width and directional characters carry no text, disguise what is written and break exact search. Halves of
# characters, which a client leaves when it cuts a text, cannot be encoded at all.
_NO_TEXT = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ud800-\udfff\ufe00-\ufe0f\ufeff\ufff9-\ufffc\U000e0000-\U000e007f\U000e0100-\U000e01ef]"
)
HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af"
"""Chinese characters, to stand within the brackets of a regular expression."""
_LINE_BREAK = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")

LONGEST_LINE = 500
"""Characters of a title, or of the name of a person, publisher or place."""
LONGEST_ADDRESS = 2000
"""Characters of a web address."""


_LATIN = {
    ord(letter): latin
    for letter, latin in zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        "a b v g d e yo zh z i y k l m n o p r s t u f kh ts ch sh shch _ y _ e yu ya".replace("_", "").split(" "),
        strict=True,
    )
}


def romanised(text: str) -> str:
    """A text in lower case with Latin letters for Russian ones. Chinese cannot be romanised without a dictionary."""
    return text.translate(_LATIN)


def plain_characters(text: str) -> str:
    """NFC without characters that are no text; every kind of line break is a newline."""
    return unicodedata.normalize("NFC", _NO_TEXT.sub("", _LINE_BREAK.sub("\n", text)))


def has_meaning(text: str) -> bool:
    """Whether there is a letter, a digit or an emoji: something that can be read."""
    return any(character.isalnum() or unicodedata.category(character) == "So" for character in text)


# Pairs: a traditional character, then its simplified form, the first choice of OpenCC's conversion t2s (Apache-2.0). They are
# those of Big5 whose simplified form is in GB 2312, and a few common variants. A table of our own, since OpenCC
# costs megabytes and a load time for one dictionary look-up.
_PAIRS = file_text("simplified.txt").split()

TO_SIMPLIFIED: Mapping[int, str] = MappingProxyType({ord(pair[0]): pair[1] for pair in _PAIRS})
"""For `str.translate`."""


def to_simplified(text: str) -> str:
    """The text with simplified characters for traditional ones; every character keeps its place."""
    return text if text.isascii() else text.translate(TO_SIMPLIFIED)
