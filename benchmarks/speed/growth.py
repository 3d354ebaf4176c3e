"""Time and memory of search, from ten thousand passages to a million, on made-up passages of one language.

A vector is the mean of two vectors of the corpus plus noise; words follow Zipf's law. Whether search finds the right passages
is measured by `evals/vectors_scale.py`. Each size is searched in a process of its own, so that its memory can be measured.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure
from benchmarks.memory import peak_mib
from coopbot.domain import Article, Filters, Passage, Span
from coopbot.errors import Misconfigured
from coopbot.index.disk.folder import open_current
from coopbot.index.disk.local import LocalTarget
from coopbot.index.model.conversion import Step
from coopbot.index.model.embedder import unit
from coopbot.index.types import F32, ArticleRows, Facts, PassageVectors
from coopbot.settings import Settings
from coopbot.wiring import open_embedder, rebuild

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)

_QUESTIONS = 300
_TOP_K = 12
_TOKENS = 8
_WORDS_A_PASSAGE = 40
_VOCABULARY = 200_000
_PASSAGES_AN_ARTICLE = 20
# Length of the noise, where the mean of two vectors has length 1.
_NOISE = 0.6
_FINGERPRINT = "made up"
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Measurements at one size."""

    passages: int
    build_s: float
    index_mib: float
    search_p50_ms: float
    search_p95_ms: float
    peak_mib: float


def run_growth(
    settings: Settings, chart: Path | None, on_step: Step = lambda _: None, sizes: Sequence[int] = SIZES
) -> list[Figure]:
    """All figures, size by size. chart: a PNG file to draw them into."""
    points = []
    with tempfile.TemporaryDirectory(prefix="coopbot-bench-") as folder:
        seeds = _corpus_vectors(settings, Path(folder), on_step)
        for size in sizes:
            on_step(f"building an index of {size} passages")
            points.append(_measure(seeds, size, Path(folder) / str(size)))
    if chart:
        draw(points, chart)
    return [figure for point in points for figure in _figures(point)]


def _figures(point: Point) -> list[Figure]:
    largest = point.passages >= SIZES[-1]
    at = f"at {point.passages} passages"
    return [
        Figure(name=f"searching {at}, median", value=point.search_p50_ms, unit="ms", goal="< 10" if largest else ""),
        Figure(name=f"searching {at}, 95th percentile", value=point.search_p95_ms, unit="ms"),
        Figure(name=f"peak memory {at}", value=point.peak_mib, unit="MiB", goal="< 1536" if largest else ""),
        Figure(name=f"building {at}", value=point.build_s, unit="s"),
        Figure(name=f"index on disk {at}", value=point.index_mib, unit="MiB"),
    ]


def _corpus_vectors(settings: Settings, folder: Path, on_step: Step) -> F32:
    """(passages, dim). The vectors of the corpus."""
    embedder = open_embedder(settings, on_step)
    own = settings.model_copy(update={"index_dir": folder / "corpus-index"})
    rebuild(own, embedder)
    snapshot = open_current(own.index_dir, embedder.fingerprint)
    shards = [shard for segment in snapshot.segments for shard in segment.shards.values()]
    return np.concatenate([shard.vectors.rows(range(len(shard))) for shard in shards])


def _measure(seeds: F32, size: int, index_dir: Path) -> Point:
    start = time.perf_counter()
    facts = Facts(
        fingerprint=_FINGERPRINT,
        model="",
        precision="",
        dim=seeds.shape[1],
        built_at="2026-01-01T00:00:00.000+00:00",
        corpus_sha256="",
        previous=None,
    )
    LocalTarget(index_dir).write(frozenset(), made_up(seeds, size), facts)
    build_s = time.perf_counter() - start
    np.save(index_dir / "seeds.npy", seeds)
    command = [sys.executable, "-m", "benchmarks.speed.growth", str(index_dir)]
    searched = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=_ROOT).stdout)
    bytes_on_disk = sum(path.stat().st_size for path in (index_dir / "snapshots").rglob("*") if path.is_file())
    return Point(passages=size, build_s=build_s, index_mib=bytes_on_disk / 2**20, **searched)


