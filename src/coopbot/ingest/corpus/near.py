"""Detects near duplicates: one story in nearly the same words. The only module that imports datasketch.

Texts are compared by shingles: pairs of adjacent search tokens (in Chinese, three characters; simplified equals traditional).
MinHash bands find candidates without comparing all pairs; candidates are then compared exactly.
The constants come from docs/experiments.md, measured by evals/near_duplicates.py.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from coopbot.text.characters import TO_SIMPLIFIED
from coopbot.text.dates import find_dates
from coopbot.text.quantities import HAN_ORDINAL, find_quantities
from coopbot.text.sentences import split_sentences
from coopbot.text.tokens import lexical_tokens

# Minimum shares of common shingles for one story. Of the union: copies that lost 30 % of their sentences have at least 0.58,
# different articles at most 0.13. Of the shorter text: those copies have 0.96, copies with 10 % of their words replaced mostly
# 0.8, new stories with 60 % old background at most 0.75.
SHARED_OF_UNION = 0.55
SHARED_OF_SHORTER = 0.8

# Texts that share 0.55 of their shingles have a common band with probability 0.9995; those that share 0.05, with 0.005.
_BANDS = 42
_VALUES_IN_BAND = 3

# With fewer shingles than this, one different word may make it a different story.
_FEWEST_SHINGLES = 30
# Longer texts are reports and books, which nobody republishes in nearly the same words.
_LONGEST_TEXT_CHARS = 200_000

# Minimum similarity, numbers aside, of two sentences about the same thing.
_SAME_SENTENCE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """The shingles common to two texts, as shares of their union and of the shorter text's shingles; 0..1."""

    of_union: float
    of_shorter: float


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence split into words and figures; figures are sorted, with repeats."""

    words: frozenset[str]
    figures: tuple[str, ...]


def band_keys(text: str) -> tuple[int, ...]:
    """64-bit keys; near duplicates share at least one. No keys for a text too short or too long to judge."""
    from datasketch import MinHash

    shingles = _shingles(text)
    if not shingles:
        return ()
    # The scheme is explicit so that other versions of the library give the same values; the catalogue stores them.
    minhash = MinHash(num_perm=_BANDS * _VALUES_IN_BAND, seed=1, scheme="affine32")
    minhash.update_batch([" ".join(shingle).encode() for shingle in shingles])
    values: list[int] = minhash.hashvalues.tolist()
    bands = [values[start : start + _VALUES_IN_BAND] for start in range(0, len(values), _VALUES_IN_BAND)]
    digests = (hashlib.blake2b(repr(band).encode(), digest_size=8).digest() for band in enumerate(bands))
    return tuple(int.from_bytes(digest, "big", signed=True) for digest in digests)


def is_same_story(one: str, other: str) -> bool:
    """Whether both texts have nearly the same words and no conflicting figures."""
    shared = compare(one, other)
    alike = shared.of_union >= SHARED_OF_UNION and shared.of_shorter >= SHARED_OF_SHORTER
    return alike and not figures_differ(one, other)


def compare(one: str, other: str) -> Shared:
    """The overlap of two texts; zero if one is too short or too long to judge."""
    left, right = _shingles(one), _shingles(other)
    if not left or not right:
        return Shared(of_union=0.0, of_shorter=0.0)
    common = len(left & right)
    return Shared(of_union=common / len(left | right), of_shorter=common / min(len(left), len(right)))


def figures_differ(one: str, other: str) -> bool:
    """Whether sentences about the same thing give different amounts, dates or other numbers.

    Two sentences differ if each has a figure that the other lacks; omitting figures is allowed.
    """
    left, right = set(_sentences(one)), set(_sentences(other))
    users: defaultdict[str, list[_Sentence]] = defaultdict(list)
    for sentence in right - left:
        for word in sentence.words:
            users[word].append(sentence)
    for sentence in left - right:
        common = Counter(user for word in sentence.words for user in users[word])
        alike = {user: shared / len(sentence.words | user.words) for user, shared in common.items()}
        best = max(alike.values(), default=0.0)
        if best < _SAME_SENTENCE:
            continue
        ours = Counter(sentence.figures)
        counterparts = [Counter(user.figures) for user, share in alike.items() if share == best]
        if all(ours - theirs and theirs - ours for theirs in counterparts):
            return True
    return False


def _shingles(text: str) -> frozenset[tuple[str, str]]:
    if len(text) > _LONGEST_TEXT_CHARS:
        return frozenset()
    shingles = frozenset(pairwise(lexical_tokens(text)))
    return shingles if len(shingles) >= _FEWEST_SHINGLES else frozenset()


def _sentences(text: str) -> Iterator[_Sentence]:
    simplified = text.translate(TO_SIMPLIFIED)
    for span in split_sentences(simplified):
        sentence = simplified[span.start_char : span.end_char]
        tokens = lexical_tokens(sentence)
        # Beside the numbers, words that distinguish those with the same or no digits: millions from billions, May from June.
        figures = [
            *(token for token in tokens if token[0].isdigit()),
            *(f"{amount.value.normalize()} {amount.unit}" for amount in find_quantities(sentence) if amount.unit),
            *(f"month {date.month}" for date in find_dates(sentence) if date.month),
            *HAN_ORDINAL.findall(sentence),
        ]
        yield _Sentence(frozenset(tokens).difference(figures), tuple(sorted(figures)))
