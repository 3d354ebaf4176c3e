"""Words of the field grouped by concept, in three languages: "cost", стоимость and 造价 are one concept.

They are in `glossary.json`: for each concept's id its words by language. A word may belong to several concepts.
"""

from __future__ import annotations

import importlib.resources
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from coopbot.text.simplified import TO_SIMPLIFIED
from coopbot.text.tokens import lexical_tokens

_HAN = re.compile("[\u3400-\u9fff]")

Mention = tuple[tuple[str, ...], tuple[str, ...]]
"""The lexical tokens of a mention, and the ids of its possible concepts."""


_Phrases = Mapping[str, tuple[Mention, ...]]
"""Mentions by their first token, the longest first."""


@dataclass(frozen=True, slots=True)
class _Glossary:
    """words: phrases as lexical tokens. han: Chinese phrases as characters."""

    words: _Phrases
    han: _Phrases


def find_concepts(text: str) -> frozenset[str]:
    """Ids of all concepts in `text`."""
    return frozenset(id_ for _, ids in concept_mentions(text) for id_ in ids)


def concept_mentions(text: str) -> Iterator[Mention]:
    """All words of the glossary in `text`. Of several that begin at the same place the longest counts. Chinese words do not
    overlap, others may.
    """
    glossary = _load()
    tokens = lexical_tokens(text)
    for at in range(len(tokens)):
        if found := _longest(tokens, at, glossary.words):
            yield found
    if _HAN.search(text):
        yield from _han_mentions(unicodedata.normalize("NFKC", text).translate(TO_SIMPLIFIED), glossary.han)


def _han_mentions(text: str, phrases: _Phrases) -> Iterator[Mention]:
    at = 0
    while at < len(text):
        if found := _longest(text, at, phrases):
            phrase, ids = found
            # A single character is a token only where it is alone; elsewhere the token is the pair that begins with it.
            yield tuple(lexical_tokens(text[at : at + max(2, len(phrase))])), ids
            at += len(phrase)
        else:
            at += 1


def _longest(tokens: Sequence[str], at: int, phrases: _Phrases) -> Mention | None:
    for phrase, ids in phrases.get(tokens[at], ()):
        if phrase == tuple(tokens[at : at + len(phrase)]):
            return phrase, ids
    return None


@lru_cache(maxsize=1)
def _load() -> _Glossary:
    text = importlib.resources.files("coopbot.text").joinpath("glossary.json").read_text(encoding="utf-8")
    words: dict[tuple[str, ...], list[str]] = {}
    han: dict[tuple[str, ...], list[str]] = {}
    for id_, by_language in json.loads(text).items():
        for phrase in chain.from_iterable(by_language.values()):
            if _HAN.search(phrase):
                han.setdefault(tuple(phrase), []).append(id_)
            else:
                words.setdefault(tuple(lexical_tokens(phrase)), []).append(id_)
    return _Glossary(words=_by_first(words), han=_by_first(han))


def _by_first(phrases: Mapping[tuple[str, ...], Sequence[str]]) -> _Phrases:
    found: dict[str, list[Mention]] = {}
    for phrase in sorted(phrases, key=len, reverse=True):
        found.setdefault(phrase[0], []).append((phrase, tuple(dict.fromkeys(phrases[phrase]))))
    return {first: tuple(mentions) for first, mentions in found.items()}
