"""Whether two articles are one story in nearly the same words. The owner of datasketch.

Texts are compared by their shingles, pairs of neighbouring search tokens (in Chinese, three characters; simplified equals
traditional). MinHash bands find candidates without comparing all with all; candidates are then compared exactly.
The constants come from docs/experiments.md, which evals/near_duplicates.py measured.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from coopbot.text.dates import find_dates
from coopbot.text.quantities import find_quantities
from coopbot.text.sentences import split_sentences
from coopbot.text.simplified import TO_SIMPLIFIED
from coopbot.text.tokens import lexical_tokens

# Least shares of shingles that make one story. Of both texts together: copies that lost 30 % of their sentences have 0.58 and
# more, different articles 0.13 at most. Of the shorter one: those copies have 0.96, copies with 10 % of their words replaced
# mostly 0.8, new stories of which 60 % are old background 0.75 at most.
SHARED_OF_BOTH = 0.55
SHARED_OF_SHORTER = 0.8

# Texts that share 0.55 of their shingles have a band in common with probability 0.9995, those that share 0.05 with 0.005.
_BANDS = 42
_VALUES_IN_BAND = 3

# Among fewer shingles than this, one word that differs makes another story.
_FEWEST_SHINGLES = 30
# Longer texts are reports and books, which nobody publishes twice in nearly the same words.
_LONGEST_TEXT_CHARS = 200_000

# Sentences that resemble each other this much, numbers aside, tell of the same thing.
_SAME_SENTENCE = 0.5

_HAN_ORDINAL = re.compile("第[一二三四五六七八九十百]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """The shingles that two texts have in common, as shares of those of both together and of the shorter one's; 0..1."""

    of_both: float
    of_shorter: float


@dataclass(frozen=True, slots=True)
class _Sentence:
    """Words and figures of a sentence, apart; figures are sorted, and as many as there are."""

    words: frozenset[str]
    figures: tuple[str, ...]


def band_keys(text: str) -> tuple[int, ...]:
    """Keys of 64 bits; texts of nearly the same words share at least one. None where the text is too short or long to judge."""
    from datasketch import MinHash

    shingles = _shingles(text)
    if not shingles:
        return ()
    # The scheme is named so that another version of the library gives the same values, which are kept in the catalogue.
    minhash = MinHash(num_perm=_BANDS * _VALUES_IN_BAND, seed=1, scheme="affine32")
    minhash.update_batch([" ".join(shingle).encode() for shingle in shingles])
    values: list[int] = minhash.hashvalues.tolist()
    bands = [values[start : start + _VALUES_IN_BAND] for start in range(0, len(values), _VALUES_IN_BAND)]
    return tuple(_key(number, band) for number, band in enumerate(bands))


def is_same_story(one: str, other: str) -> bool:
    """Whether both say the same in nearly the same words. With other figures it is another story."""
    shared = compare(one, other)
    alike = shared.of_both >= SHARED_OF_BOTH and shared.of_shorter >= SHARED_OF_SHORTER
    return alike and not figures_differ(one, other)


def compare(one: str, other: str) -> Shared:
    """How much two texts have in common; nothing where one is too short or too long to judge."""
    left, right = _shingles(one), _shingles(other)
    if not left or not right:
        return Shared(of_both=0.0, of_shorter=0.0)
    common = len(left & right)
    return Shared(of_both=common / len(left | right), of_shorter=common / min(len(left), len(right)))


def figures_differ(one: str, other: str) -> bool:
    """Whether sentences about the same thing give different amounts, dates or other numbers.

    A sentence may leave figures out; it differs when each of the two has one that the other has not.
    """
    ours, theirs = set(_sentences(one)), set(_sentences(other))
    return any(_contradicts(sentence, alike) for sentence, alike in _counterparts(ours - theirs, theirs - ours))


def _shingles(text: str) -> frozenset[tuple[str, str]]:
    if len(text) > _LONGEST_TEXT_CHARS:
        return frozenset()
    shingles = frozenset(pairwise(lexical_tokens(text)))
    return shingles if len(shingles) >= _FEWEST_SHINGLES else frozenset()


def _key(number: int, band: list[int]) -> int:
    digest = hashlib.blake2b(repr((number, band)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _sentences(text: str) -> Iterator[_Sentence]:
    simplified = text.translate(TO_SIMPLIFIED)
    for span in split_sentences(simplified):
        sentence = simplified[span.start_char : span.end_char]
        tokens = lexical_tokens(sentence)
        figures = [*filter(_is_number, tokens), *_amounts_and_months(sentence)]
        yield _Sentence(frozenset(tokens).difference(figures), tuple(sorted(figures)))


def _is_number(token: str) -> bool:
    return token[0].isdigit()


def _amounts_and_months(sentence: str) -> Iterator[str]:
    """What tells figures apart that have the same digits, or none: millions from billions, May from June, 第六 from 第七."""
    yield from (f"{amount.value.normalize()} {amount.unit}" for amount in find_quantities(sentence) if amount.unit)
    yield from (f"month {date.month}" for date in find_dates(sentence) if date.month)
    yield from _HAN_ORDINAL.findall(sentence)


def _counterparts(ours: set[_Sentence], theirs: set[_Sentence]) -> Iterator[tuple[_Sentence, list[_Sentence]]]:
    """Each of our sentences with those of theirs that resemble it most, if any does enough."""
    users: defaultdict[str, list[_Sentence]] = defaultdict(list)
    for sentence in theirs:
        for word in sentence.words:
            users[word].append(sentence)
    for sentence in ours:
        common = Counter(user for word in sentence.words for user in users[word])
        alike = {other: n / len(sentence.words | other.words) for other, n in common.items()}
        best = max(alike.values(), default=0.0)
        if best >= _SAME_SENTENCE:
            yield sentence, [other for other, value in alike.items() if value == best]


def _contradicts(sentence: _Sentence, alike: list[_Sentence]) -> bool:
    ours = Counter(sentence.figures)
    return all(ours - Counter(other.figures) and Counter(other.figures) - ours for other in alike)
