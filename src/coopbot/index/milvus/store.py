"""Reads one snapshot of the index in Milvus. Implements `VectorStore`; `schema` says what is stored where."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from coopbot.domain import LANGUAGES, Article, Filters, Language, Passage
from coopbot.errors import IndexMismatch, IndexMissing, Unreachable
from coopbot.index.disk.lexical import inverse_frequency
from coopbot.index.live import Live
from coopbot.index.milvus import schema
from coopbot.index.milvus.client import Milvus, written_by
from coopbot.index.milvus.schema import Names, Row, SnapshotManifest, WordCounts, literals, record_of, unpack
from coopbot.index.types import F32, I64, FirstStage, Sentences, StoredPassage

# Words find this many times the number of passages wanted; these are then scored exactly (see `schema`).
_RESCORED = 2
# Articles in the cache, as a question may quote one several times; and articles read in one call.
_CACHED, _TOGETHER = 64, 100

# Candidates that HNSW keeps. Measured likewise (see `schema`): it finds .963 with 48, .996 with 128 and .999 with 256; behind
# filters that one passage in a hundred passes, .67 with 256, .985 with 1,024 and all with 4,096, which takes 3 ms longer.
_EF, _FILTERED_EF = 256, 4096

# Seconds between queries for the current snapshot: a new article is found this much later.
_POLL_S = 1.0

# Ids of the rows of `state`.
CURRENT, WRITER = 0, 1


def open_store(milvus: Milvus, names: Names) -> MilvusStore:
    """Open the current snapshot. Raises IndexMissing, IndexMismatch (another model or format), Unreachable."""
    target = milvus.alias_target(names.prefix)
    if target is None:
        raise IndexMissing(f"there is no index in Milvus at {milvus.address}; run: coopbot index")
    if target != names["state"]:
        raise IndexMismatch(
            "the index in Milvus was built with another model or format; run: coopbot index, or set COOPBOT_MODEL back"
        )
    opened_s = time.time()
    rows = milvus.query(names["state"], f"id == {CURRENT}", ["content"])
    manifest = record_of(SnapshotManifest, unpack([row["content"] for row in rows]))
    return MilvusStore(milvus, names, manifest, opened_s)


class MilvusStore:
    """One snapshot, readable while newer ones are written and until it is pruned (see `target`).

    Every method raises Unreachable if Milvus does not answer or has pruned the snapshot.
    """

    def __init__(self, milvus: Milvus, names: Names, manifest: SnapshotManifest, opened_s: float) -> None:
        self._milvus = milvus
        self._names = names
        self._reads = written_by(opened_s)
        self._in_snapshot = f"added <= {manifest.number} and removed > {manifest.number}"
        self.manifest = manifest
        self.snapshot_id = manifest.snapshot_id
        self.languages = tuple(language for language in LANGUAGES if manifest.passages.get(language))
        # A snapshot does not change, so nothing in these caches can become outdated.
        self.word_counts = lru_cache(len(LANGUAGES))(self._read_word_counts)
        self._article = lru_cache(_CACHED)(lambda article_id: next(iter(self._read_articles([article_id])), None))
        self._article_ids = lru_cache(1)(lambda: sorted(self.sha256_by_article()))

    def first_stage(self, language: Language, vector: F32, terms: Sequence[str], top_k: int, filters: Filters) -> FirstStage:
        """See `VectorStore`."""
        idf = self.idf(language, terms)
        weights = {schema.dimension(term): value for term, value in idf.items()}
        limit = max(1, top_k // 2)
        nearest = self._search(language, "pooled", vector.tolist(), top_k, filters)
        matching = self._search(language, "words", weights, limit * _RESCORED, filters) if weights else []
        nearest.sort(key=lambda row: (-float(vector @ np.array(row["pooled"], np.float32)), row["id"]))
        found = {row["id"]: row for row in (*nearest, *matching)}
        average = self.manifest.words.get(language, 0) / max(self.manifest.passages.get(language, 0), 1) or 1.0
        candidates = FirstStage(
            rows=np.array(list(found), dtype=np.int64),
            pooled=np.array([row["pooled"] for row in found.values()], np.float32).reshape(-1, self.manifest.facts.dim),
            lexical=np.array([schema.bm25_share(row, weights, language, average) for row in found.values()], np.float32),
            idf=idf,
        )
        return candidates.best(vector, [row["id"] for row in nearest], [row["id"] for row in matching], limit)

    def _search(self, language: Language, column: str, query: object, limit: int, filters: Filters) -> list[Row]:
        """The `limit` passages whose vectors in `column` have the largest dot product with the query, largest first."""
        if filters.languages and language not in filters.languages:
            return []
        filtered = schema.passing(filters)
        ef = max(_FILTERED_EF if filtered else _EF, limit)
        (hits,) = self._milvus.call(
            "search",
            self._names["passages"],
            [query],
            self._in_snapshot + filtered,
            limit,
            output_fields=["pooled", "words", "length"],
            partition_names=[language],
            anns_field=column,
            search_params={"params": {"ef": ef}} if column == "pooled" else {},
            **self._reads,
        )
        return [{"id": hit["id"], **hit["entity"]} for hit in hits]

    def idf(self, language: Language, terms: Sequence[str]) -> dict[str, float]:
        """See `VectorStore`."""
        passages = self.manifest.passages.get(language, 0)
        counts = schema.counts_of(self.word_counts(language), [schema.dimension(term) for term in terms])
        return {term: inverse_frequency(passages, count) for term, count in zip(terms, counts, strict=True)}

    def _read_word_counts(self, language: Language) -> WordCounts:
        name = schema.words_name(language)
        return np.frombuffer(self._records([name]).get(name, b""), "<u4").reshape(2, -1)

    def sentences(self, language: Language, rows: I64) -> Sentences:
        """See `VectorStore`."""
        read = [
            schema.load_vectors(row, self.manifest.facts.dim) for row in self._passages(rows.tolist(), ["sentences", "vectors"])
        ]
        counts, vectors, codes = (np.concatenate(arrays) for arrays in zip(*read, strict=True))
        starts = np.concatenate([[0], np.cumsum([len(own) for own, _, _ in read])])
        return Sentences(starts=starts, vectors=vectors.astype(np.float32), token_counts=counts, codes=codes)

    def stored(self, language: Language, rows: Sequence[int]) -> list[StoredPassage]:
        """See `VectorStore`."""
        return [
            StoredPassage(passage=record_of(Passage, unpack(row["text"])), language=language, row=row["id"])
            for row in self._passages(rows, ["text"])
        ]

    def _passages(self, ids: Sequence[int], columns: Sequence[str]) -> list[Row]:
        """Columns of passages, in the order given."""
        found = self._milvus.query(self._names["passages"], f"id in {literals(ids)}", ["id", *columns], **self._reads)
        by_id = {row["id"]: row for row in found}
        if not by_id.keys() >= set(ids):
            raise Unreachable(self._milvus.address, f"snapshot {self.snapshot_id} of the index has been deleted; ask again")
        return [by_id[one] for one in ids]

    def article(self, article_id: str) -> Article | None:
        """See `VectorStore`."""
        # The id may come from an address typed by anybody, and Milvus does not accept every string.
        if not article_id.isprintable() or len(article_id.encode()) > schema.MAX_ARTICLE_ID_BYTES:
            return None
        return self._article(article_id)

    def articles(self, offset: int, limit: int) -> list[Article]:
        """See `VectorStore`."""
        return self._read_articles(self._article_ids()[offset : offset + limit])

    def _read_articles(self, article_ids: Sequence[str]) -> list[Article]:
        names = list(map(schema.article_name, article_ids))
        found = self._records(names)
        return [record_of(Article, found[name]) for name in names if name in found]

    def _records(self, names: Sequence[str]) -> dict[str, bytes]:
        """This snapshot's records by name."""
        parts: dict[str, list[str]] = {}
        for start in range(0, len(names), _TOGETHER):
            condition = f"name in {literals(names[start : start + _TOGETHER])} and {self._in_snapshot}"
            rows = self._milvus.query(self._names["records"], condition, ["id", "name", "content"], **self._reads)
            for row in sorted(rows, key=lambda row: int(row["id"])):
                parts.setdefault(row["name"], []).append(row["content"])
        return {name: unpack(own) for name, own in parts.items()}

    def sha256_by_article(self) -> dict[str, str]:
        """The hash of each article's text and metadata when it was indexed."""
        rows = self._milvus.scan(self._names["records"], f'sha256 != "" and {self._in_snapshot}', ["name", "sha256"])
        return {row["name"].removeprefix(schema.article_name("")): row["sha256"] for row in rows}


class LiveMilvus(Live[MilvusStore]):
    """Follows the current snapshot, which it looks up once a second. Opens it at once, so that a bad index stops the start.

    Raises what `open_store` raises, at the start only; later the old snapshot stays if the new one cannot be opened.
    """

    def __init__(self, milvus: Milvus, names: Names, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._milvus = milvus
        self._names = names
        self._clock_s = clock_s
        self._asked_s = clock_s()
        super().__init__(open_store(milvus, names))

    def damage(self) -> str:
        """See `LiveStore`. Always empty: Milvus checks its own files."""
        return ""

    def _newer(self) -> tuple[MilvusStore, str] | None:
        if self._clock_s() - self._asked_s < _POLL_S:
            return None
        self._asked_s = self._clock_s()
        store = open_store(self._milvus, self._names)
        return (store if store.snapshot_id != self._store.snapshot_id else self._store), ""
