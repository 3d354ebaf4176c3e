"""Records to rows of Milvus and back: contents, passages, words.

A passage has one part of BM25 and the question the other. The passage's depends on how long passages are in the mean, which
changes with every build. Rows are written with a usual length, so that Milvus searches by nearly BM25; what it finds is scored
again with the true mean.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from coopbot.domain import Article, Language, Passage
from coopbot.errors import IndexBroken
from coopbot.index.disk.lexical import K1, B
from coopbot.index.milvus.schema import MOST_PUBLISHERS, NEVER, NO_VECTOR, Row, publisher_key
from coopbot.index.rows import lexical_words
from coopbot.index.types import F16, I64, U8, ArticleRows, Facts, PassageVectors
from coopbot.records import to_json

# Characters of base64 a part: a multiple of 4, and no more than a VARCHAR holds.
_PART_CHARS = 65_532

# Lexical tokens that a passage has in the mean, in the corpus that comes with coopbot.
_USUAL_LENGTH: Mapping[Language, float] = {"en": 65.0, "zh": 134.0, "ru": 69.0}

WordCounts = npt.NDArray[np.uint32]
"""(2, words): the `dimension`s of a language's words, rising, and how many passages have each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotInfo:
    """What a snapshot says of itself. newest: numbers, the last of them its own, those before it of earlier snapshots.

    writer: the build that made it. words: those of all passages of a language.
    """

    newest: tuple[int, ...]
    writer: str
    facts: Facts
    articles: int
    passages: dict[Language, int]
    sentences: int
    words: dict[Language, int]

    @property
    def number(self) -> int:
        """When it was built, in milliseconds, or a little later than that: each snapshot has a larger number."""
        return self.newest[-1]

    @property
    def snapshot_id(self) -> str:
        """See `VectorStore`."""
        built = datetime.fromtimestamp(self.number // 1000, UTC)
        return f"{built:%Y%m%dT%H%M%S}{self.number % 1000:03d}Z-{self.writer[:8]}"

    def average_length(self, language: Language) -> float:
        """Words a passage of a language."""
        return self.words.get(language, 0) / max(self.passages.get(language, 0), 1) or 1.0


def article_name(article_id: str) -> str:
    """The name of an article's record."""
    return f"article {article_id}"


def words_name(language: Language) -> str:
    """The name of the record of how many passages have each word of a language."""
    return f"words {language}"


def pack(data: bytes) -> list[str]:
    """Bytes as VARCHARs."""
    text = base64.b64encode(zlib.compress(data, level=1)).decode()
    return [text[start : start + _PART_CHARS] for start in range(0, len(text), _PART_CHARS)]


def unpack(parts: Sequence[str]) -> bytes:
    """What was packed. Raises IndexBroken, also where parts are missing."""
    try:
        return zlib.decompress(base64.b64decode("".join(parts)))
    except (zlib.error, binascii.Error) as exc:
        raise IndexBroken("what Milvus has of the index cannot be read; run: coopbot index --force") from exc


def record_rows(ids: Iterator[int], name: str, parts: Sequence[str], added: int = 0) -> list[Row]:
    """The rows of a record, one a part."""
    common = {"name": name, "added": added, "removed": NEVER, "sha256": "", "passages": 0, **NO_VECTOR}
    return [{**common, "id": next(ids), "content": part} for part in parts]


def article_rows(ids: Iterator[int], one: ArticleRows, added: int) -> tuple[list[Row], list[Row]]:
    """An article as (rows of `records`, rows of `passages`), with ids that follow each other.

    Of its record, the first row has its sha256 and the last one the number of its passages.
    """
    records = record_rows(ids, article_name(one.article.article_id), pack(to_json(Article, one.article)), added)
    records[0]["sha256"] = one.article.sha256
    records[-1]["passages"] = len(one.passages)
    article = {"added": added, "removed": NEVER, **_filtered(one.article)}
    rows = zip(one.passages, one.vectors, strict=True)
    return records, [{**article, "id": next(ids), **_passage(one.article, *row)} for row in rows]


def _filtered(article: Article) -> Row:
    publishers = (article.publisher, *(source.publisher for source in (*article.sources, *article.also_published_by)))
    return {
        "publishers": list(dict.fromkeys(map(publisher_key, publishers)))[:MOST_PUBLISHERS],
        "published": article.published.toordinal() if article.published else 0,
    }


def _passage(article: Article, passage: Passage, vectors: PassageVectors) -> Row:
    words = lexical_words(article, passage)
    contents = (vectors.token_counts.astype("<i4"), vectors.sentences.astype("<f2"), vectors.codes)
    return {
        "pooled": vectors.pooled.tolist(),
        "words": word_weights(words, article.language),
        "length": len(words),
        "sentences": len(passage.sentences),
        "text": pack(to_json(Passage, passage)),
        "vectors": pack(b"".join(array.tobytes() for array in contents)),
    }


def load_vectors(row: Row, dim: int) -> tuple[I64, F16, U8]:
    """(sentences,) counts of tokens, (sentences, dim) vectors and (tokens, dim / 4) codes of a passage."""
    data, sentences = unpack(row["vectors"]), row["sentences"]
    counts, vectors, codes = np.split(np.frombuffer(data, np.uint8), np.cumsum([4 * sentences, 2 * dim * sentences]))
    return counts.view("<i4").astype(np.int64), vectors.view("<f2").reshape(-1, dim), codes.reshape(-1, dim // 4)


def dimension(token: str) -> int:
    """32 bits a word, but for the last number, which Milvus keeps. Of a million words, one in 4,000 shares its number."""
    return int.from_bytes(blake2b(token.encode(), digest_size=4).digest(), "little") % (2**32 - 1)


def word_weights(words: Sequence[str], language: Language) -> dict[int, float]:
    """The part of BM25 that is the passage's, 0 to 1 a word; that of the question is the word's idf."""
    # Milvus refuses an empty vector.
    counted = Counter(map(dimension, words)) or Counter([dimension("")])
    norm = _norm(len(words), _USUAL_LENGTH[language])
    return {key: count / (count + norm) for key, count in counted.items()}


def bm25_share(row: Row, idf: Mapping[int, float], language: Language, average_length: float) -> float:
    """BM25 of a row of `passages` as a share of the most it could be: 0 to 1."""
    usual, norm = _norm(row["length"], _USUAL_LENGTH[language]), _norm(row["length"], average_length)
    total = 0.0
    for key, rarity in idf.items():
        weight = row["words"].get(key, 0.0)
        count = round(weight * usual / (1 - weight))
        total += rarity * count / (count + norm)
    return total / (sum(idf.values()) or 1.0)


def _norm(length: int, average_length: float) -> float:
    return K1 * (1 - B + B * length / average_length)


def load_counts(parts: Sequence[str]) -> WordCounts:
    """Those that were packed as bytes; of no parts, no words."""
    return np.frombuffer(unpack(parts) if parts else b"", "<u4").reshape(2, -1)


def counts_of(counts: WordCounts, dimensions: Sequence[int]) -> list[int]:
    """How many passages have each of some words."""
    known = np.append(counts, [[2**32 - 1], [0]], axis=1)
    places = np.searchsorted(known[0], dimensions)
    return [int(count) for count in np.where(known[0, places] == dimensions, known[1, places], 0)]


def changed_counts(counts: WordCounts, changes: Mapping[int, int]) -> WordCounts:
    """With so many more passages for some words, or fewer."""
    words, at = np.unique(np.append(counts[0], list(changes)), return_inverse=True)
    sums = np.bincount(at, np.append(counts[1], list(changes.values())), len(words))
    return np.array([words, sums], "<u4")[:, sums > 0]
