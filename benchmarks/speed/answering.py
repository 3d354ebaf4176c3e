"""Speed of embedding and answering, and memory. What is compared is measured in turn, in one run, and reported as a ratio."""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure
from benchmarks.samples import QUESTIONS
from benchmarks.server import served
from benchmarks.speed.copies import read_articles
from coopbot.ask.answer.answerer import Answerer
from coopbot.ask.rank.reader import ModelReader
from coopbot.ask.rank.retrieve import FIRST_READ, find_evidence
from coopbot.ask.understand.question import understand
from coopbot.ask.weights import load_weights
from coopbot.domain import Article, Filters
from coopbot.index.build import build
from coopbot.index.live import LiveIndex
from coopbot.index.model.centres import calibration_texts
from coopbot.index.model.conversion import Step
from coopbot.index.model.encoder import Encoder
from coopbot.index.model.prepare import ModelSource, source_folder
from coopbot.index.types import F32
from coopbot.settings import Settings
from coopbot.text.sentences import split_sentences
from coopbot.wiring import open_embedder, open_reader

_ROUNDS = 5


def run_speed(settings: Settings, passages: int, on_step: Step = lambda _: None) -> list[Figure]:
    """All figures, with an index of about `passages` passages. Raises IndexMissing, or what opening the model raises."""
    embedder = open_embedder(settings, on_step)
    articles = read_articles(settings)
    figures = _embedding(settings, embedder, on_step)
    with tempfile.TemporaryDirectory(prefix="coopbot-bench-") as folder:
        on_step(f"building an index of {passages} passages")
        _build_large(articles, embedder, Path(folder), passages)
        on_step("asking")
        figures += _asking(embedder, open_reader(settings, on_step), Path(folder))
        on_step("building an index of the corpus")
        corpus_index = Path(folder) / "corpus-index"
        build(articles, embedder, corpus_index, model=embedder.card.name, precision=embedder.card.precision)
        environ = {**os.environ, "COOPBOT_INDEX_DIR": str(corpus_index)}
        on_step("starting cold")
        figures += _cold_start(environ)
        on_step("serving")
        figures += _serving(environ)
    return figures


def _embedding(settings: Settings, embedder: Encoder, on_step: Step) -> list[Figure]:
    """Compared with sentence-transformers: same weights, texts and number of threads, each with its default batch size."""
    import torch

    from coopbot.index.model import torch_engine

    on_step("loading the original model")
    torch.set_num_threads(settings.threads)
    original = torch_engine.load_model(source_folder(ModelSource.of(settings.model), settings.cache_dir, on_step))
    texts = calibration_texts()
    prompt = embedder.card.passage_prompt

    def ours() -> F32:
        return embedder.embed_passages(texts).pooled

    def theirs() -> F32:
        vectors: F32 = original.encode([prompt + text for text in texts], normalize_embeddings=True)
        return vectors

    on_step("embedding passages")
    cosine = float((ours() * theirs()).sum(axis=1).mean())
    our_s, their_s = _in_turn(ours, theirs)
    return [
        Figure(name="passages embedded per second", value=len(texts) / our_s, unit="1/s"),
        Figure(name="passages embedded per second by sentence-transformers", value=len(texts) / their_s, unit="1/s"),
        Figure(name="embedding speed, ratio to sentence-transformers", value=their_s / our_s, unit="x", goal=">= 4"),
        Figure(name="mean cosine to the vectors of sentence-transformers", value=cosine, unit="", goal=">= 0.995"),
    ]


def _build_large(articles: Sequence[Article], embedder: Encoder, index_dir: Path, passages: int) -> None:
    """An index of about `passages` passages, all different: those of the corpus, and of shuffled copies of it."""
    first = build(articles, embedder, index_dir, model=embedder.card.name, precision=embedder.card.precision)
    copies = max(1, round(passages / first.passages))
    shuffled = [article for copy in range(1, copies) for article in _shuffled(articles, copy)]
    build([*articles, *shuffled], embedder, index_dir, model=embedder.card.name, precision=embedder.card.precision)


