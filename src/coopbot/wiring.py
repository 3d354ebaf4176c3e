"""Builds the parts from the settings. The only place that chooses implementations across packages."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from coopbot.ask.answer.answerer import Answerer
from coopbot.ask.answer.writer import Writer
from coopbot.ask.rank.reader import ModelReader
from coopbot.ask.store import LiveStore
from coopbot.ask.understand.shared_conversations import SharedConversations
from coopbot.domain import Answer, Article
from coopbot.editing import CorpusEditor, failed
from coopbot.errors import Busy, CoopbotError, Misconfigured, Unreadable
from coopbot.index.build import BuildReport, build
from coopbot.index.disk.local import LocalTarget
from coopbot.index.live import LiveIndex
from coopbot.index.model.conversion import Step
from coopbot.index.model.embedder import Progress
from coopbot.index.model.encoder import Encoder
from coopbot.index.model.prepare import ModelSource, load_embedder
from coopbot.index.model.reader_model import ReaderCard, load_reader, reader_card
from coopbot.index.target import Target
from coopbot.ingest.corpus.store import Corpus
from coopbot.ingest.formats.sandbox import ReadLimits, Sandbox
from coopbot.serve.jobs import Jobs, Limits
from coopbot.serve.redact import public_address, without_secrets
from coopbot.serve.spool import Spool
from coopbot.settings import Settings

if TYPE_CHECKING:
    from coopbot.index.milvus.client import Milvus
    from coopbot.serve.http.access import Access
    from coopbot.serve.http.metrics import Monitoring
    from coopbot.serve.metrics import Metrics
    from coopbot.serve.run import Watching
    from coopbot.serve.telegram.kit import Library
    from coopbot.serve.telegram.service import BotSettings
    from coopbot.serve.tracing import Tracing
    from coopbot.write.writer import TextModel

# Share of the shutdown time given to jobs; the rest is for the process itself.
_SHARE_OF_JOBS = 0.85

log = structlog.get_logger()

READER_OFF = "off"

OnAnswer = Callable[[Answer], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """The embedding model and the reader; None if the reader is off."""

    embedder: Encoder
    reader: ModelReader | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What every interface answers with: an answerer over the current index."""

    answerer: Answerer
    index: LiveStore
    models: Models

    def with_writer(self, writer: Writer) -> Answerer:
        """An answerer over the same index whose answers the writer words."""
        return Answerer(self.models.embedder, self.index.current, self.models.reader, writer=writer)

    def without_reader(self) -> Answerer:
        """An answerer over the same index that uses retrieval alone."""
        return Answerer(self.models.embedder, self.index.current, None)


def open_embedder(settings: Settings, on_step: Step = lambda _: None) -> Encoder:
    """The embedding model, prepared on first use. Raises ModelUnavailable, Misconfigured."""
    return load_embedder(ModelSource.of(settings.model), settings.cache_dir, threads=settings.threads, on_step=on_step)


def open_reader(settings: Settings, on_step: Step = lambda _: None) -> ModelReader | None:
    """The reading model, prepared on first use, or None if it is off. Raises ModelUnavailable, Misconfigured."""
    if settings.reader == READER_OFF:
        return None
    return ModelReader(load_reader(settings.reader, settings.cache_dir, threads=settings.threads, on_step=on_step))


def prepared_reader(settings: Settings) -> ReaderCard | None:
    """The card of the reading model; None if it is off or not prepared yet. Raises ModelUnavailable if it is damaged."""
    return None if settings.reader == READER_OFF else reader_card(settings.reader, settings.cache_dir)


def open_models(settings: Settings, on_step: Step = lambda _: None) -> Models:
    """Both models. Raises ModelUnavailable, Misconfigured."""
    return Models(embedder=open_embedder(settings, on_step), reader=open_reader(settings, on_step))


def open_service(
    settings: Settings,
    on_step: Step = lambda _: None,
    *,
    models: Models | None = None,
    on_answer: OnAnswer | None = None,
    conversations: Path | None = None,
) -> Service:
    """Open models and index, so that a bad one stops the start; models already open may be passed in.

    `on_answer`: see `Answerer`. conversations: file shared by several processes; None: in memory.
    Raises what opening them raises.
    """
    models = models or open_models(settings, on_step)
    index = open_index(settings, models.embedder.fingerprint)
    writer = open_writer(settings, models.reader)
    answerer = Answerer(
        models.embedder,
        index.current,
        models.reader,
        writer=writer,
        on_answer=on_answer or (lambda _: None),
        conversations=SharedConversations(conversations, time.time) if conversations else None,
    )
    return Service(answerer=answerer, index=index, models=models)


