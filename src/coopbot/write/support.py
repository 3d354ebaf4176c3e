"""Checks word by word whether quotes support a sentence.

A sentence is refused at the slightest doubt, since the quotes themselves can be shown instead.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from itertools import permutations
from typing import Literal

from coopbot.domain import Citation, Language
from coopbot.text.glossary import concept_mentions, find_concepts
from coopbot.text.language import detect_language
from coopbot.text.periods import find_periods
from coopbot.text.simplified import TO_SIMPLIFIED
from coopbot.text.tokens import lexical_tokens
from coopbot.write.facts import Fact, find_facts, loose_digits

Fault = Literal["citation", "language", "markup", "number", "date", "name", "word", "sense", "relation", "reader"]
"""Why a sentence is refused; only `reader` is found by a model."""

_MARKUP = re.compile(r"https?:|www\.|[<>{}|\\#@]|\]\(")
_HAN = re.compile(r"[\u3400-\u9fff]")
# Chinese function characters, which carry no content.
_HAN_GLUE = frozenset("的了在是和与及于等被将为其以从到至由对就并而也都这那该此中上下一个有之所地得着间")
# Negation and uncertainty. A sentence must have those of its quote, and no others.
_SENSES = {
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


def find_fault(sentence: str, quotes: Sequence[Citation], language: Language) -> Fault | None:
    """Why the quotes do not support a sentence; None if no check fails. language: of the question."""
    facts, quoted = find_facts(sentence), [find_facts(one.quote) for one in quotes]
    checks: tuple[tuple[Fault, Callable[[], bool]], ...] = (
        ("citation", lambda: not quotes),
        ("language", lambda: detect_language(sentence) != language),
        ("markup", lambda: bool(_MARKUP.search(sentence))),
        ("number", lambda: not _numbers_supported(sentence, facts, quotes, quoted)),
        ("date", lambda: not _dates_supported(sentence, facts, quotes, quoted)),
        ("name", lambda: not _names_supported(facts, quoted)),
        ("word", lambda: bool(_unsupported_words(sentence, facts, quotes, language))),
        ("sense", lambda: not _senses_supported(sentence, facts, quotes, quoted)),
        ("relation", lambda: not _relations_supported(sentence, facts, quotes, quoted)),
    )
    return next((fault for fault, holds in checks if holds()), None)


def _numbers_supported(
    sentence: str, facts: Sequence[Fact], quotes: Sequence[Citation], quoted: Sequence[Sequence[Fact]]
) -> bool:
    loose = loose_digits(sentence, facts)
    known = {digits for one, theirs in zip(quotes, quoted, strict=True) for digits in loose_digits(one.quote, theirs)}
    return _all_covered("amount", facts, quoted) and loose <= known


def _dates_supported(
    sentence: str, facts: Sequence[Fact], quotes: Sequence[Citation], quoted: Sequence[Sequence[Fact]]
) -> bool:
    periods = {period for one in quotes for period in find_periods(one.quote)}
    return _all_covered("date", facts, quoted) and find_periods(sentence) <= periods


def _names_supported(facts: Sequence[Fact], quoted: Sequence[Sequence[Fact]]) -> bool:
    theirs = [other for one in quoted for other in one]
    return all(any(fact.is_covered_by(other) for other in theirs) for fact in facts if fact.kind == "name")


def _all_covered(kind: str, facts: Iterable[Fact], quoted: Sequence[Sequence[Fact]]) -> bool:
    """Whether quotes have each fact of a kind, as often as the sentence: "11 and 11" does not follow from "11 and 19"."""
    left = [other for one in quoted for other in one]
    for fact in facts:
        if fact.kind == kind:
            covering = next((other for other in left if fact.is_covered_by(other)), None)
            if covering is None:
                return False
            left.remove(covering)
    return True


def _unsupported_words(sentence: str, facts: Sequence[Fact], quotes: Sequence[Citation], language: Language) -> set[str]:
    """Words of the sentence that no quote has. Quotes in other languages are compared through the glossary."""
    rest = _without(sentence, facts)
    own = [one.quote for one in quotes if one.language == language]
    others = [one.quote for one in quotes if one.language != language]
    concepts = {concept for quote in others for concept in find_concepts(quote)}
    known = {token for quote in [*own, *others] for token in lexical_tokens(quote)}
    known |= {token for tokens, ids in concept_mentions(rest) if concepts & set(ids) for token in tokens}
    words = {token for token in lexical_tokens(rest) if not _HAN.search(token)}
    return (words - known) | _unsupported_characters(rest, own, concepts)


def _unsupported_characters(text: str, own: Sequence[str], concepts: Set[str]) -> set[str]:
    """Chinese characters that no quote has. Words are not compared: their segmentation depends on the context."""
    known = set(_HAN_GLUE).union(*(_simplified(quote) for quote in own))
    rest = _simplified(text)
    for tokens, ids in concept_mentions(text):
        if concepts & set(ids):
            known.update(char for token in tokens for char in token)
    return {char for char in rest if _HAN.match(char)} - known


def _senses_supported(
    sentence: str, facts: Sequence[Fact], quotes: Sequence[Citation], quoted: Sequence[Sequence[Fact]]
) -> bool:
    """Whether at least one quote has the same negation and uncertainty as the sentence."""
    senses = _senses(sentence, facts)
    return any(senses == _senses(one.quote, theirs) for one, theirs in zip(quotes, quoted, strict=True))


def _senses(text: str, facts: Sequence[Fact]) -> set[str]:
    # Without dates: "May 2022" expresses no uncertainty.
    rest = _without(text, facts)
    return {sense for sense, words in _SENSES.items() if words.search(rest)}


def _relations_supported(
    sentence: str, facts: Sequence[Fact], quotes: Sequence[Citation], quoted: Sequence[Sequence[Fact]]
) -> bool:
    """Whether names come in the same order as in the quotes, and each amount has the same nearest date and name."""
    return (
        _in_order(_name_order(facts), [_name_order(theirs) for theirs in quoted])
        and _in_order(_sides(sentence), [_sides(one.quote) for one in quotes])
        and all(_goes_with(fact, kind, facts, quoted) for fact in facts if fact.kind == "amount" for kind in ("date", "name"))
    )


def _name_order(facts: Iterable[Fact]) -> list[frozenset[str]]:
    return [fact.value for fact in facts if isinstance(fact.value, frozenset)]


def _sides(text: str) -> list[frozenset[str]]:
    """The two countries, in the order in which they are mentioned."""
    return [frozenset(ids) for _, ids in concept_mentions(text) if {"russian", "chinese"} & set(ids)]


def _in_order(own: Sequence[frozenset[str]], quoted: Sequence[Sequence[frozenset[str]]]) -> bool:
    """Whether the sentence's names are a subsequence of the names of the quotes, taken in some order."""
    orders = permutations(quoted) if len(quoted) <= 3 else [tuple(quoted)]
    return any(_is_part(own, [name for one in order for name in one]) for order in orders)


