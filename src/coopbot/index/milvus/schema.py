"""What coopbot keeps in Milvus: three collections for each model and format.

    passages  what searches compare: a vector, weights of words, values of filters, date; and what is read of the passages found
    records   bytes with a name: each article, and for each language how many passages contain each word
    state     two rows: the current snapshot, and the build that started last

Passages and records are written once and later marked as removed: snapshot n consists of those with added <= n < removed. A
build writes and marks with a larger number, which no reader sees until the row of `state` says that this snapshot is current.
So a build costs what changed, not a copy of the index, and readers of snapshot n can go on reading it. An alias points to the
`state` of the current model and format.

Search by words is a dot product: each passage has its saturated term frequencies, the question has the idf of its words. Term
frequencies depend on the average length of a passage, which changes with every build. So rows are written with a usual length,
by which Milvus finds passages in nearly the order of BM25; those are scored again with the true average.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import blake2b, sha256
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from coopbot.domain import LANGUAGES, Article, Filters, Language, Passage
from coopbot.errors import IndexBroken
from coopbot.index.disk.lexical import K1, B
from coopbot.index.filters import PLACES, PUBLISHERS, VALUE_FILTERS, asked_keys, values_by_key, voices
from coopbot.index.rows import lexical_words
from coopbot.index.types import F16, I64, U8, ArticleRows, Contents, PassageVectors
from coopbot.records import T, from_json, to_json

# Increase when rows change their meaning; the index is then built again.
FORMAT = 6

# Other filters are other columns.
_FIELDS = " ".join(one.field for one in VALUE_FILTERS)

# Values that are not the same for all passages of an article, or found with the index.
_OF_PASSAGE = (PLACES, PUBLISHERS)

PREFIX = "coopbot"

_DAMAGED = "the index in Milvus is damaged; run: coopbot index --force"

Kind = Literal["passages", "records", "state"]
KINDS: tuple[Kind, ...] = get_args(Kind)

# Each language has its own graph. Of the 12 nearest passages of one language, HNSW finds .999 in its partition and .90 by a
# condition on all languages, because it gets lost among nearer passages of the others (milvus-lite, 10,000 passages).
PARTITIONS: Mapping[Kind, Sequence[str]] = {"passages": LANGUAGES, "records": ("",), "state": ("",)}

Row = dict[str, Any]
"""Values by column."""

# `removed` of rows that are not removed.
NEVER = 2**62

# Bytes of the largest VARCHAR, and base64 characters in one: a multiple of 4.
VARCHAR_BYTES, _PART_CHARS = 65_535, 65_532
MAX_VALUES = 256
MAX_ARTICLE_ID_BYTES = 4096

# Average lexical tokens of a passage in the corpus that comes with coopbot.
_USUAL_LENGTH: Mapping[Language, float] = {"en": 65.0, "zh": 134.0, "ru": 69.0}

WordCounts = npt.NDArray[np.uint32]
"""(2, words): the dimensions of a language's words (see `dimension`), ascending, and how many passages contain each."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names of the collections of one model and format. The alias `prefix` points to the current `state`."""

    prefix: str
    fingerprint: str

    @property
    def stem(self) -> str:
        """The common beginning of the names."""
        return f"{self.prefix}_{sha256(f'{FORMAT} {_FIELDS} {self.fingerprint}'.encode()).hexdigest()[:8]}_"

    def __getitem__(self, kind: Kind) -> str:
        return self.stem + kind


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotManifest(Contents):
    """newest: the numbers of the newest snapshots, this one last. writer: id of the build that wrote it. words: lexical tokens
    of each language.
    """

    newest: tuple[int, ...]
    writer: str
    words: dict[Language, int]

    @property
    def number(self) -> int:
        """The time of the build in milliseconds, or later where needed to exceed the number of the snapshot before."""
        return self.newest[-1]

    @property
    def snapshot_id(self) -> str:
        """See `VectorStore`."""
        built = datetime.fromtimestamp(self.number // 1000, UTC)
        return f"{built:%Y%m%dT%H%M%S}{self.number % 1000:03d}Z-{self.writer[:8]}"


def passing(filters: Filters) -> str:
    """The condition for passages that pass the filters, to append to another. An undated passage passes no filter by date."""
    condition = ""
    for one in VALUE_FILTERS:
        if asked := asked_keys(one, filters):
            condition += f" and array_contains_any({one.field}, {literals(sorted(asked))})"
    if filters.published_from or filters.published_to:
        first, last = filters.published_from or date.min, filters.published_to or date.max
        condition += f" and published_last >= {first.toordinal()} and published <= {last.toordinal()}"
    return condition


def literals(values: Iterable[str | int]) -> str:
    """A list within a condition. As JSON, so that no string can end it."""
    return json.dumps(list(values), ensure_ascii=False)


def article_name(article_id: str) -> str:
    """The name of an article's record."""
    return f"article {article_id}"


def words_name(language: Language) -> str:
    """The name of the record of a language's `WordCounts`."""
    return f"words {language}"


def pack(data: bytes) -> list[str]:
    """Bytes as strings for VARCHAR columns."""
    text = base64.b64encode(zlib.compress(data, level=1)).decode()
    return [text[start : start + _PART_CHARS] for start in range(0, len(text), _PART_CHARS)]


def unpack(parts: Sequence[str]) -> bytes:
    """The bytes that were packed. Raises IndexBroken if any part is missing or damaged."""
    try:
        return zlib.decompress(base64.b64decode("".join(parts)))
    except (zlib.error, binascii.Error) as exc:
        raise IndexBroken(_DAMAGED) from exc


def record_of(kind: type[T], data: bytes) -> T:
    """The record that `to_json` wrote as `data`. Raises IndexBroken if the data are not such a record."""
    try:
        return from_json(kind, data)
    except ValueError as exc:
        raise IndexBroken(_DAMAGED) from exc


def record_rows(ids: Iterator[int], name: str, parts: Sequence[str], added: int = 0) -> list[Row]:
    """The rows of a record, one for each part."""
    # Every collection must have a vector; this one is not searched.
    common = {"name": name, "added": added, "removed": NEVER, "sha256": "", "passages": 0, "nothing": [0.0, 0.0]}
    return [{**common, "id": next(ids), "content": part} for part in parts]


def article_rows(ids: Iterator[int], one: ArticleRows, added: int) -> tuple[list[Row], list[Row]]:
    """(rows of `records`, rows of `passages`) of an article, with consecutive ids.

    Only the last row of `records` has the article's sha256 and number of passages.
    """
    article = one.article
    records = record_rows(ids, article_name(article.article_id), pack(to_json(Article, article)), added)
    records[-1] |= {"sha256": article.sha256, "passages": len(one.passages)}
    common = {
        "added": added,
        "removed": NEVER,
        **{
            field.field: list(values_by_key(article, field))[:MAX_VALUES] for field in VALUE_FILTERS if field not in _OF_PASSAGE
        },
        PLACES.field: sorted(one.places),
    }
    rows = zip(one.passages, one.vectors, strict=True)
    return records, [{**common, "id": next(ids), **_passage(article, *row)} for row in rows]


def _passage(article: Article, passage: Passage, vectors: PassageVectors) -> Row:
    words = lexical_words(article, passage)
    contents = (vectors.token_counts.astype("<i4"), vectors.sentences.astype("<f2"), vectors.codes)
    said = voices(article, *passage.sentences)
    days = [day.toordinal() for voice in said for day in voice.when or ()]
    publishers = sorted({publisher for voice in said for publisher in voice.publishers})
    return {
        PUBLISHERS.field: publishers[:MAX_VALUES],
        "published": min(days, default=0),
        "published_last": max(days, default=0),
        "pooled": vectors.pooled.tolist(),
        "words": word_weights(words, article.language),
        "length": len(words),
        "sentences": len(passage.sentences),
        "text": pack(to_json(Passage, passage)),
        "vectors": pack(b"".join(array.tobytes() for array in contents)),
    }


def load_vectors(row: Row, dim: int) -> tuple[I64, F16, U8]:
    """The token counts (sentences,), vectors (sentences, dim) and codes (tokens, dim / 4) of a passage's sentences."""
    data, sentences = unpack(row["vectors"]), row["sentences"]
    counts, vectors, codes = np.split(np.frombuffer(data, np.uint8), np.cumsum([4 * sentences, 2 * dim * sentences]))
    return counts.view("<i4").astype(np.int64), vectors.view("<f2").reshape(-1, dim), codes.reshape(-1, dim // 4)


def dimension(token: str) -> int:
    """The dimension of a word: a hash below 2**32 - 1, which Milvus reserves. Of a million words, 1 in 4,000 collides."""
    return int.from_bytes(blake2b(token.encode(), digest_size=4).digest(), "little") % (2**32 - 1)


def word_weights(words: Sequence[str], language: Language) -> dict[int, float]:
    """The saturated term frequency of each word of a passage, 0 to 1, by dimension."""
    # Milvus refuses an empty vector.
    counted = Counter(map(dimension, words)) or Counter([dimension("")])
    norm = _norm(len(words), _USUAL_LENGTH[language])
    return {key: count / (count + norm) for key, count in counted.items()}


def bm25_share(row: Row, idf: Mapping[int, float], language: Language, average_length: float) -> float:
    """BM25 of a row of `passages` as a share of its maximum, 0 to 1. idf: by dimension."""
    usual, norm = _norm(row["length"], _USUAL_LENGTH[language]), _norm(row["length"], average_length)
    total = 0.0
    for key, value in idf.items():
        weight = row["words"].get(key, 0.0)
        count = round(weight * usual / (1 - weight))
        total += value * count / (count + norm)
    return total / (sum(idf.values()) or 1.0)


def _norm(length: int, average_length: float) -> float:
    return K1 * (1 - B + B * length / average_length)


def counts_of(counts: WordCounts, dimensions: Sequence[int]) -> list[int]:
    """How many passages contain each of these words."""
    known = np.append(counts, [[2**32 - 1], [0]], axis=1)
    places = np.searchsorted(known[0], dimensions)
    return [int(count) for count in np.where(known[0, places] == dimensions, known[1, places], 0)]


def changed_counts(counts: WordCounts, changes: Mapping[int, int]) -> WordCounts:
    """The counts after these changes, which may be negative; words that no passage contains any more are left out."""
    words, at = np.unique(np.append(counts[0], list(changes)), return_inverse=True)
    sums = np.bincount(at, np.append(counts[1], list(changes.values())), len(words))
    return np.array([words, sums], "<u4")[:, sums > 0]