def open_writer(settings: Settings, reader: ModelReader | None) -> Writer | None:
    """The writer for the language model, or None if none is set. Does not call the model yet. Raises Misconfigured."""
    model = open_llm(settings)
    if model is None:
        return None
    if reader is None:
        raise Misconfigured(
            "a language model needs the reader to check what it writes, and the reader is off; unset COOPBOT_READER"
        )
    from coopbot.write.writer import ModelWriter

    return ModelWriter(model, reader)


def open_llm(settings: Settings) -> TextModel | None:
    """The language model, or None if none is set. Raises Misconfigured."""
    if not settings.llm_base_url:
        return None
    if not settings.llm_model:
        raise Misconfigured("COOPBOT_LLM_BASE_URL is set and COOPBOT_LLM_MODEL is not; set both, or neither")
    # Imported here because its libraries are optional and slow to import.
    try:
        from coopbot.write.llm import Llm, LlmCard
    except ImportError as exc:
        raise Misconfigured('a language model needs libraries; run: pip install "coopbot[llm]"') from exc
    card = LlmCard(
        base_url=settings.llm_base_url,
        model=settings.llm_model,
        api_key=settings.llm_api_key.get_secret_value() if settings.llm_api_key else "",
        timeout_s=settings.llm_timeout_s,
        concurrency=settings.llm_concurrency,
    )
    return Llm(card)


def open_index(settings: Settings, fingerprint: str) -> LiveStore:
    """Open the current index. Raises what opening it raises."""
    if settings.milvus_uri is None:
        return LiveIndex(settings.index_dir, fingerprint)
    from coopbot.index.milvus.schema import PREFIX, Names
    from coopbot.index.milvus.store import LiveMilvus

    return LiveMilvus(_milvus(settings, settings.milvus_uri), Names(PREFIX, fingerprint))


def open_target(settings: Settings) -> Target:
    """The target that builds write to."""
    if settings.milvus_uri is None:
        return LocalTarget(settings.index_dir)
    from coopbot.index.milvus.target import MilvusTarget

    return MilvusTarget(_milvus(settings, settings.milvus_uri), settings.index_dir)


def _milvus(settings: Settings, uri: str) -> Milvus:
    from coopbot.index.milvus.client import Milvus

    return Milvus.connect(uri, settings.milvus_token.get_secret_value() if settings.milvus_token else "")


def open_sandbox(settings: Settings) -> Sandbox:
    """The reader of documents, in a separate process started on first use."""
    return Sandbox(
        ReadLimits(memory_mb=settings.read_memory_mb, timeout_s=settings.read_timeout_s, output_mb=settings.read_output_mb)
    )


def open_corpus(settings: Settings, sandbox: Sandbox | None = None) -> Corpus:
    """The corpus folder, with its catalogue beside the index. Without a sandbox given, it gets its own."""
    sandbox = sandbox or open_sandbox(settings)
    catalogue = settings.index_dir / "cache" / "corpus.sqlite"
    return Corpus(settings.corpus_dir, catalogue, read=sandbox.read, limits=str(sandbox.limits))


def open_editor(settings: Settings, embedder: Encoder | None = None) -> CorpusEditor:
    """The editor of the corpus. Without an embedder given, the first rebuild opens one."""
    target: Target | None = None
    sandbox = open_sandbox(settings)
    corpus = open_corpus(settings, sandbox)

    def reindex(progress: Progress) -> BuildReport:
        nonlocal target
        target = target or open_target(settings)
        model = embedder or open_embedder(settings)
        report, unreadable = rebuild(settings, model, progress=progress, target=target, corpus=corpus)
        for problem in unreadable:
            log.warning("not_indexed", source=problem.source, reason=problem.reason)
        return report

    states = settings.index_dir / "cache" / "feeds.json"
    return CorpusEditor(
        corpus=corpus,
        feed_states=states,
        reindex=reindex,
        read=sandbox.read,
        read_feed=sandbox.read_feed,
        end_reading=sandbox.close,
    )


def open_jobs(settings: Settings, editor: CorpusEditor, *, keep: bool = False) -> Jobs:
    """The job queue for changes; on shutdown it stops before the process has to exit.

    With `keep`, pending jobs are stored on disk; if several services share an index, only the first may do so.
    """
    limits = Limits(stop_s=settings.shutdown_s * _SHARE_OF_JOBS)
    if not keep:
        return Jobs(editor, limits=limits)
    try:
        return Jobs(editor, limits=limits, spool=Spool(settings.index_dir / "pending"))
    except Busy as exc:
        log.warning("changes_not_kept", reason=str(exc))
        return Jobs(editor, limits=limits)


