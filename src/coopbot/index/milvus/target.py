"""Articles into Milvus. Keeps the `Target` contract; see `schema` for what is kept how.

Whatever stops a build, the generation before it stays in force: until the row of the new one says that it is complete, readers
see none of it. What a killed build left is undone by the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from coopbot.errors import IndexBroken, IndexMismatch, IndexMissing
from coopbot.index.folder import write_lock
from coopbot.index.manifest import Facts
from coopbot.index.milvus.build import Build
from coopbot.index.milvus.client import Milvus
from coopbot.index.milvus.generations import Generation
from coopbot.index.milvus.schema import PREFIX, Names
from coopbot.index.milvus.store import MilvusStore, open_store
from coopbot.index.milvus.upkeep import drop_others, prune, start_anew
from coopbot.index.rows import ArticleRows
from coopbot.index.target import State

# Passages written together.
_TOGETHER = 256


class MilvusTarget:
    """Keeps the `Target` contract. `index_dir` has the lock: one machine writes."""

    def __init__(self, milvus: Milvus, index_dir: Path, prefix: str = PREFIX) -> None:
        self._milvus = milvus
        self._index_dir = index_dir
        self._prefix = prefix
        self._held: MilvusStore | None = None

    def lock(self) -> AbstractContextManager[None]:
        """See `Target`."""
        return write_lock(self._index_dir)

    def state(self, fingerprint: str) -> State | None:
        """See `Target`. Raises Unreachable."""
        self._held = None
        try:
            self._held = open_store(self._milvus, Names(self._prefix, fingerprint))
        except (IndexMissing, IndexMismatch, IndexBroken):
            return None
        return _state(self._held.generation, self._held.sha256_by_article())

    def write(self, gone: frozenset[str], rows: Iterator[ArticleRows], facts: Facts) -> State:
        """See `Target`. Raises Busy (another machine wrote meanwhile), Unreachable."""
        names = Names(self._prefix, facts.fingerprint)
        base = self._held.generation if self._held else None
        if base is None:
            start_anew(self._milvus, names, facts.dim)
        build = Build(self._milvus, names, base, facts)
        build.begin()
        added: set[str] = set()
        for group in _groups(rows):
            build.add(group)
            added |= {one.article.article_id for one in group}
        removed = sorted(gone - added)
        for start in range(0, len(removed), _TOGETHER):
            build.remove(removed[start : start + _TOGETHER])
        generation = build.finish()
        self._milvus.point_alias(names.prefix, names["generations"])
        prune(self._milvus, names)
        if base:
            drop_others(self._milvus, names)
        return _state(generation, {})


def _state(generation: Generation, sha256_by_article: dict[str, str]) -> State:
    return State(
        snapshot_id=generation.snapshot_id,
        facts=generation.facts,
        sha256_by_article=sha256_by_article,
        passages=sum(generation.passages.values()),
        whole=True,
    )


def _groups(rows: Iterable[ArticleRows]) -> Iterator[list[ArticleRows]]:
    group: list[ArticleRows] = []
    for one in rows:
        group.append(one)
        if sum(len(some.passages) + 1 for some in group) >= _TOGETHER:
            yield group
            group = []
    if group:
        yield group
