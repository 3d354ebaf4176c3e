"""Speed and memory on this machine. What is compared is measured in one run, in turn, and told as a ratio."""

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
from coopbot.ask.answer.answerer import Answerer
from coopbot.ask.rank.reader import ModelReader
from coopbot.ask.rank.retrieve import READ_AT_A_TIME, find_evidence
from coopbot.ask.rank.weights import load_weights
from coopbot.ask.understand.question import understand
from coopbot.domain import Article, Filters
from coopbot.errors import IndexMissing
from coopbot.index.build import build
from coopbot.index.live import LiveIndex
from coopbot.index.model.centres import calibration_texts
from coopbot.index.model.conversion import Step
from coopbot.index.model.encoder import Encoder
from coopbot.index.model.prepare import ModelSource, source_folder
from coopbot.index.types import F32
from coopbot.settings import Settings
from coopbot.text.sentences import split_sentences
from coopbot.wiring import open_corpus, open_embedder, open_reader

_ROUNDS = 5


def run_speed(settings: Settings, passages: int, on_step: Step = lambda _: None) -> list[Figure]:
    """All figures, in the order they are measured. Needs a corpus; raises what opening the model raises."""
    embedder = open_embedder(settings, on_step)
    articles = [found for found in open_corpus(settings) if isinstance(found, Article)]
    if not articles:
        raise IndexMissing(f"there are no articles in {settings.corpus_dir}; add some with: coopbot add FILE")
    figures = _embedding(settings, embedder, on_step)
    with tempfile.TemporaryDirectory(prefix="coopbot-bench-") as folder:
        on_step(f"building an index of {passages} passages")
        _fill(articles, embedder, Path(folder), passages)
        on_step("asking")
        figures += _asking(embedder, open_reader(settings, on_step), Path(folder))
        on_step("building an index of the corpus")
        corpus_index = Path(folder) / "corpus-index"
        build(articles, embedder, corpus_index, model=embedder.card.name, precision=embedder.card.precision)
        environ = {**os.environ, "COOPBOT_INDEX_DIR": str(corpus_index)}
        on_step("starting cold")
        figures += _cold(environ)
        on_step("serving")
        figures += _serving(environ)
    return figures


def _embedding(settings: Settings, embedder: Encoder, on_step: Step) -> list[Figure]:
    """Against plain sentence-transformers: same weights, texts and number of threads, each at its default batch size."""
    import torch

    from coopbot.index.model import torch_engine

    on_step("loading the float model")
    torch.set_num_threads(settings.threads)
    plain = torch_engine.load_model(source_folder(ModelSource.of(settings.model), settings.cache_dir, on_step))
    texts = calibration_texts()
    prompt = embedder.card.passage_prompt

    def ours() -> F32:
        return embedder.embed_passages(texts).pooled

    def theirs() -> F32:
        vectors: F32 = plain.encode([prompt + text for text in texts], normalize_embeddings=True)
        return vectors

    on_step("embedding passages")
    cosine = float((ours() * theirs()).sum(axis=1).mean())
    our_s, their_s = _in_turn(ours, theirs)
    return [
        Figure(name="passages embedded per second", value=len(texts) / our_s, unit="1/s"),
        Figure(name="same with plain sentence-transformers", value=len(texts) / their_s, unit="1/s"),
        Figure(name="embedding speed, ratio to plain sentence-transformers", value=their_s / our_s, unit="x", goal=">= 4"),
        Figure(name="mean cosine to plain sentence-transformers", value=cosine, unit="", goal=">= 0.995"),
    ]


def _fill(articles: Sequence[Article], embedder: Encoder, index_dir: Path, passages: int) -> None:
    """An index of about so many passages, no two alike: the corpus, and it with its sentences dealt out anew."""
    first = build(articles, embedder, index_dir, model=embedder.card.name, precision=embedder.card.precision)
    copies = max(1, round(passages / first.passages))
    shuffled = [article for copy in range(1, copies) for article in _dealt(articles, copy)]
    build([*articles, *shuffled], embedder, index_dir, model=embedder.card.name, precision=embedder.card.precision)


def _dealt(articles: Sequence[Article], copy: int) -> Iterator[Article]:
    """The articles, each sentence in the place of another of its language."""
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
        Figure(name="passages in the index that is asked", value=count, unit=""),
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
        name = f"answering one of {len(easy)} that the first passages answer, median"
        figures.append(Figure(name=name, value=statistics.median(easy_s) * 1000, unit="ms", goal="<= 60"))
    return figures


def _is_easy(question: str, embedder: Encoder, index: LiveIndex, reader: ModelReader | None) -> bool:
    """Whether reading stops at the first few passages, since they answer for sure."""
    evidence = find_evidence(understand(question, embedder), index.current(), load_weights(), Filters(), reader=reader)
    return evidence.passages_read <= READ_AT_A_TIME


def _cold(environ: dict[str, str]) -> list[Figure]:
    ask = [sys.executable, "-m", "coopbot", "ask", "--json", QUESTIONS[0]]
    load = [sys.executable, "-c", "import sentence_transformers"]
    run = partial(subprocess.run, check=True, capture_output=True, env=environ)
    ask_s, load_s = _in_turn(partial(run, ask), partial(run, load))
    return [
        Figure(name="a cold `coopbot ask`, median", value=ask_s, unit="s"),
        Figure(name="importing sentence_transformers, median", value=load_s, unit="s"),
        Figure(name="a cold ask, ratio to that import", value=ask_s / load_s, unit="x", goal="<= 0.5"),
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
    """Median seconds of each, run alternately after a warm-up, so that a drift of the machine hits both."""
    first(), second()
    times = [(_seconds(first), _seconds(second)) for _ in range(_ROUNDS)]
    medians = np.median(np.array(times), axis=0)
    return float(medians[0]), float(medians[1])


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
