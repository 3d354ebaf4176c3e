"""Settings -> the parts put together. The only place where one room's choice of implementation is made for another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from coopbot.ask.answerer import Answerer
from coopbot.domain import Article
from coopbot.errors import Unreadable
from coopbot.index.build import BuildReport, build
from coopbot.index.embedder import Progress
from coopbot.index.encoder import Encoder
from coopbot.index.live import LiveIndex
from coopbot.index.prepare import ModelSource, Step, load_embedder
from coopbot.index.vectors import use_one_thread
from coopbot.ingest.corpus import Corpus
from coopbot.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What every way in is given: an answerer over the index in force."""

    answerer: Answerer
    index: LiveIndex
    embedder: Encoder


def open_embedder(settings: Settings, on_step: Step = lambda _: None) -> Encoder:
    """The model, prepared on first use. Raises ModelUnavailable, Misconfigured."""
    return load_embedder(ModelSource.of(settings.model), settings.cache_dir, threads=settings.threads, on_step=on_step)


def open_service(settings: Settings, on_step: Step = lambda _: None) -> Service:
    """Model and index opened, so that a bad one stops the start. Raises what both raise."""
    use_one_thread()
    embedder = open_embedder(settings, on_step)
    index = LiveIndex(settings.index_dir, embedder.fingerprint)
    return Service(answerer=Answerer(embedder, index.current), index=index, embedder=embedder)


def open_corpus(settings: Settings) -> Corpus:
    """The folder of articles."""
    return Corpus(settings.corpus_dir)


def rebuild(
    settings: Settings, embedder: Encoder, *, force: bool = False, progress: Progress = lambda done, total: None
) -> tuple[BuildReport, list[Unreadable]]:
    """Bring the index in line with the corpus; files that could not be read are told, the rest is indexed."""
    unreadable: list[Unreadable] = []
    report = build(
        _readable(open_corpus(settings), unreadable.append),
        embedder,
        settings.index_dir,
        model=embedder.card.name,
        precision=embedder.card.precision,
        force=force,
        progress=progress,
    )
    return report, unreadable


def _readable(corpus: Corpus, tell: Callable[[Unreadable], None]) -> Iterator[Article]:
    for found in corpus:
        if isinstance(found, Unreadable):
            tell(found)
        else:
            yield found
