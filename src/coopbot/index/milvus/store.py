"""One snapshot of the index in Milvus. Keeps the `VectorStore` contract; see `schema` for what is kept how."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from coopbot.domain import LANGUAGES, Article, Filters, Language, Passage
from coopbot.errors import IndexMismatch, IndexMissing, Unreachable
from coopbot.index.disk.lexical import rarity
from coopbot.index.live import Live
from coopbot.index.milvus.client import Milvus
from coopbot.index.milvus.rows import (
    SnapshotInfo,
    WordCounts,
    article_name,
    bm25_share,
    counts_of,
    dimension,
    load_counts,
    load_vectors,
    unpack,
    words_name,
)
from coopbot.index.milvus.schema import EF, FILTERED_EF, MOST_ARTICLE_ID_BYTES, Names, Row, in_snapshot, literals, passing
from coopbot.index.types import F32, I64, FirstStage, Sentences, StoredPassage
from coopbot.records import from_json

# Of those that words find, so many times as many as are wanted are scored again (`rows`).
_RESCORED = 2
# Articles that are kept, as a question quotes some of them twice; and those that are read in one call.
_KEPT, _TOGETHER = 64, 100

# How often the snapshot in force is asked for. An article can then be found that much later.
_POLL_S = 1.0

# The rows of `state` that say what is in force, and which machine writes.
IN_FORCE, WRITER = 0, 1


def open_store(milvus: Milvus, names: Names) -> MilvusStore:
    """The snapshot in force. Raises IndexMissing, IndexMismatch (written with another model or format), Unreachable."""
    target = milvus.alias_target(names.prefix)
    if target is None:
        raise IndexMissing(f"there is no index in Milvus at {milvus.address}; run: coopbot index")
    if target != names["state"]:
        raise IndexMismatch(
            "the index in Milvus was built with another model or format; run: coopbot index, or set COOPBOT_MODEL back"
        )
    opened_s = time.time()
    rows = milvus.query(names["state"], f"id == {IN_FORCE}", ["content"])
    return MilvusStore(milvus.pinned(opened_s), names, from_json(SnapshotInfo, unpack([row["content"] for row in rows])))


class MilvusStore:
    """Answers from one snapshot, also while newer ones are written, until it is pruned (`target`).

    Every method raises Unreachable where Milvus does not answer, or no longer has what is asked for.
    """

    def __init__(self, milvus: Milvus, names: Names, manifest: SnapshotInfo) -> None:
        self._milvus = milvus
        self._names = names
        self._in_snapshot = in_snapshot(manifest.number)
        self.manifest = manifest
        # A snapshot does not change, so what was read need not be read again.
        self.word_counts = lru_cache(len(LANGUAGES))(self._read_word_counts)
        self._article = lru_cache(_KEPT)(self._read_article)
        self._article_ids = lru_cache(1)(lambda: sorted(self.sha256_by_article()))

    @property
    def snapshot_id(self) -> str:
        """See `VectorStore`."""
        return self.manifest.snapshot_id

    @property
    def languages(self) -> tuple[Language, ...]:
        """See `VectorStore`."""
        return tuple(language for language in LANGUAGES if self.manifest.passages.get(language))

    def first_stage(self, language: Language, vector: F32, terms: Sequence[str], top_k: int, filters: Filters) -> FirstStage:
        """See `VectorStore`."""
        idf = self.idf(language, terms)
        weights = {dimension(term): value for term, value in idf.items()}
        limit = max(1, top_k // 2)
        near = self._search(language, "pooled", vector.tolist(), top_k, filters)
        worded = self._search(language, "words", weights, limit * _RESCORED, filters) if weights else []
        found = {row["id"]: row for row in (*near, *worded)}
        average = self.manifest.average_length(language)
        cosines = {one: float(vector @ np.array(row["pooled"], dtype=np.float32)) for one, row in found.items()}
        shares = {one: bm25_share(row, weights, language, average) for one, row in found.items()}
        near.sort(key=lambda row: (-cosines[row["id"]], row["id"]))
        worded.sort(key=lambda row: (-shares[row["id"]], -cosines[row["id"]], row["id"]))
        rows = list(dict.fromkeys(row["id"] for row in (*near, *worded[:limit])))
        return FirstStage(
            rows=np.array(rows, dtype=np.int64),
            pooled=np.array([found[row]["pooled"] for row in rows], dtype=np.float32).reshape(-1, self.manifest.facts.dim),
            lexical=np.array([shares[row] for row in rows], dtype=np.float32),
            idf=idf,
        )

    def _search(self, language: Language, column: str, query: object, limit: int, filters: Filters) -> list[Row]:
        if filters.languages and language not in filters.languages:
            return []
        passed = passing(filters)
        condition, ef = self._in_snapshot + passed, FILTERED_EF if passed else EF
        return self._milvus.search(
            self._names["passages"],
            column,
            query,
            condition,
            limit=limit,
            output_fields=["pooled", "words", "length"],
            partition_names=[language],
            search_params={"params": {"ef": max(ef, limit)}} if column == "pooled" else {},
        )

    def idf(self, language: Language, terms: Sequence[str]) -> dict[str, float]:
        """See `VectorStore`."""
        passages = self.manifest.passages.get(language, 0)
        counts = counts_of(self.word_counts(language), [dimension(term) for term in terms])
        return {term: rarity(passages, count) for term, count in zip(terms, counts, strict=True)}

    def _read_word_counts(self, language: Language) -> WordCounts:
        name = words_name(language)
        return load_counts(self._records([name]).get(name, ()))

    def sentences(self, language: Language, rows: I64) -> Sentences:
        """See `VectorStore`."""
        read = [load_vectors(row, self.manifest.facts.dim) for row in self._passages(rows.tolist(), ["sentences", "vectors"])]
        counts, vectors, codes = (np.concatenate(arrays) for arrays in zip(*read, strict=True))
        starts = np.concatenate([[0], np.cumsum([len(own) for own, _, _ in read])])
        return Sentences(starts=starts, vectors=vectors.astype(np.float32), token_counts=counts, codes=codes)

    def stored(self, language: Language, rows: Sequence[int]) -> list[StoredPassage]:
        """See `VectorStore`."""
        return [
            StoredPassage(passage=from_json(Passage, unpack(row["text"])), language=language, row=row["id"])
            for row in self._passages(rows, ["text"])
        ]

    def _passages(self, rows: Sequence[int], columns: Sequence[str]) -> list[Row]:
        """Columns of some passages, in the order given."""
        found = self._milvus.query(self._names["passages"], f"id in {literals(rows)}", ["id", *columns])
        by_id = {row["id"]: row for row in found}
        if not by_id.keys() >= set(rows):
            raise Unreachable(self._milvus.address, f"snapshot {self.snapshot_id} of the index is no longer kept; ask again")
        return [by_id[row] for row in rows]

    def article(self, article_id: str) -> Article | None:
        """See `VectorStore`."""
        # What cannot be an id may come from an address typed by anybody, and not every string can be asked for.
        if not article_id.isprintable() or len(article_id.encode()) > MOST_ARTICLE_ID_BYTES:
            return None
        return self._article(article_id)

    def _read_article(self, article_id: str) -> Article | None:
        return next(iter(self._read_articles([article_id])), None)

    def articles(self, offset: int, limit: int) -> list[Article]:
        """See `VectorStore`."""
        return self._read_articles(self._article_ids()[offset : offset + limit])

    def _read_articles(self, article_ids: Sequence[str]) -> list[Article]:
        names = list(map(article_name, article_ids))
        found = self._records(names)
        return [from_json(Article, unpack(found[name])) for name in names if name in found]

    def _records(self, names: Sequence[str]) -> dict[str, list[str]]:
        """The parts of the records of this snapshot that have these names."""
        parts: dict[str, list[str]] = {}
        for start in range(0, len(names), _TOGETHER):
            condition = f"name in {literals(names[start : start + _TOGETHER])} and {self._in_snapshot}"
            rows = self._milvus.query(self._names["records"], condition, ["id", "name", "content"])
            for row in sorted(rows, key=lambda row: int(row["id"])):
                parts.setdefault(row["name"], []).append(row["content"])
        return parts

    def sha256_by_article(self) -> dict[str, str]:
        """What each article's text and metadata hashed to when it was indexed."""
        rows = self._milvus.scan(self._names["records"], f'sha256 != "" and {self._in_snapshot}', ["name", "sha256"])
        return {row["name"].removeprefix(article_name("")): row["sha256"] for row in rows}


class LiveMilvus(Live[MilvusStore]):
    """The snapshot in force, opened at once, so that a bad index stops the start, and then asked for once a second.

    Raises what `open_store` raises, at the start only; later what cannot be opened leaves the old one in force.
    """

    def __init__(self, milvus: Milvus, names: Names, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._milvus = milvus
        self._names = names
        self._clock_s = clock_s
        self._asked_s = clock_s()
        super().__init__(open_store(milvus, names))

    def damage(self) -> str:
        """See `LiveStore`; what Milvus keeps is for Milvus to look after."""
        return ""

    def _newer(self) -> tuple[MilvusStore, str] | None:
        if self._clock_s() - self._asked_s < _POLL_S:
            return None
        self._asked_s = self._clock_s()
        store = open_store(self._milvus, self._names)
        return (store if store.snapshot_id != self._store.snapshot_id else self._store), ""