def open_access(settings: Settings) -> Access:
    """Access control and rate limits for HTTP."""
    # Here, so that asking a question does not load the web framework.
    from coopbot.serve.http.access import Access

    return Access(
        hosts=settings.hosts,
        api_keys=tuple(key.get_secret_value() for key in settings.api_keys),
        rate_limit=settings.rate_limit,
        rate_storage=settings.rate_storage.get_secret_value(),
        trusted_proxies=settings.trusted_proxies,
    )


def open_library(service: Service, jobs: Jobs | None) -> Library:
    """The service and jobs for the Telegram bot."""
    # Imported here so that nothing else loads its library.
    from coopbot.serve.telegram.kit import Library

    return Library(answers=service.answerer, index=service.index, jobs=jobs)


def bot_settings(settings: Settings, *, webhook_path: str | None = None) -> BotSettings:
    """Settings of the Telegram bot; it uses a webhook if there is a path for it and a public address."""
    from coopbot.serve.telegram.kit import Rules
    from coopbot.serve.telegram.service import BotSettings

    begin, _, end = settings.telegram_quiet.partition("-")
    over_http = settings.telegram_webhook_url is not None and webhook_path is not None
    return BotSettings(
        token=settings.telegram_token.get_secret_value() if settings.telegram_token else "",
        folder=settings.telegram_dir or settings.index_dir / "telegram",
        api_url=settings.telegram_api_url,
        rules=Rules(
            admins=frozenset(settings.telegram_admins),
            allowed=frozenset(settings.telegram_allowed),
            a_minute=settings.telegram_rate,
            quiet=(int(begin), int(end)),
            zone=settings.telegram_zone,
        ),
        shutdown_s=settings.shutdown_s,
        health_port=settings.telegram_health_port,
        webhook_url=f"{settings.telegram_webhook_url}".rstrip("/") + f"{webhook_path}" if over_http else None,
    )


def open_monitoring(
    settings: Settings, metrics: Metrics, service: Service, waiting: Callable[[], Mapping[str, int]] = dict
) -> Monitoring:
    """The data for `/metrics`. waiting: queue lengths by name."""
    from coopbot.serve.http.metrics import Monitoring
    from coopbot.serve.metrics import State

    reader = prepared_reader(settings)
    card = service.models.embedder.card
    models = {
        "embedder": card.name,
        "embedder_precision": card.precision,
        "reader": reader.name if reader else READER_OFF,
        "reader_precision": reader.precision if reader else "",
        "writer": settings.llm_model if settings.llm_base_url else READER_OFF,
    }
    token = settings.metrics_token.get_secret_value() if settings.metrics_token else ""
    state = State(index=service.index, version=version("coopbot"), models=models, waiting=waiting)
    return Monitoring(metrics=metrics, state=state, token=token)


def open_tracing(settings: Settings) -> Tracing | None:
    """The tracer, or None if no collector is set. Raises Misconfigured."""
    if not settings.otel_endpoint:
        return None
    try:
        from coopbot.serve.tracing import Tracing
    except ImportError as exc:
        raise Misconfigured('traces need a library; run: pip install "coopbot[otel]"') from exc
    return Tracing.to(settings.otel_endpoint, version("coopbot"))


def watching(settings: Settings, editor: CorpusEditor, feeds: Sequence[str], minutes: float) -> Watching:
    """The corpus folder and feeds to watch."""
    # Here, so that asking a question does not load the web framework.
    from coopbot.serve.run import Watching

    return Watching(
        corpus_dir=settings.corpus_dir, feeds=tuple(feeds), every_s=minutes * 60, read_feed=partial(_read_feed, editor)
    )


def _read_feed(editor: CorpusEditor, feed: str) -> int:
    """Add new articles from a feed and return how many. Failures are logged without secrets."""
    arrived = 0
    for url, result in editor.add_feed(feed):
        arrived += not isinstance(result, CoopbotError)
        if failed(result):
            log.warning("not_taken_from_feed", url=public_address(url), reason=without_secrets(str(result)))
    return arrived


def rebuild(
    settings: Settings,
    embedder: Encoder,
    *,
    force: bool = False,
    progress: Progress = lambda done, total: None,
    target: Target | None = None,
    corpus: Corpus | None = None,
) -> tuple[BuildReport, list[Unreadable]]:
    """Update the index from the corpus. Returns the report and the files that could not be read; the rest is indexed."""
    unreadable: list[Unreadable] = []
    report = build(
        _readable(corpus or open_corpus(settings), unreadable.append),
        embedder,
        settings.index_dir,
        model=embedder.card.name,
        precision=embedder.card.precision,
        force=force,
        progress=progress,
        target=target or open_target(settings),
    )
    return report, unreadable


def _readable(corpus: Corpus, report: Callable[[Unreadable], None]) -> Iterator[Article]:
    for found in corpus:
        if isinstance(found, Unreadable):
            report(found)
        else:
            yield found
