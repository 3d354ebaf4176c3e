"""Checks word by word whether quotes support a sentence.

A sentence is refused at the slightest doubt, since the quotes themselves can be shown instead.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, permutations
from typing import Literal

from coopbot.domain import Citation, Language
from coopbot.text.characters import HAN, TO_SIMPLIFIED
from coopbot.text.glossary import concept_mentions, find_concepts
from coopbot.text.language import detect_language
from coopbot.text.periods import find_periods
from coopbot.text.senses import HAN_GLUE, senses
from coopbot.text.tokens import lexical_tokens
from coopbot.write.facts import Fact, Kind, find_facts, loose_digits

Fault = Literal["citation", "language", "markup", "number", "date", "name", "word", "sense", "relation", "reader"]
"""Why a sentence is refused; only `reader` is found by a model."""

_MARKUP = re.compile(r"https?:|www\.|[<>{}|\\#@]|\]\(")
# What is left of "Dalian's" without the name.
_ENDING = re.compile(r"(?<=\s)['’]s\b")
_HAN = re.compile(f"[{HAN}]")


@dataclass(frozen=True, slots=True)
class _Text:
    """A sentence or a quote, and its facts."""

    text: str
    language: Language
    facts: Sequence[Fact]

    def of_kind(self, kind: Kind) -> list[Fact]:
        return [fact for fact in self.facts if fact.kind == kind]

    def without_facts(self) -> str:
        """Facts, which may overlap, are compared separately; so is the ending of "Dalian's"."""
        covered = {place for fact in self.facts for place in range(fact.start_char, fact.end_char)}
        rest = "".join(" " if place in covered else char for place, char in enumerate(self.text))
        return _ENDING.sub(" ", rest)


def find_fault(sentence: str, quotes: Sequence[Citation], language: Language) -> Fault | None:
    """Why the quotes do not support a sentence; None if no check fails. language: of the question."""
    own = _Text(sentence, language, find_facts(sentence))
    quoted = [_Text(one.quote, one.language, find_facts(one.quote)) for one in quotes]
    if not quoted:
        return "citation"
    if detect_language(sentence) != language:
        return "language"
    if _MARKUP.search(sentence):
        return "markup"
    digits = {found for one in quoted for found in loose_digits(one.text, one.facts)}
    if not (_are_all_covered("amount", own, quoted) and loose_digits(sentence, own.facts) <= digits):
        return "number"
    periods = {period for one in quoted for period in find_periods(one.text)}
    if not (_are_all_covered("date", own, quoted) and find_periods(sentence) <= periods):
        return "date"
    if not all(any(_has_for_its_time(one, amount, own) for one in quoted) for amount in own.of_kind("amount")):
        return "date"
    names = [other for one in quoted for other in one.of_kind("name")]
    if not all(any(map(fact.is_covered_by, names)) for fact in own.of_kind("name")):
        return "name"
    # Words in other languages are compared through the glossary. Of Chinese the characters are compared, not words: their
    # segmentation depends on the context.
    rest = own.without_facts()
    concepts = {concept for one in quoted if one.language != own.language for concept in find_concepts(one.text)}
    translated = {token for tokens, ids in concept_mentions(rest) if concepts & set(ids) for token in tokens}
    known = translated.union(*(lexical_tokens(one.text) for one in quoted))
    known_han = HAN_GLUE.union(*translated, *(_simplified(one.text) for one in quoted if one.language == own.language))
    words = {token for token in lexical_tokens(rest) if not _HAN.search(token)}
    if not (words <= known and {char for char in _simplified(rest) if _HAN.match(char)} <= known_han):
        return "word"
    # At least one quote has the same negation and uncertainty.
    if all(senses(rest) != senses(one.without_facts()) for one in quoted):
        return "sense"
    # Names come in the same order as in the quotes, and each amount has the same nearest date and name.
    in_order = _in_order(_names(own), list(map(_names, quoted))) and _in_order(_sides(own), list(map(_sides, quoted)))
    is_related = in_order and all(
        any(_nearest_covers(amount, near, one) or _nearest_covers(near, amount, one) for one in quoted)
        for amount in own.of_kind("amount")
        for near in _neighbours(amount, own)
    )
    return None if is_related else "relation"


def _are_all_covered(kind: Kind, own: _Text, quoted: Sequence[_Text]) -> bool:
    """Whether quotes have each fact of a kind, as often as the sentence: "11 and 11" does not follow from "11 and 19"."""
    left = [other for one in quoted for other in one.of_kind(kind)]
    for fact in own.of_kind(kind):
        covering = next(filter(fact.is_covered_by, left), None)
        if covering is None:
            return False
        left.remove(covering)
    return True


def _has_for_its_time(quote: _Text, amount: Fact, own: _Text) -> bool:
    """Whether a quote has an amount for as long a time as the sentence says: what came in April, or in nine months, is not what
    came in the year.
    """
    having = [other for other in quote.of_kind("amount") if amount.is_covered_by(other)]
    dates, others = own.of_kind("date"), quote.of_kind("date")
    if not (having and dates and others):
        return bool(having)
    parts = find_periods(quote.text)
    said = min(dates, key=amount.distance)
    nearest = [min(others, key=one.distance) for one in having]
    return not (parts and parts.isdisjoint(find_periods(own.text))) and any(
        one.is_covered_by(said) or not said.is_covered_by(one) for one in nearest
    )


def _names(one: _Text) -> list[frozenset[str]]:
    return [fact.value for fact in one.facts if isinstance(fact.value, frozenset)]


def _sides(one: _Text) -> list[frozenset[str]]:
    """The two countries, in the order in which they are mentioned."""
    return [frozenset(ids) for _, ids in concept_mentions(one.text) if {"russian", "chinese"} & set(ids)]


def _in_order(own: Sequence[frozenset[str]], quoted: Sequence[Sequence[frozenset[str]]]) -> bool:
    """Whether the sentence's names are a subsequence of the names of the quotes, taken in some order."""
    for order in permutations(quoted) if len(quoted) <= 3 else [tuple(quoted)]:
        names = chain.from_iterable(order)  # each search goes on where the one before has stopped
        if all(any(wanted & name for name in names) for wanted in own):
            return True
    return False


def _neighbours(amount: Fact, own: _Text) -> Iterator[Fact]:
    """The nearest date and the nearest name."""
    kinds: tuple[Kind, ...] = ("date", "name")
    return (min(near, key=amount.distance) for kind in kinds if (near := own.of_kind(kind)))


def _nearest_covers(fact: Fact, other: Fact, quote: _Text) -> bool:
    """Whether a quote has a fact that covers `fact`, and whose nearest one of the kind of `other` covers `other`."""
    others = quote.of_kind(other.kind)
    nearest = (min(others, key=one.distance) for one in quote.of_kind(fact.kind) if fact.is_covered_by(one) and others)
    return any(map(other.is_covered_by, nearest))


def _simplified(text: str) -> str:
    return unicodedata.normalize("NFKC", text).translate(TO_SIMPLIFIED)
