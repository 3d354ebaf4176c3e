"""The records that the parts of the index exchange, and short names for arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from coopbot.domain import Article, Language, Passage, Span

F16 = npt.NDArray[np.float16]
F32 = npt.NDArray[np.float32]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]


# Written by a build.


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageVectors:
    """The stored vectors of one passage.

    pooled: (dim,). sentences: (sentences, dim). codes: (tokens, dim / 4), see `token_codes`. token_counts: (sentences,), how
    many tokens each sentence has.
    """

    pooled: F32
    sentences: F16
    codes: U8
    token_counts: I64


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleRows:
    """An article with its passages and the vectors of each passage, in the same order. places: see `filters.places_in`."""

    article: Article
    passages: Sequence[Passage]
    vectors: Sequence[PassageVectors]
    places: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a snapshot before it is written. previous: id of the snapshot before it. gazetteer_sha256: of the
    gazetteer by which the places of its articles were found.
    """

    fingerprint: str
    model: str
    precision: str
    dim: int
    built_at: str
    corpus_sha256: str
    previous: str | None
    gazetteer_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """How an index was made, and its counts. passages: of each language that has some."""

    facts: Facts
    articles: int
    passages: dict[Language, int]
    sentences: int


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The current snapshot. whole: False if a newer one is damaged; then even an unchanged corpus is indexed again."""

    snapshot_id: str
    contents: Contents
    sha256_by_article: dict[str, str]
    whole: bool = True


# Read to answer a question.


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPassage:
    """A passage and its row, its number within its language. shut: the places of sentences that may not be quoted, since they
    do not pass the filters by publisher and date.
    """

    passage: Passage
    language: Language
    row: int
    shut: frozenset[int] = frozenset()

    def is_open(self, span: Span) -> bool:
        """Whether the sentence at this span may be quoted."""
        return all(self.passage.sentences[place] != span for place in self.shut)


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstStage:
    """Candidate passages of one language. pooled: (passages, dim) unit vectors. lexical: (passages,), BM25 as a share of its
    maximum, 0 to 1. idf: the idf of each query term.
    """

    rows: I64
    pooled: F32
    lexical: F32
    idf: dict[str, float]

    def take(self, places: I64) -> FirstStage:
        """The passages at these positions, in that order."""
        return replace(self, rows=self.rows[places], pooled=self.pooled[places], lexical=self.lexical[places])

    def best(self, vector: F32, nearest: Sequence[int], matching: Sequence[int], limit: int) -> FirstStage:
        """The rows `nearest` to the question's vector, in that order, and the `limit` best of the rows `matching` its terms."""
        cosines = self.pooled @ vector
        place = {row: at for at, row in enumerate(self.rows.tolist())}
        best = sorted(matching, key=lambda row: (-self.lexical[place[row]], -cosines[place[row]], row))
        return self.take(np.array([place[row] for row in dict.fromkeys([*nearest, *best[:limit]])], dtype=np.int64))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentences:
    """Sentences of several passages, one passage after another.

    starts: (passages + 1,), index of each passage's first sentence. vectors: (sentences, dim) of length 1, each embedded
    on its own. token_counts: (sentences,). codes: (tokens, dim / 4), all tokens in order, embedded within their passage.
    """

    starts: I64
    vectors: F32
    token_counts: I64
    codes: U8
