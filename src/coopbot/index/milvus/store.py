"""One generation of the index in Milvus. Keeps the `VectorStore` contract; see `schema` for what is kept how."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice

import numpy as np
import structlog

from coopbot.domain import LANGUAGES, Article, Filters, Language
from coopbot.errors import CoopbotError, IndexBroken, IndexMismatch, IndexMissing, Unreachable
from coopbot.index.embedder import F32
from coopbot.index.lexical import I64, rarity
from coopbot.index.milvus.client import Milvus
from coopbot.index.milvus.generations import Generation, in_force, read_generations
from coopbot.index.milvus.rows import (
    TEXT,
    VECTORS,
    Version,
    blob_key,
    join_blob,
    load_article,
    load_passage,
    load_vectors,
    load_versions,
    parts_of,
    version_at,
)
from coopbot.index.milvus.schema import EF, FILTERED_EF, MOST_ARTICLE_ID_BYTES, Names, Row, condition
from coopbot.index.milvus.words import bm25_share, count_at, dimension, term_key
from coopbot.index.passages import StoredPassage
from coopbot.index.shelf import FirstStage, Sentences

log = structlog.get_logger()

# What is read of each passage that is found.
_FOUND = ("pooled", "words", "length")

# Of those that words find, so many times as many as are wanted are scored again (`words`).
_RESCORED = 2

# A generation does not change, so that what was asked of it lately need not be asked again: for each question, the same words
# are wanted twice, and each article that it quotes.
_WORDS_KEPT, _ARTICLES_KEPT = 256, 64

# How often the generation in force is asked for. An article can then be found that much later.
_POLL_S = 1.0


def open_store(milvus: Milvus, names: Names, now_s: Callable[[], float] = time.time) -> MilvusStore:
    """The generation in force. Raises IndexMissing, IndexMismatch (written with another model or format), Unreachable."""
    target = milvus.alias_target(names.prefix)
    if target is None:
        raise IndexMissing(f"there is no index in Milvus at {milvus.address}; run: coopbot index")
    if target != names["generations"]:
        raise IndexMismatch(
            "the index in Milvus was built with another model or format; run: coopbot index, or set COOPBOT_MODEL back"
        )
    opened_s = now_s()
    generation = in_force(read_generations(milvus, names))
    if generation is None:
        raise IndexBroken(f"the index in Milvus at {milvus.address} says of no generation that it is whole; run: coopbot index")
    return MilvusStore(milvus.pinned(opened_s), names, generation)


class MilvusStore:
    """Answers from one generation, also while newer ones are written, until it is pruned (`target`).

    Every method raises Unreachable where Milvus does not answer, or has no longer what is asked for.
    """

    def __init__(self, milvus: Milvus, names: Names, generation: Generation) -> None:
        self._milvus = milvus
        self._names = names
        self.generation = generation
        self._rarities = lru_cache(_WORDS_KEPT)(self._read_rarities)
        self._articles_by_id = lru_cache(_ARTICLES_KEPT)(self._read_article)

    @property
    def snapshot_id(self) -> str:
        """Names this state."""
        return self.generation.snapshot_id

    @property
    def manifest(self) -> Generation:
        """What it says of itself."""
        return self.generation

    @property
    def languages(self) -> tuple[Language, ...]:
        """The languages that have passages."""
        return tuple(language for language in LANGUAGES if self.generation.passages.get(language))

    def first_stage(self, language: Language, vector: F32, terms: Sequence[str], top_k: int, filters: Filters) -> FirstStage:
        """See `VectorStore`."""
        if filters.languages and language not in filters.languages:
            return self._first_stage([], {}, {}, 0.0)
        idf = self._rarities(language, _dimensions(terms))
        near = self._search(language, "pooled", vector.tolist(), top_k, filters)
        limit = max(1, top_k // 2)
        having = self._search(language, "words", dict(idf), limit * _RESCORED, filters) if idf else []
        cosines = {row["id"]: float(vector @ np.array(row["pooled"], dtype=np.float32)) for row in (*near, *having)}
        shares = self._shares(language, [*near, *having], idf)
        near.sort(key=lambda row: (-cosines[row["id"]], row["id"]))
        having.sort(key=lambda row: (-shares[row["id"]], -cosines[row["id"]], row["id"]))
        known = {row["id"] for row in near}
        rows = [*near, *(row for row in having[:limit] if row["id"] not in known)]
        most = rarity(self.generation.passages.get(language, 0), 0)
        return self._first_stage(rows, shares, {term: idf[dimension(term)] for term in terms}, most)

    def _search(
        self, language: Language, column: str, sought: list[float] | dict[int, float], limit: int, filters: Filters
    ) -> list[Row]:
        passing = condition(self.generation.number, filters)
        ef = EF if filters == Filters(languages=filters.languages) else FILTERED_EF
        return self._milvus.search(self._names["passages"], column, sought, limit, passing, _FOUND, partition=language, ef=ef)

    def _shares(self, language: Language, rows: Sequence[Row], idf: Mapping[int, float]) -> dict[int, float]:
        average = self.generation.average_length(language)
        return {row["id"]: bm25_share(row["words"], row["length"], idf, language, average) for row in rows}

    def _first_stage(self, rows: Sequence[Row], shares: dict[int, float], idf: dict[str, float], most_idf: float) -> FirstStage:
        return FirstStage(
            rows=np.array([row["id"] for row in rows], dtype=np.int64),
            pooled=np.array([row["pooled"] for row in rows], dtype=np.float32).reshape(-1, self.generation.facts.dim),
            lexical=np.array([shares[row["id"]] for row in rows], dtype=np.float32),
            idf=idf,
            most_idf=most_idf,
        )

    def idf(self, language: Language, terms: Sequence[str]) -> dict[str, float]:
        """See `VectorStore`."""
        rarities = self._rarities(language, _dimensions(terms))
        return {term: rarities[dimension(term)] for term in terms}

    def sentences(self, language: Language, rows: I64) -> Sentences:
        """See `VectorStore`."""
        numbers = rows.tolist()
        blobs = self._blobs(numbers, VECTORS)
        read = [load_vectors(blobs[row], self.generation.facts.dim) for row in numbers]
        return Sentences(
            starts=np.concatenate([[0], np.cumsum([len(vectors) for vectors, _, _ in read])]),
            vectors=np.concatenate([vectors for vectors, _, _ in read]).astype(np.float32),
            token_counts=np.concatenate([counts for _, _, counts in read]),
            codes=np.concatenate([codes for _, codes, _ in read]),
        )

    def stored(self, language: Language, rows: Sequence[int]) -> list[StoredPassage]:
        """See `VectorStore`."""
        blobs = self._blobs(rows, TEXT)
        return [load_passage(blobs[row], row) for row in rows]

    def article(self, article_id: str) -> Article | None:
        """See `VectorStore`."""
        # What cannot be an id may come from an address typed by anybody, and not every string can be asked for.
        if not article_id.isprintable() or len(article_id.encode()) > MOST_ARTICLE_ID_BYTES:
            return None
        return self._articles_by_id(article_id)

    def _read_article(self, article_id: str) -> Article | None:
        rows = self._milvus.get(self._names["articles"], "article_id", [article_id], ["versions"])
        version = self._version(rows[0]) if rows else None
        return load_article(self._blobs([version.first], TEXT)[version.first]) if version else None

    def articles(self, offset: int, limit: int) -> list[Article]:
        """See `VectorStore`."""
        firsts = [version.first for _, version in islice(self._versions(), offset, offset + limit)]
        blobs = self._blobs(firsts, TEXT)
        return [load_article(blobs[first]) for first in firsts]

    def sha256_by_article(self) -> dict[str, str]:
        """What each article's text and metadata hashed to when it was indexed."""
        return {article_id: version.sha256 for article_id, version in self._versions()}

    def _versions(self) -> Iterator[tuple[str, Version]]:
        """The articles of this generation in the order of their ids."""
        for row in self._milvus.scan(self._names["articles"], "latest >= 0", ["article_id", "versions"]):
            version = self._version(row)
            if version:
                yield row["article_id"], version

    def _version(self, row: Row) -> Version | None:
        return version_at(load_versions(row["versions"]), self.generation.number)

    def _read_rarities(self, language: Language, dimensions: tuple[int, ...]) -> Mapping[int, float]:
        keys = [term_key(language, one) for one in dimensions]
        known = {row["id"]: row["counts"] for row in self._milvus.get(self._names["terms"], "id", keys, ["id", "counts"])}
        passages = self.generation.passages.get(language, 0)
        counts = [count_at(known.get(key, ()), self.generation.number) for key in keys]
        return {one: rarity(passages, count) for one, count in zip(dimensions, counts, strict=True)}

    def _blobs(self, numbers: Sequence[int], kind: int) -> dict[int, bytes]:
        """Bytes by number. Raises Unreachable if one is there no more."""
        keys = {numbered: blob_key(numbered, kind) for numbered in numbers}
        parts = self._parts(list(keys.values()))
        if len(parts) < len(keys):
            raise Unreachable(self._milvus.address, f"state {self.snapshot_id} of the index is kept no longer; ask again")
        counts = {key: parts_of(parts[key]) for key in keys.values()}
        parts |= self._parts([key + at for key, count in counts.items() for at in range(1, count)])
        return {one: join_blob([parts[key + at] for at in range(counts[key])]) for one, key in keys.items()}

    def _parts(self, keys: Sequence[int]) -> dict[int, str]:
        rows = self._milvus.get(self._names["blobs"], "id", keys, ["id", "content"])
        return {row["id"]: row["content"] for row in rows}