def _shuffled(articles: Sequence[Article], copy: int) -> Iterator[Article]:
    """The articles, with the sentences of each language shuffled among them."""
    by_language: dict[str, list[str]] = {}
    for article in articles:
        by_language.setdefault(article.language, []).extend(
            article.text[s.start_char : s.end_char] for s in split_sentences(article.text)
        )
    for sentences in by_language.values():
        random.Random(copy).shuffle(sentences)
    for article in articles:
        parts, at = [], 0
        for span in split_sentences(article.text):
            parts += [article.text[at : span.start_char], by_language[article.language].pop()]
            at = span.end_char
        text = "".join([*parts, article.text[at:]])
        yield replace(article, article_id=f"{article.article_id}-{copy}", text=text, sha256=sha256(text.encode()).hexdigest())


def _asking(embedder: Encoder, reader: ModelReader | None, index_dir: Path) -> list[Figure]:
    index = LiveIndex(index_dir, embedder.fingerprint)
    answerer = Answerer(embedder, index.current, reader)
    count = sum(index.current().manifest.passages.values())
    easy = {question for question in QUESTIONS if _is_easy(question, embedder, index, reader)}
    embed_s, ask_s, easy_s = [], [], []
    for _ in range(_ROUNDS):
        for question in QUESTIONS:
            embed_s.append(_seconds(partial(embedder.embed_question, question, with_tokens=True)))
            ask_s.append(_seconds(partial(answerer.ask, question)))
            easy_s += ask_s[-1:] if question in easy else []
    figures = [
        Figure(name="passages in the index", value=count, unit=""),
        Figure(name="embedding one question, median", value=statistics.median(embed_s) * 1000, unit="ms"),
        Figure(name="answering one question, median", value=statistics.median(ask_s) * 1000, unit="ms", goal="<= 150"),
        Figure(
            name="answering one question, 95th percentile",
            value=float(np.quantile(ask_s, 0.95)) * 1000,
            unit="ms",
            goal="<= 300",
        ),
    ]
    if easy_s:
        name = f"answering one that the first passages answer ({len(easy)} questions), median"
        figures.append(Figure(name=name, value=statistics.median(easy_s) * 1000, unit="ms", goal="<= 60"))
    return figures


def _is_easy(question: str, embedder: Encoder, index: LiveIndex, reader: ModelReader | None) -> bool:
    """Whether the reader stops after the first few passages, because it is sure of their answer."""
    evidence = find_evidence(understand(question, embedder), index.current(), load_weights(), Filters(), reader=reader)
    return len({one.stored.passage.passage_id for one in evidence.sentences}) <= FIRST_READ


def _cold_start(environ: dict[str, str]) -> list[Figure]:
    ask = [sys.executable, "-m", "coopbot", "ask", "--json", QUESTIONS[0]]
    load = [sys.executable, "-c", "import sentence_transformers"]
    run = partial(subprocess.run, check=True, capture_output=True, env=environ)
    ask_s, import_s = _in_turn(partial(run, ask), partial(run, load))
    return [
        Figure(name="`coopbot ask` in a new process, median", value=ask_s, unit="s"),
        Figure(name="importing sentence_transformers in a new process, median", value=import_s, unit="s"),
        Figure(name="`coopbot ask`, ratio to that import", value=ask_s / import_s, unit="x", goal="<= 0.4"),
    ]


def _serving(environ: dict[str, str]) -> list[Figure]:
    with served(environ) as server:
        for question in QUESTIONS * _ROUNDS:
            server.client.post("/v1/ask", json={"question": question}).raise_for_status()
        peak_mib = server.peak_mib()
    if peak_mib is None:
        return []
    return [Figure(name="peak memory of the server", value=peak_mib, unit="MiB", goal="<= 500")]


def _in_turn(first: Callable[[], object], second: Callable[[], object]) -> tuple[float, float]:
    """Median seconds of each. They run alternately, after a warm-up, so that whatever slows the machine slows both."""
    first(), second()
    times = [(_seconds(first), _seconds(second)) for _ in range(_ROUNDS)]
    medians = np.median(np.array(times), axis=0)
    return float(medians[0]), float(medians[1])


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
