"""Articles in, a snapshot on disk out. Only text that was never embedded before is embedded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt

from coopbot.domain import LANGUAGES, Article, Language, Passage
from coopbot.errors import CoopbotError
from coopbot.index import token_codes
from coopbot.index.cache import VectorCache, cache_key
from coopbot.index.chunk import chunk
from coopbot.index.embedder import Embedder, Progress, centred
from coopbot.index.manifest import FORMAT, Manifest, corpus_sha256, describe_files
from coopbot.index.passages import PassageWriter, StoredPassage
from coopbot.index.shard import PassageVectors, ShardWriter
from coopbot.index.snapshot import Snapshot, building_folder, open_current, prune, publish, write_lock
from coopbot.text.notes import PassageNotes, dump_notes, take_notes
from coopbot.text.tokens import lexical_tokens

# Passages embedded before their vectors are put in the cache: what a killed build loses at most.
_BLOCK = 64

KEPT_SNAPSHOTS = 3

ToPassages = Callable[[Article], list[Passage]]

_LANGUAGE: dict[str, Language] = {language: language for language in LANGUAGES}


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
    notes: list[PassageNotes]


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
) -> BuildReport:
    """Bring the index in line with `articles`. Writes nothing when it already is, unless `force` is set.

    `to_passages` cuts an article; by default `chunk` does.

    Raises Busy (another writer), Misconfigured (folder not writable). Whatever it raises, the old snapshot stays in force.
    """
    with write_lock(index_dir):
        wanted = sorted(articles, key=lambda article: (LANGUAGES.index(article.language), article.article_id))
        digest = corpus_sha256({article.article_id: article.sha256 for article in wanted})
        previous = _previous(index_dir, embedder)
        if previous and previous.manifest.corpus_sha256 == digest and not previous.fault and not force:
            return _report(previous.snapshot_id, wanted, previous, passages=sum(previous.manifest.passages.values()))
        with VectorCache(index_dir / "cache", embedder.fingerprint, embedder.dim) as cache:
            cut = to_passages or (lambda article: chunk(article, embedder.count_tokens))
            planned = [_plan(article, previous, cut) for article in wanted]
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


def _plan(article: Article, previous: Snapshot | None, to_passages: ToPassages) -> _Planned:
    """The article's passages and notes, as they were if it has not changed."""
    passages: list[Passage] = []
    notes: list[PassageNotes] = []
    if previous:
        known = previous.passages.article(article.article_id)
        if known and known.sha256 == article.sha256:
            stored = previous.passages.passages_of(article.article_id)
            passages, notes = [s.passage for s in stored], [s.read_notes() for s in stored]
    if not passages:
        passages = to_passages(article)
        notes = [take_notes(_context(article, p), _sentences(article, p)) for p in passages]
    keys = [cache_key(_texts(article, passage)) for passage in passages]
    return _Planned(article=article, passages=passages, keys=keys, notes=notes)


def _texts(article: Article, passage: Passage) -> list[str]:
    """What a passage's vectors are made of: its language (whose centre they lose), context, text, and each sentence."""
    return [article.language, _context(article, passage), passage.text, *_sentences(article, passage)]


def _sentences(article: Article, passage: Passage) -> list[str]:
    return [article.text[span.start_char : span.end_char] for span in passage.sentences]


def _context(article: Article, passage: Passage) -> str:
    """What stands before a passage when it is embedded, so that its vector knows what the article is about."""
    context = " — ".join(part for part in (article.title, *passage.heading_path) if part)
    return f"{context}\n" if context else ""


def _embed_missing(planned: Sequence[_Planned], embedder: Embedder, cache: VectorCache, progress: Progress) -> int:
    """Embed and cache every passage that the cache does not have; tells how many."""
    texts = {key: _texts(plan.article, p) for plan in planned for key, p in zip(plan.keys, plan.passages, strict=True)}
    missing = list(texts.keys() - cache.known(list(texts)))
    missing.sort(key=lambda key: len(texts[key][2]))
    for start in range(0, len(missing), _BLOCK):
        progress(start, len(missing))
        block = missing[start : start + _BLOCK]
        cache.put(dict(zip(block, embed_block([texts[key] for key in block], embedder), strict=True)))
    progress(len(missing), len(missing))
    return len(missing)


def embed_block(texts: Sequence[list[str]], embedder: Embedder) -> list[PassageVectors]:
    """Vectors of passages, each given as [language, context, passage, sentence, ...]."""
    passages = embedder.embed_passages([context + text for _, context, text, *_ in texts], with_tokens=True)
    sentences = embedder.embed_passages([sentence for _, _, _, *rest in texts for sentence in rest]).pooled
    vectors: list[PassageVectors] = []
    at = 0
    for row, (language, context, text, *rest) in enumerate(texts):
        centre = embedder.centre(_LANGUAGE[language])
        own = passages.tokens[row].spans[:, 1] > len(context)
        begins = passages.tokens[row].spans[own, 0] - len(context)
        vectors.append(
            PassageVectors(
                pooled=centred(passages.pooled[row], centre.passage),
                sentences=centred(sentences[at : at + len(rest)], centre.sentence).astype(np.float16),
                codes=token_codes.encode(passages.tokens[row].vectors[own]),
                token_counts=_token_counts(begins, text, rest),
            )
        )
        at += len(rest)
    return vectors


def _token_counts(begins: npt.NDArray[np.int32], text: str, sentences: Sequence[str]) -> npt.NDArray[np.int64]:
    """How many tokens each sentence of a text has; a token belongs to the last sentence that begins at or before it."""
    at = 0
    starts = []
    for sentence in sentences:
        at = text.index(sentence, at)
        starts.append(at)
        at += len(sentence)
    # A token that takes in the space before a sentence begins one character early.
    firsts = np.searchsorted(begins, np.array(starts) - 1)
    firsts[0] = 0
    return np.diff(np.append(firsts, len(begins))).astype(np.int64)


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
    for key, passage, notes in zip(plan.keys, plan.passages, plan.notes, strict=True):
        stored.append(
            StoredPassage(
                passage=passage,
                language=plan.article.language,
                row=len(shard),
                notes=dump_notes(notes),
            )
        )
        words = lexical_tokens(_context(plan.article, passage)) + [word for note in notes.sentences for word in note.words]
        shard.add(vectors[key], words)
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