def _dimensions(terms: Sequence[str]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(map(dimension, terms)))


class LiveMilvus:
    """The generation in force, opened at once, so that a bad index stops the start, and then asked for once a second.

    Raises what `open_store` raises, at the start only; later what cannot be opened leaves the old one in force, and `fault` and
    the log say why.
    """

    def __init__(self, milvus: Milvus, names: Names, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._milvus = milvus
        self._names = names
        self._clock_s = clock_s
        self._lock = threading.Lock()
        self._store = open_store(milvus, names)
        self._asked_s = clock_s()
        self.fault = ""

    def current(self) -> MilvusStore:
        """The generation to answer from."""
        if self._clock_s() - self._asked_s >= _POLL_S and self._lock.acquire(blocking=False):
            try:
                self._follow()
            finally:
                self._lock.release()
        return self._store

    def damage(self) -> str:
        """See `LiveStore`; what Milvus keeps is for Milvus to look after."""
        return ""

    def _follow(self) -> None:
        self._asked_s = self._clock_s()
        fault = ""
        try:
            store = open_store(self._milvus, self._names)
            if store.snapshot_id != self._store.snapshot_id:
                self._store = store
        except CoopbotError as exc:
            fault = str(exc)
        if fault and fault != self.fault:
            log.warning("generation_passed_over", reason=fault, serving=self._store.snapshot_id)
        self.fault = fault
