"""Words in Milvus: how many passages have each when, and BM25, of which a passage has one part and the question the other.

A passage's part depends on how long passages are in the mean, which changes with every build. Rows are written with a usual
length, so that Milvus seeks by nearly BM25; what it finds is scored again with the length of the day.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2b

from coopbot.domain import LANGUAGES, Language
from coopbot.index.milvus.schema import NOTHING, Row

# As in `lexical`.
_K1 = 1.2
_B = 0.75

# Lexical tokens that a passage has in the mean, in the corpus that comes with coopbot.
_USUAL_LENGTH: Mapping[Language, float] = {"en": 65.0, "zh": 134.0, "ru": 69.0}


def term_key(language: Language, dimension: int) -> int:
    """The primary key of a word of a language."""
    return LANGUAGES.index(language) << 32 | dimension


def dimension(token: str) -> int:
    """32 bits a word, but for the last number, which Milvus keeps. Of a million words, one in 4,000 shares its number."""
    return int.from_bytes(blake2b(token.encode(), digest_size=4).digest(), "little") % (2**32 - 1)


def word_weights(words: Sequence[str], language: Language) -> dict[int, float]:
    """The part of BM25 that is the passage's, 0 to 1 a word; that of the question is the word's idf."""
    # Milvus refuses an empty vector.
    counted = Counter(map(dimension, words)) or Counter([dimension("")])
    norm = _norm(len(words), _USUAL_LENGTH[language])
    return {key: count / (count + norm) for key, count in counted.items()}


def bm25_share(
    weights: Mapping[int, float], length: int, idf: Mapping[int, float], language: Language, average_length: float
) -> float:
    """BM25 of a passage with these `word_weights` and so many words, as a share of the most it could be: 0 to 1."""
    usual, norm = _norm(length, _USUAL_LENGTH[language]), _norm(length, average_length)
    total = 0.0
    for key, rarity in idf.items():
        weight = weights.get(key, 0.0)
        count = round(weight * usual / (1 - weight))
        total += rarity * count / (count + norm)
    return total / (sum(idf.values()) or 1.0)


def _norm(length: int, average_length: float) -> float:
    return _K1 * (1 - _B + _B * length / average_length)


def count_at(counts: Sequence[int], generation: int) -> int:
    """How many passages had a word: `counts` are [generation, passages, generation, passages, ...], the newest last."""
    place = bisect_right(counts[::2], generation) - 1
    return counts[2 * place + 1] if place >= 0 else 0


def counts_from(counts: Sequence[int], change: int, generation: int, oldest: int) -> list[int]:
    """`counts` with a change from `generation` on, without what counted only before the `oldest` generation that is kept."""
    pairs = list(zip(counts[::2], counts[1::2], strict=True))
    while len(pairs) > 1 and pairs[1][0] <= oldest:
        pairs = pairs[1:]
    return [*(value for pair in pairs for value in pair), generation, (counts[-1] if counts else 0) + change]


def term_row(key: int, counts: Sequence[int]) -> Row:
    """A row of `terms`."""
    return {"id": key, "latest": counts[-2], "counts": list(counts), **NOTHING}
