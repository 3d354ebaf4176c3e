"""Measures vector search, ours and other FAISS indexes, from ten thousand to a million passages of one language.

    python -m evals.vectors_scale XQUAD FOLDER [--others]

FOLDER keeps vectors and indexes, 6 GB or more. As there are not a million real passages, vectors are made from real ones, about
as hard to search: see `make_passages`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import faiss
import numpy as np
import numpy.typing as npt

from coopbot.domain import LANGUAGES, Article
from coopbot.index.chunk import chunk
from coopbot.index.disk.vectors import FLAT_ROWS, Found, open_vectors, use_one_thread, write_vectors
from coopbot.index.model.embedder import centred, unit
from coopbot.index.types import F32
from coopbot.ingest.corpus.store import Corpus
from coopbot.settings import load_settings
from coopbot.wiring import open_embedder

I64 = npt.NDArray[np.int64]
Search = Callable[[F32, int], Found]

ROOT = Path(__file__).parents[1]
SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
QUESTIONS = 500
READ = 12
ROUNDS = 3

# FAISS factory strings, with the values of nprobe or efSearch to try. {root4}: four times the square root of the rows.
OTHERS: dict[str, tuple[int, ...]] = {
    "Flat": (0,),
    "SQfp16": (0,),
    "SQ8": (0,),
    "HNSW32": (64, 128, 256, 512),
    "HNSW32_SQ8": (64, 128, 256, 512),
    "IVF{root4},SQfp16": (32, 64, 128, 256),
    "IVF{root4},SQ8": (32, 64, 128, 256),
}


def real_vectors(xquad: Path) -> dict[str, F32]:
    """passages: (n, dim). questions and their gold: (m, dim) each. All as the index and the answerer centre them."""
    embedder = open_embedder(load_settings())
    passages, questions, gold = [], [], []
    articles = [article for article in Corpus(ROOT / "corpus") if isinstance(article, Article)]
    for language in LANGUAGES:
        centre = embedder.centre(language)
        texts: list[str] = []
        asked, places = [], []
        for title, paragraph in _paragraphs(xquad / f"{language}.json"):
            asked += [entry["question"] for entry in paragraph["qas"]]
            places += [len(texts)] * len(paragraph["qas"])
            texts.append(f"{title}\n{paragraph['context']}")
        for article in articles:
            if article.language == language:
                texts += [f"{article.title}\n{passage.text}" for passage in chunk(article, embedder.count_tokens)]
        vectors = centred(embedder.embed_passages(texts).pooled, centre.passage)
        passages.append(vectors)
        questions += [centred(embedder.embed_question(text).pooled, centre.question) for text in asked]
        gold.append(vectors[places])
    return {"passages": np.concatenate(passages), "questions": np.concatenate(questions), "gold": np.concatenate(gold)}


def _paragraphs(path: Path) -> Iterator[tuple[str, dict[str, list[dict[str, str]]]]]:
    for article in json.loads(path.read_text("utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            yield article["title"], paragraph


def make_passages(real: F32, out: F32) -> None:
    """Fill `out`: a random real passage mixed with two of its 200 nearest, and .5 to 1.2 of its length of noise.

    The noise is Gaussian with the covariance of real passages. Sums of random pairs, which come to mind first, fall into
    clusters that any index finds.
    """
    rng = np.random.default_rng(1)
    cosines = real @ real.T
    np.fill_diagonal(cosines, -2)
    near = np.argsort(-cosines, axis=1)[:, :200]
    _, spread, axes = np.linalg.svd(real - real.mean(axis=0), full_matrices=False)
    root = (spread[:, None] * axes / np.sqrt(len(real))).astype(np.float32)
    for start in range(0, len(out), 20_000):
        count = min(20_000, len(out) - start)
        parents = rng.integers(len(real), size=count)
        shares = rng.dirichlet([1, 1, 1], count).astype(np.float32)
        mixed = shares[:, :1] * real[parents]
        for column in (1, 2):
            mixed += shares[:, column : column + 1] * real[near[parents, rng.integers(near.shape[1], size=count)]]
        noise = rng.standard_normal((count, len(root)), dtype=np.float32) @ root
        out[start : start + count] = unit(unit(mixed) + rng.uniform(0.5, 1.2, (count, 1)).astype(np.float32) * noise)


def make_questions(real: dict[str, F32], passages: F32, seed: int) -> F32:
    """Each at the distance and in the direction from a passage that a real question has from its own."""
    rng = np.random.default_rng(seed)
    pairs = rng.integers(len(real["questions"]), size=QUESTIONS)
    asked, gold = real["questions"][pairs], real["gold"][pairs]
    cosines = (asked * gold).sum(axis=1, keepdims=True)
    own = passages[np.sort(rng.integers(len(passages), size=QUESTIONS))]
    return unit(cosines * own + np.sqrt(1 - cosines**2) * unit(asked - cosines * gold))


def nearest(questions: F32, passages: F32, allowed: npt.NDArray[np.bool_] | None = None) -> tuple[I64, F32]:
    """(questions, READ) rows and cosines, exact."""
    rows, cosines = np.zeros((len(questions), 0), np.int64), np.zeros((len(questions), 0), np.float32)
    for start in range(0, len(passages), 50_000):
        block = questions @ passages[start : start + 50_000].T
        if allowed is not None:
            block[:, ~allowed[start : start + 50_000]] = -2
        places = np.argpartition(-block, READ, axis=1)[:, :READ]
        rows = np.concatenate([rows, places + start], axis=1)
        cosines = np.concatenate([cosines, np.take_along_axis(block, places, axis=1)], axis=1)
        order = np.argsort(-cosines, axis=1)[:, :READ]
        rows, cosines = np.take_along_axis(rows, order, axis=1), np.take_along_axis(cosines, order, axis=1)
    return rows, cosines


def prepare(xquad: Path, folder: Path) -> None:
    """Make the passages, and questions with their true nearest passages for every size."""
    folder.mkdir(parents=True, exist_ok=True)
    real = real_vectors(xquad)
    passages = np.lib.format.open_memmap(folder / "passages.npy", "w+", np.float32, (SIZES[-1], real["passages"].shape[1]))
    make_passages(real["passages"], passages)
    for size in SIZES:
        questions = make_questions(real, passages[:size], size)
        rows, cosines = nearest(questions, passages[:size])
        np.savez(folder / f"{size}.npz", questions=questions, rows=rows)
        quartiles = {place: np.percentile(cosines[:, place - 1], [25, 50, 75]).round(3).tolist() for place in (1, 10)}
        print(f"{size}: cosines of nearest passages, quartiles by place: {quartiles}", flush=True)


def build(place: Path, passages: F32, spec: str) -> None:
    """Write an index; print time (seconds of one core) and memory as a JSON line."""
    place.mkdir()
    started = time.process_time()
    with Peak() as peak:
        _write(passages, place, spec, len(passages))
    line = {
        "rows": len(passages),
        "index": spec,
        "build_s": round(time.process_time() - started, 1),
        "build_mb": peak.anonymous_mb,
    }
    print(json.dumps(line), flush=True)


def measure(folder: Path, place: Path, passages: F32, spec: str) -> None:
    """Open an index and search; print a JSON line for each value tried."""
    size = len(passages)
    asked = np.load(folder / f"{size}.npz")
    questions, rows = asked["questions"], asked["rows"]
    before, started, opened = memory_mb(), time.perf_counter(), 0.0
    for tried, search in _searches(place, spec):
        opened = opened or time.perf_counter() - started
        found, took = zip(*(_ask(search, questions) for _ in range(ROUNDS)), strict=True)
        after = memory_mb()
        line = {
            "rows": size,
            "index": spec,
            "tried": tried,
            "recall_10": round(overlap(found[0], rows, 10), 4),
            "recall_12": round(overlap(found[0], rows, READ), 4),
            **{name: [round(float(np.percentile(t[:, kind], at)), 2) for t in took] for name, kind, at in TIMINGS},
            "open_ms": round(opened * 1e3, 1),
            "file_mb": round(sum(file.stat().st_size for file in place.iterdir()) / 1e6),
            "held_mb": after["RssAnon"] - before["RssAnon"],
            "mapped_mb": after["RssFile"] - before["RssFile"],
        }
        print(json.dumps(line), flush=True)
    if spec == "coopbot" and size > FLAT_ROWS:
        _measure_filters(place, passages, questions[:100])


TIMINGS = (("p50_ms", 0, 50), ("p95_ms", 0, 95), ("cpu_p50_ms", 1, 50), ("cpu_p95_ms", 1, 95))


def _measure_filters(place: Path, passages: F32, questions: F32) -> None:
    """Measure random filters, and filters that keep the passages nearest to another one."""
    rng = np.random.default_rng(2)
    size, vectors = len(passages), open_vectors(place)
    elsewhere = np.concatenate([passages[at : at + 50_000] @ passages[7] for at in range(0, size, 50_000)])
    for name, allowed in {
        **{f"random {share}": rng.random(size) < share for share in (0.99, 0.5, 0.1, 0.04, 0.01, 0.00003)},
        **{f"elsewhere {share}": elsewhere >= np.quantile(elsewhere, 1 - share) for share in (0.1, 0.04)},
    }.items():
        rows, _ = nearest(questions, passages, allowed)
        passing = np.flatnonzero(allowed)
        count = min(10, len(passing))
        found, took = _ask(partial(vectors.search, allowed=passing), questions)
        print(
            json.dumps(
                {
                    "rows": size,
                    "filter": name,
                    "passing": len(passing),
                    "recall_10": round(overlap(found, rows, count), 4),
                    "complete": all(len(one) == min(READ, len(passing)) for one in found),
                    **{timing: round(float(np.percentile(took[:, kind], at)), 2) for timing, kind, at in TIMINGS},
                }
            ),
            flush=True,
        )


def _write(passages: F32, place: Path, spec: str, size: int) -> None:
    if spec == "coopbot":
        write_vectors(passages, place)
        return
    use_one_thread()
    index = faiss.index_factory(passages.shape[1], spec.format(root4=round(4 * size**0.5)), faiss.METRIC_INNER_PRODUCT)
    index.train(np.array(passages[np.linspace(0, size - 1, min(size, 160_000)).astype(np.int64)]))
    for start in range(0, size, 16_384):
        index.add(np.array(passages[start : start + 16_384]))
    faiss.write_index(index, str(place / "vectors.faiss"))


def _searches(place: Path, spec: str) -> Iterator[tuple[int, Search]]:
    if spec == "coopbot":
        yield 0, open_vectors(place).search
        return
    index = faiss.read_index(str(place / "vectors.faiss"), faiss.IO_FLAG_MMAP_IFC)
    use_one_thread()

    def search(question: F32, top_k: int) -> Found:
        cosines, rows = index.search(question[None], top_k)
        return [(int(row), float(cosine)) for row, cosine in zip(rows[0], cosines[0], strict=True)]

    for tried in OTHERS[spec]:
        if tried:
            faiss.ParameterSpace().set_index_parameter(index, "efSearch" if spec.startswith("HNSW") else "nprobe", tried)
        yield tried, search


def _ask(search: Search, questions: F32) -> tuple[list[Found], npt.NDArray[np.float64]]:
    """The results of each question, and (questions, 2) milliseconds: wall time, and processor time of this thread."""
    found, took = [], []
    for question in questions:
        clock, core = time.perf_counter(), time.thread_time()
        found.append(search(question, READ))
        took.append((time.perf_counter() - clock, time.thread_time() - core))
    return found, np.array(took) * 1e3


def overlap(found: list[Found], rows: I64, count: int) -> float:
    """The share of the `count` truly nearest that are among the first `count` found."""
    return float(
        np.mean(
            [len({row for row, _ in one[:count]} & set(true[:count])) / count for one, true in zip(found, rows, strict=True)]
        )
    )


def memory_mb() -> dict[str, int]:
    """RssAnon and RssFile of this process (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return {line.split(":")[0]: int(line.split()[1]) // 1024 for line in lines if line.startswith(("RssAnon", "RssFile"))}


class Peak:
    """The peak of the process's memory within the `with` block, above that at its start."""

    def __enter__(self) -> Peak:
        self._start = self._most = memory_mb()["RssAnon"]
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        self.anonymous_mb = self._most - self._start

    def _watch(self) -> None:
        while not self._done.wait(0.02):
            self._most = max(self._most, memory_mb()["RssAnon"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("xquad", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--others", action="store_true", help="measure other kinds of index too")
    parser.add_argument(
        "--one", nargs=2, metavar=("ROWS", "INDEX"), help="build one kind of one size, or ask it if it is there"
    )
    arguments = parser.parse_args()
    if not (arguments.folder / "passages.npy").exists():
        prepare(arguments.xquad, arguments.folder)
    if arguments.one:
        size, spec = int(arguments.one[0]), arguments.one[1]
        passages = np.load(arguments.folder / "passages.npy", mmap_mode="r")[:size]
        place = arguments.folder / f"{size}-{spec.replace(',', '-')}"
        if place.exists():
            measure(arguments.folder, place, passages, spec)
        else:
            build(place, passages, spec)
        return
    command = [sys.executable, __file__, arguments.xquad, arguments.folder, "--one"]
    for spec in ("coopbot", *(OTHERS if arguments.others else ())):
        for size in SIZES:
            # Built in one process and searched in another, so that their memory is measured separately.
            for _ in range(2):
                subprocess.run([*command, str(size), spec], check=True)


if __name__ == "__main__":
    main()
