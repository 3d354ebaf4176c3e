"""Opens models, index and corpus as the settings say. The only place that chooses implementations across packages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from coopbot.ask.answer.answerer import Answerer, Writer
from coopbot.ask.rank.reader import ModelReader
from coopbot.ask.store import LiveStore
from coopbot.ask.understand.conversations import Conversations
from coopbot.ask.weights import load_weights
from coopbot.domain import Answer, Article
from coopbot.editing import CorpusEditor
from coopbot.errors import Misconfigured, Unreadable
from coopbot.index.build import BuildReport, Target, build
from coopbot.index.disk.local import LocalTarget
from coopbot.index.live import LiveIndex
from coopbot.index.model.conversion import Step
from coopbot.index.model.embedder import Progress
from coopbot.index.model.encoder import Encoder
from coopbot.index.model.prepare import ModelSource, load_embedder, prepare
from coopbot.index.model.reader_model import ReaderCard, load_reader, prepare_reader, reader_card
from coopbot.index.model.tokenizer import TextTokenizer
from coopbot.ingest.corpus.store import Corpus
from coopbot.ingest.formats.sandbox import Sandbox
from coopbot.settings import Settings
from coopbot.state import State

if TYPE_CHECKING:
    from coopbot.index.milvus.client import Milvus
    from coopbot.sections import MilvusServer
    from coopbot.write.writer import TextModel

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


def open_state(settings: Settings, *, needed: bool = True) -> State:
    """The state of the service. If it is not `needed` and cannot be used, one in memory. Raises Misconfigured."""
    try:
        state = State((settings.state_dir or settings.index_dir) / "state.sqlite")
        state.take_over(settings.index_dir / "telegram" / "state.sqlite")
        return state
    except Misconfigured as exc:
        if needed:
            raise
        log.warning("state_in_memory", reason=str(exc))
        return State(None)


def open_embedder(settings: Settings, on_step: Step = lambda _: None) -> Encoder:
    """The embedding model, prepared on first use. Raises ModelUnavailable, Misconfigured."""
    return load_embedder(ModelSource.of(settings.model), settings.cache_dir, threads=settings.threads, on_step=on_step)


def open_reader(
    settings: Settings, on_step: Step = lambda _: None, *, tokenizer: Callable[[], TextTokenizer] | None = None
) -> ModelReader | None:
    """The reading model, prepared on first use, or None if it is off; `tokenizer` as in `load_reader`.

    Raises ModelUnavailable, Misconfigured.
    """
    if settings.reader == READER_OFF:
        return None
    model = load_reader(settings.cache_dir, threads=settings.threads, tokenizer=tokenizer, on_step=on_step)
    return ModelReader(model, load_weights().meaning)


def prepared_reader(settings: Settings) -> ReaderCard | None:
    """The card of the reading model; None if it is off or not prepared yet. Raises ModelUnavailable if it is damaged."""
    return None if settings.reader == READER_OFF else reader_card(settings.cache_dir)


def open_models(settings: Settings, on_step: Step = lambda _: None) -> Models:
    """Both models, prepared one after the other and opened side by side. Raises ModelUnavailable, Misconfigured."""
    source = ModelSource.of(settings.model)
    prepare(source, settings.cache_dir, on_step=on_step)
    if settings.reader != READER_OFF:
        prepare_reader(settings.cache_dir, on_step=on_step)
    with ThreadPoolExecutor(1) as beside:
        opening = beside.submit(open_embedder, settings)
        shared = (lambda: opening.result().tokenizer.unprompted) if source.is_built_in else None
        reader = open_reader(settings, tokenizer=shared)
        return Models(embedder=opening.result(), reader=reader)


def open_service(
    settings: Settings,
    on_step: Step = lambda _: None,
    *,
    models: Models | None = None,
    on_answer: OnAnswer | None = None,
    conversations: Conversations | None = None,
) -> Service:
    """Open models and index, so that a bad one stops the start; models already open may be passed in.

    `on_answer`: see `Answerer`. conversations: in memory by default.
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
        conversations=conversations,
        kept=settings.questions.kept,
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
    if not settings.llm.base_url:
        return None
    if not settings.llm.model:
        raise Misconfigured("COOPBOT_LLM_BASE_URL is set and COOPBOT_LLM_MODEL is not; set both, or neither")
    # Imported here because its libraries are optional and slow to import.
    try:
        from coopbot.write.llm import Llm
    except ImportError as exc:
        raise Misconfigured('a language model needs libraries; run: pip install "coopbot[llm]"') from exc
    return Llm(settings.llm)


def open_index(settings: Settings, fingerprint: str) -> LiveStore:
    """Open the current index. Raises what opening it raises."""
    if settings.milvus.uri is None:
        return LiveIndex(settings.index_dir, fingerprint)
    from coopbot.index.milvus.schema import PREFIX, Names
    from coopbot.index.milvus.store import LiveMilvus

    return LiveMilvus(_milvus(settings.milvus), Names(PREFIX, fingerprint))


def open_target(settings: Settings) -> Target:
    """The target that builds write to."""
    if settings.milvus.uri is None:
        return LocalTarget(settings.index_dir)
    from coopbot.index.milvus.target import MilvusTarget

    return MilvusTarget(_milvus(settings.milvus), settings.index_dir)


def _milvus(server: MilvusServer) -> Milvus:
    from coopbot.index.milvus.client import Milvus

    assert server.uri is not None
    return Milvus.connect(server.uri, server.token.get_secret_value())


def open_sandbox(settings: Settings) -> Sandbox:
    """The reader of documents, in a separate process started on first use."""
    return Sandbox(settings.read)


def open_corpus(settings: Settings, sandbox: Sandbox | None = None) -> Corpus:
    """The corpus folder, with its catalogue beside the index. Without a sandbox given, it gets its own."""
    sandbox = sandbox or open_sandbox(settings)
    catalogue = settings.index_dir / "cache" / "corpus.sqlite"
    return Corpus(settings.corpus_dir, catalogue, read=sandbox.read, limits=str(sandbox.limits))


def open_editor(settings: Settings, state: State, embedder: Encoder | None = None) -> CorpusEditor:
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

    editor = CorpusEditor(
        corpus=corpus,
        state=state,
        rebuild=reindex,
        read=sandbox.read,
        read_feed=sandbox.read_feed,
        stop=sandbox.close,
    )
    if not state.in_memory:
        editor.take_over(settings.index_dir / "cache" / "feeds.json")
    return editor


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

    def readable() -> Iterator[Article]:
        for found in corpus or open_corpus(settings):
            if isinstance(found, Unreadable):
                unreadable.append(found)
            else:
                yield found

    report = build(
        readable(),
        embedder,
        settings.index_dir,
        model=embedder.card.name,
        precision=embedder.card.precision,
        force=force,
        progress=progress,
        target=target or open_target(settings),
    )
    return report, unreadable
