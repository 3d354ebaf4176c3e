"""Recognises small talk: greetings, thanks, abuse, and asking what the bot is and can do.

The phrases are data, `small_talk.json`. A message is small talk only if phrases of the table cover every word of it: any other
word makes it a question.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import takewhile

from coopbot.domain import TALKS, Talk
from coopbot.text.characters import HAN
from coopbot.text.measures import flatten
from coopbot.text.words import file_text

# A longer message is never mere politeness.
_MOST_TOKENS = 24
_LONG_WORD = 7

# Han characters one by one, other scripts by words.
_TOKEN = re.compile(rf"[{HAN}]|[^\W_{HAN}]+")
_APOSTROPHE = re.compile(r"(?<=\w)['’ʼ`](?=\w)")
# "Hellooo" is hello; a letter counts once however often it is repeated, in the table too.
_DRAWN_OUT = re.compile(r"([a-zа-я])\1+")
_SAME_LETTER = str.maketrans({"ё": "е", "您": "你", "妳": "你", "甚": "什"})

# The first of these that occurs decides: "hi, who are you?" is about identity.
_BY_WEIGHT: tuple[Talk, ...] = ("abuse", "identity", "ability", "farewell", "thanks", "greeting")

# With a question mark these are real questions ("good one?"), unlike "how are you?". None: a filler.
_NEVER_ASKED: frozenset[Talk | None] = frozenset({"thanks", "farewell", None})

_Phrases = Mapping[str, Sequence[tuple[tuple[str, ...], Talk | None]]]
"""(phrase tokens, kind) by first letter of the first token, longest phrase first. None: a filler."""


def find_small_talk(text: str) -> Talk | None:
    """The kind of small talk; None if the message may be a question."""
    tokens = _tokens(text)
    if not tokens:
        # Nothing but emoji: a thumbs-up, a heart.
        return "thanks" if re.search(r"[^\s\w?？!！.,。，…]", text) else None
    if len(tokens) > _MOST_TOKENS:
        return None
    # covered[end]: kinds of the phrases that cover tokens[:end] without gaps, longest phrases preferred.
    covered: dict[int, frozenset[Talk | None]] = {0: frozenset()}
    for at in range(len(tokens)):
        if at not in covered:
            continue
        for phrase, talk in _load().get(tokens[at][0], ()):
            part = tokens[at : at + len(phrase)]
            if len(part) == len(phrase) and all(map(_matches, part, phrase)):
                covered.setdefault(at + len(phrase), covered[at] | {talk})
    found = covered.get(len(tokens))
    if found and found <= _NEVER_ASKED and re.search("[?？]", text):
        return None
    return next((talk for talk in _BY_WEIGHT if talk in found), None) if found else None


def _tokens(text: str) -> list[str]:
    plain = flatten(text).lower().translate(_SAME_LETTER)
    return _TOKEN.findall(_DRAWN_OUT.sub(r"\1", _APOSTROPHE.sub("", plain)))


def _matches(written: str, word: str) -> bool:
    """Whether `written` is `word`; a long word may have one letter wrong, missing or added, or two neighbours swapped."""
    if written == word:
        return True
    if len(word) < _LONG_WORD or abs(len(written) - len(word)) > 1:
        return False
    start = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(written, word, strict=False)))
    rest, of_word = written[start:], word[start:]
    swapped = rest[:2] == of_word[:2][::-1] and rest[2:] == of_word[2:]
    return swapped or rest[1:] == of_word[1:] or rest[1:] == of_word or rest == of_word[1:]


@lru_cache(1)
def _load() -> _Phrases:
    text = file_text("small_talk.json")
    table: dict[str, dict[str, list[str]]] = json.loads(text)
    found: dict[str, list[tuple[tuple[str, ...], Talk | None]]] = {}
    for name, by_language in table.items():
        talk = next((one for one in TALKS if one == name), None)
        for phrase in (phrase for phrases in by_language.values() for phrase in phrases):
            tokens = tuple(_tokens(phrase))
            found.setdefault(tokens[0][0], []).append((tokens, talk))
    return {letter: sorted(phrases, key=lambda one: -len(one[0])) for letter, phrases in found.items()}
