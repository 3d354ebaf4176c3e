"""Articles in, a snapshot on disk out. Only text that was never embedded before is embedded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import numpy as np

from coopbot.domain import LANGUAGES, Article, Passage
from coopbot.errors import CoopbotError
from coopbot.index import token_codes
from coopbot.index.cache import VectorCache, cache_key
from coopbot.index.chunk import chunk
from coopbot.index.embedder import Embedder, Embeddings, Progress
from coopbot.index.manifest import FORMAT, Manifest, corpus_sha256, describe_files
from coopbot.index.passages import PassageWriter, StoredPassage
from coopbot.index.shard import PassageVectors, ShardWriter
from coopbot.index.snapshot import Snapshot, building_folder, open_current, prune, publish, write_lock

# Passages embedded before their vectors are put in the cache: what a killed build loses at most.
_BLOCK = 64

KEPT_SNAPSHOTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What a build did. `embedded` counts passages that went through the model; `snapshot` is the one now in force."""

    snapshot: str
    written: bool
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    reused: int
    embedded: int
    articles: int
    passages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    article: Article
    passages: list[Passage]
    keys: list[bytes]


def build(
    articles: Iterable[Article],
    embedder: Embedder,
    index_dir: Path,
    *,
    model: str,
    precision: str,
    force: bool = False,
    progress: Progress = lambda done, total: None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> BuildReport:
    """Bring the index in line with `articles`. Writes nothing when it already is, unless `force` is set.

    Raises Busy (another writer), Misconfigured (folder not writable). Whatever it raises, the old snapshot stays in force.
    """
    with write_lock(index_dir):
        wanted = sorted(articles, key=lambda article: (LANGUAGES.index(article.language), article.article_id))
        digest = corpus_sha256({article.article_id: article.sha256 for article in wanted})
        previous = _previous(index_dir, embedder)
        if previous and previous.manifest.corpus_sha256 == digest and not previous.fault and not force:
            return _report(previous.snapshot_id, wanted, previous, passages=sum(previous.manifest.passages.values()))
        with VectorCache(index_dir / "cache", embedder.fingerprint, embedder.dim) as cache:
            planned = [_plan(article, previous, embedder) for article in wanted]
            embedded = _embed_missing(planned, embedder, cache, progress)
            manifest = _Draft(
                fingerprint=embedder.fingerprint,
                model=model,
                precision=precision,
                dim=embedder.dim,
                built_at=now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                corpus_sha256=digest,
                previous=previous.snapshot_id if previous else None,
            )
            snapshot_id = _write(planned, cache, index_dir, manifest)
        prune(index_dir, KEPT_SNAPSHOTS)
        passages = sum(len(plan.passages) for plan in planned)
        return _report(snapshot_id, wanted, previous, passages=passages, embedded=embedded, written=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """The part of a manifest that is known before the files are written."""

    fingerprint: str
    model: str
    precision: str
    dim: int
    built_at: str
    corpus_sha256: str
    previous: str | None


def _previous(index_dir: Path, embedder: Embedder) -> Snapshot | None:
    """The snapshot in force, if it can be read and was made by the same model; otherwise all is built anew."""
    try:
        return open_current(index_dir, embedder.fingerprint)
    except CoopbotError:
        return None


def _plan(article: Article, previous: Snapshot | None, embedder: Embedder) -> _Planned:
    """The article's passages, as they were if it has not changed."""
    passages: list[Passage] = []
    if previous:
        known = previous.passages.article(article.article_id)
        if known and known.sha256 == article.sha256:
            passages = [stored.passage for stored in previous.passages.passages_of(article.article_id)]
    passages = passages or chunk(article, embedder.count_tokens)
    return _Planned(article=article, passages=passages, keys=[cache_key(_texts(article, p)) for p in passages])


def _texts(article: Article, passage: Passage) -> list[str]:
    """What is embedded for a passage: its context, the passage, each sentence."""
    sentences = [article.text[span.start_char : span.end_char] for span in passage.sentences]
    return [_context(article, passage), passage.text, *sentences]


def _context(article: Article, passage: Passage) -> str:
    """What stands before a passage when it is embedded, so that its vector knows what the article is about."""
    return " — ".join((article.title, *passage.heading_path)) + "\n"


def _embed_missing(planned: Sequence[_Planned], embedder: Embedder, cache: VectorCache, progress: Progress) -> int:
    """Embed and cache every passage that the cache does not have; tells how many."""
    texts = {key: _texts(plan.article, p) for plan in planned for key, p in zip(plan.keys, plan.passages, strict=True)}
    missing = list(texts.keys() - cache.known(list(texts)))
    missing.sort(key=lambda key: len(texts[key][1]))
    for start in range(0, len(missing), _BLOCK):
        progress(start, len(missing))
        block = missing[start : start + _BLOCK]
        cache.put(dict(zip(block, embed_block([texts[key] for key in block], embedder), strict=True)))
    progress(len(missing), len(missing))
    return len(missing)


def embed_block(texts: Sequence[list[str]], embedder: Embedder) -> list[PassageVectors]:
    """Vectors of passages, each given as [context, passage, sentence, ...]."""
    passages = embedder.embed_passages([context + text for context, text, *_ in texts], with_tokens=True)
    sentences = embedder.embed_passages([sentence for _, _, *rest in texts for sentence in rest]).pooled.astype(np.float16)
    vectors: list[PassageVectors] = []
    at = 0
    for row, (context, _, *rest) in enumerate(texts):
        vectors.append(_vectors(passages, row, len(context), sentences[at : at + len(rest)]))
        at += len(rest)
    return vectors


def _vectors(passages: Embeddings, row: int, context_chars: int, sentences: np.typing.NDArray[np.float16]) -> PassageVectors:
    tokens = passages.tokens[row]
    own = tokens.spans[:, 1] > context_chars
    starts = np.maximum(tokens.spans[own, 0] - context_chars, 0)
    return PassageVectors(
        pooled=passages.pooled[row],
        sentences=sentences,
        codes=token_codes.encode(tokens.vectors[own]),
        starts=np.minimum(starts, np.iinfo(np.uint16).max).astype(np.uint16),
    )


def _write(planned: Sequence[_Planned], cache: VectorCache, index_dir: Path, draft: _Draft) -> str:
    """Write, verify and publish a snapshot; tells its id."""
    with building_folder(index_dir) as folder:
        passages = PassageWriter(folder / "passages.sqlite")
        shards: dict[str, ShardWriter] = {}
        for plan in planned:
            language = plan.article.language
            if language not in shards and plan.passages:
                shards[language] = ShardWriter(folder / language)
            passages.add(plan.article, _store(plan, shards[language], cache) if plan.passages else [])
        passages.close()
        for shard in shards.values():
            shard.close()
        manifest = Manifest(
            format=FORMAT,
            fingerprint=draft.fingerprint,
            model=draft.model,
            precision=draft.precision,
            dim=draft.dim,
            built_at=draft.built_at,
            corpus_sha256=draft.corpus_sha256,
            previous=draft.previous,
            articles=len(planned),
            passages={language: len(shards[language]) for language in LANGUAGES if language in shards},
            sentences=sum(shard.sentence_count for shard in shards.values()),
            tokens=sum(shard.token_count for shard in shards.values()),
            files=describe_files(folder),
        )
        manifest.write(folder)
        stamp = draft.built_at.replace("-", "").replace(":", "")
        snapshot_id = f"{stamp}-{sha256((folder / 'manifest.json').read_bytes()).hexdigest()[:8]}"
        publish(index_dir, folder, snapshot_id)
        return snapshot_id


def _store(plan: _Planned, shard: ShardWriter, cache: VectorCache) -> list[StoredPassage]:
    vectors = cache.get(plan.keys)
    stored: list[StoredPassage] = []
    for key, passage in zip(plan.keys, plan.passages, strict=True):
        stored.append(
            StoredPassage(
                passage=passage,
                language=plan.article.language,
                row=len(shard),
                first_sentence=shard.sentence_count,
                first_token=shard.token_count,
                token_count=len(vectors[key].codes),
            )
        )
        shard.add(vectors[key])
    return stored


def _report(
    snapshot: str,
    wanted: Sequence[Article],
    previous: Snapshot | None,
    *,
    passages: int,
    embedded: int = 0,
    written: bool = False,
) -> BuildReport:
    before = previous.passages.sha256_by_article() if previous else {}
    after = {article.article_id: article.sha256 for article in wanted}
    return BuildReport(
        snapshot=snapshot,
        written=written,
        added=tuple(sorted(after.keys() - before.keys())),
        changed=tuple(sorted(a for a in after.keys() & before.keys() if after[a] != before[a])),
        removed=tuple(sorted(before.keys() - after.keys())),
        reused=sum(1 for a in after.keys() & before.keys() if after[a] == before[a]),
        embedded=embedded,
        articles=len(after),
        passages=passages,
    )
