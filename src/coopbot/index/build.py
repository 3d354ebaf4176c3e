"""Builds a snapshot from articles. Only changed articles are processed, and only new text is embedded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from coopbot.domain import Article
from coopbot.index.cache import VectorCache
from coopbot.index.chunk import chunk
from coopbot.index.disk.local import LocalTarget
from coopbot.index.disk.manifest import corpus_sha256
from coopbot.index.model.embedder import Embedder, Progress
from coopbot.index.rows import RowMaker, ToPassages
from coopbot.index.types import ArticleRows, Facts, State
from coopbot.text.gazetteer import gazetteer_sha256


class Target(Protocol):
    """Where an index is stored: `disk.local` or `milvus.target`. If a method raises, the current snapshot stays current."""

    def lock(self) -> AbstractContextManager[None]:
        """Hold the lock of the one writer. Raises Busy, Misconfigured."""

    def state(self, fingerprint: str) -> State | None:
        """The current state, or None if there is none that this model can extend."""

    def write(self, removed: frozenset[str], rows: Iterator[ArticleRows], facts: Facts) -> State:
        """Publish the last `state` without the `removed` articles and with the rows of new ones. A changed article is both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What a build did. `embedded` counts passages that went through the model; `snapshot` is now current."""

    snapshot: str
    written: bool
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    reused: int
    embedded: int
    articles: int
    passages: int


def build(
    articles: Iterable[Article],
    embedder: Embedder,
    index_dir: Path,
    *,
    model: str,
    precision: str,
    force: bool = False,
    progress: Progress = lambda done, total: None,
    to_passages: ToPassages | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    target: Target | None = None,
) -> BuildReport:
    """Make the index match `articles`. Writes nothing if it already does, unless `force` is set. If the gazetteer has changed,
    all articles are written again, with vectors from the cache.

    `to_passages` cuts an article; by default `chunk` does. `target` is where the index is stored, by default
    `index_dir`, which always holds the vector cache. `progress` counts articles.

    Raises Busy (another writer), Misconfigured (folder not writable). On any error the old snapshot stays current.
    """
    place = target or LocalTarget(index_dir)
    with place.lock():
        state = place.state(embedder.fingerprint)
        before = state.sha256_by_article if state else {}
        force = force or (state is not None and state.contents.facts.gazetteer_sha256 != gazetteer_sha256())
        after: dict[str, str] = {}
        fresh: list[Article] = []
        for article in articles:
            after[article.article_id] = article.sha256
            if force or before.get(article.article_id) != article.sha256:
                fresh.append(article)
        digest = corpus_sha256(after)
        if state and state.whole and state.contents.facts.corpus_sha256 == digest and not force:
            return _report(state, before, after, written=False)
        facts = Facts(
            fingerprint=embedder.fingerprint,
            model=model,
            precision=precision,
            dim=embedder.dim,
            built_at=now().astimezone(UTC).isoformat(timespec="milliseconds"),
            corpus_sha256=digest,
            previous=state.snapshot_id if state else None,
            gazetteer_sha256=gazetteer_sha256(),
        )
        with closing(VectorCache(index_dir / "cache", embedder.fingerprint, embedder.dim)) as cache:
            maker = RowMaker(embedder, cache, to_passages or (lambda article: chunk(article, embedder.count_tokens)))
            replaced = frozenset(a for a in before if force or before[a] != after.get(a))
            written = place.write(replaced, maker.make(_counted(fresh, progress)), facts)
        return _report(written, before, after, written=True, embedded=maker.embedded)


def _counted(articles: list[Article], progress: Progress) -> Iterator[Article]:
    for done, article in enumerate(articles):
        progress(done, len(articles))
        yield article
    progress(len(articles), len(articles))


def _report(state: State, before: dict[str, str], after: dict[str, str], *, written: bool, embedded: int = 0) -> BuildReport:
    return BuildReport(
        snapshot=state.snapshot_id,
        written=written,
        added=tuple(sorted(after.keys() - before.keys())),
        changed=tuple(sorted(a for a in after.keys() & before.keys() if after[a] != before[a])),
        removed=tuple(sorted(before.keys() - after.keys())),
        reused=sum(1 for a in after.keys() & before.keys() if after[a] == before[a]),
        embedded=embedded,
        articles=len(after),
        passages=sum(state.contents.passages.values()),
    )