def _is_part(own: Sequence[frozenset[str]], names: Sequence[frozenset[str]]) -> bool:
    rest: Iterator[frozenset[str]] = iter(names)
    return all(any(wanted & name for name in rest) for wanted in own)


def _goes_with(amount: Fact, kind: str, facts: Sequence[Fact], quoted: Sequence[Sequence[Fact]]) -> bool:
    """Whether an amount and its nearest date, or name, are nearest to each other in a quote too, from either side."""
    near = _nearest(amount, [fact for fact in facts if fact.kind == kind])
    return near is None or any(_pair_supported(amount, near, theirs) for theirs in quoted)


def _pair_supported(amount: Fact, other: Fact, theirs: Sequence[Fact]) -> bool:
    amounts = [fact for fact in theirs if fact.kind == "amount"]
    others = [fact for fact in theirs if fact.kind == other.kind]
    for quoted in filter(amount.is_covered_by, amounts):
        near = _nearest(quoted, others)
        if near is not None and other.is_covered_by(near):
            return True
    nearest = (_nearest(quoted, amounts) for quoted in filter(other.is_covered_by, others))
    return any(near is not None and amount.is_covered_by(near) for near in nearest)


def _nearest(fact: Fact, others: Sequence[Fact]) -> Fact | None:
    return min(others, key=fact.distance, default=None)


def _without(text: str, facts: Sequence[Fact]) -> str:
    """The text without its facts, which are compared separately."""
    for start, end in sorted({(fact.start_char, fact.end_char) for fact in facts}, reverse=True):
        text = f"{text[:start]} {text[end:]}"
    return text


def _simplified(text: str) -> str:
    return unicodedata.normalize("NFKC", text).translate(TO_SIMPLIFIED)