def made_up(seeds: F32, size: int) -> Iterator[ArticleRows]:
    """Articles with `size` made-up passages in all, whose vectors are like `seeds` (passages, dim)."""
    rng = np.random.default_rng(0)
    for first in range(0, size, _PASSAGES_AN_ARTICLE):
        count = min(_PASSAGES_AN_ARTICLE, size - first)
        yield _article(f"en/{first:07d}", _mixed(seeds, count, rng), rng)


def _mixed(seeds: F32, count: int, rng: np.random.Generator) -> F32:
    pairs = rng.integers(len(seeds), size=(2, count))
    noise = unit(rng.standard_normal((count, seeds.shape[1])).astype(np.float32))
    return unit(unit(seeds[pairs[0]] + seeds[pairs[1]]) + _NOISE * noise)


def _article(article_id: str, vectors: F32, rng: np.random.Generator) -> ArticleRows:
    words = np.minimum(rng.zipf(1.2, size=(len(vectors), _WORDS_A_PASSAGE)), _VOCABULARY)
    texts = [" ".join(f"w{number}" for number in row) for row in words]
    starts = np.cumsum([0, *(len(text) + 1 for text in texts)]).tolist()
    passages = [_passage(article_id, text, start) for text, start in zip(texts, starts, strict=False)]
    codes = rng.integers(0, 256, size=(len(vectors), _TOKENS, vectors.shape[1] // 4), dtype=np.uint8)
    stored = [
        PassageVectors(
            pooled=vector,
            sentences=vector[None].astype(np.float16),
            codes=code,
            token_counts=np.array([_TOKENS], dtype=np.int64),
        )
        for vector, code in zip(vectors, codes, strict=True)
    ]
    article = Article(
        article_id=article_id,
        title="",
        publisher="Made up",
        published=None,
        url="",
        language="en",
        text=" ".join(texts),
        sha256=article_id,
    )
    return ArticleRows(article=article, passages=passages, vectors=stored)


def _passage(article_id: str, text: str, start: int) -> Passage:
    return Passage(
        passage_id=f"{article_id}:{start}-{start + len(text)}",
        article_id=article_id,
        start_char=start,
        end_char=start + len(text),
        text=text,
        heading_path=(),
        sentences=(Span(start_char=start, end_char=start + len(text)),),
    )


def search_index(index_dir: Path) -> dict[str, float]:
    """Search an index as a question does, without embedding the question. Figures of `Point`."""
    snapshot = open_current(index_dir, _FINGERPRINT)
    rng = np.random.default_rng(1)
    questions = _mixed(np.load(index_dir / "seeds.npy"), _QUESTIONS, rng)
    times_ms = []
    for vector in questions:
        terms = [f"w{number}" for number in np.minimum(rng.zipf(1.2, size=6), _VOCABULARY)]
        start = time.perf_counter()
        found = snapshot.first_stage("en", vector, list(dict.fromkeys(terms)), _TOP_K, Filters())
        snapshot.sentences("en", found.rows[:_TOP_K])
        snapshot.stored("en", found.rows[:3].tolist())
        times_ms.append((time.perf_counter() - start) * 1000)
    return {
        "search_p50_ms": float(np.percentile(times_ms, 50)),
        "search_p95_ms": float(np.percentile(times_ms, 95)),
        "peak_mib": peak_mib("self") or 0.0,
    }


def draw(points: Sequence[Point], chart: Path) -> None:
    """Plot time and memory against size, into a PNG file. Raises Misconfigured if matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure as Plot
    except ImportError as exc:
        raise Misconfigured('--chart needs matplotlib; run: pip install -e ".[dev]"') from exc
    plot = Plot(figsize=(9, 3.5), layout="constrained")
    passages = [point.passages for point in points]
    for place, (label, values) in enumerate(
        {
            "search, median, ms": [point.search_p50_ms for point in points],
            "peak memory, MiB": [point.peak_mib for point in points],
            "building, s": [point.build_s for point in points],
        }.items(),
        start=1,
    ):
        axes = plot.add_subplot(1, 3, place)
        axes.plot(passages, values, marker="o")
        axes.set_xscale("log")
        axes.set_ylim(bottom=0)
        axes.set_xlabel("passages")
        axes.set_title(label)
        axes.grid(alpha=0.3)
    plot.savefig(chart, dpi=120)


if __name__ == "__main__":
    print(json.dumps(search_index(Path(sys.argv[1]))))
