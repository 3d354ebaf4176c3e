"""Measures coopbot and its peers in one run: `python -m benchmarks.peers.run --xquad FOLDER`, or `make peers XQUAD=FOLDER`.

Writes benchmarks/peers/results.json and, from it, docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean

import numpy as np

from benchmarks.peers.dataset import Dataset, load_dataset
from benchmarks.peers.kills import run_kills
from benchmarks.peers.page import render
from benchmarks.peers.processes import ROOT, Bench, Json, Row
from benchmarks.peers.protocol import TOP_K
from coopbot.index.model.prepare import ModelSource, source_folder
from coopbot.settings import load_settings
from coopbot.wiring import open_embedder

ROWS = (
    Row(name="coopbot", system="coopbot", hybrid=True),
    Row(name="txtai", system="txtai"),
    Row(name="txtai, hybrid", system="txtai", hybrid=True),
    Row(name="Haystack", system="haystack"),
    Row(name="Haystack, hybrid", system="haystack", hybrid=True),
    Row(name="LlamaIndex", system="llamaindex"),
    Row(name="LlamaIndex, hybrid", system="llamaindex", hybrid=True),
    Row(name="haiku.rag, vectors", system="haiku"),
    Row(name="haiku.rag, hybrid", system="haiku", hybrid=True),
)
HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
PAGE = ROOT / "docs" / "benchmarks.md"

# For the kills: 90 passages, enough that a kill can hit the writing of the index.
_KILLED_PARAGRAPHS, _KILLED_EVERY = 30, 8
_PACKAGES = (
    "coopbot",
    "openvino",
    "faiss-cpu",
    "torch",
    "sentence-transformers",
    "transformers",
    "txtai",
    "haystack-ai",
    "sentence-transformers-haystack",
    "llama-index-core",
    "llama-index-embeddings-huggingface",
    "llama-index-retrievers-bm25",
    "haiku.rag-slim",
    "lancedb",
)


def main() -> None:
    """Measure all systems, save the results, write the page."""
    asked = _arguments()
    if not asked.render:
        _measure(asked)
    PAGE.write_text(render(json.loads(RESULTS.read_text("utf-8"))), encoding="utf-8")
    print(f"written: {PAGE.relative_to(ROOT)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--xquad", type=Path, help="folder with en.json, ru.json and zh.json of XQuAD-R")
    parser.add_argument("--python", default=str(HERE / ".venv/bin/python"), help="interpreter with requirements.txt")
    parser.add_argument(
        "--haiku-python", default=str(HERE / ".venv-haiku/bin/python"), help="interpreter with requirements-haiku.txt"
    )
    parser.add_argument("--only", nargs="*", default=[], help="systems to measure, by their file names; all if left out")
    parser.add_argument("--paragraphs", type=int, metavar="N", help="index only the first N paragraphs in each language")
    parser.add_argument("--every", type=int, default=3, metavar="N", help="ask only every N-th question")
    parser.add_argument("--resume", action="store_true", help="measure only what benchmarks/peers/results.json lacks")
    parser.add_argument("--no-kills", action="store_true", help="do not kill any system")
    parser.add_argument("--remark", default="", help="a sentence for the page, such as what else the machine was doing")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--render", action="store_true", help="only write the page, from benchmarks/peers/results.json")
    asked = parser.parse_args()
    if not asked.render and not asked.xquad:
        parser.error("name the folder of the data set with --xquad")
    return asked


def _measure(asked: argparse.Namespace) -> None:
    """Measure all systems, then the kills, and save after each. Raises WorkerFailed."""
    settings = load_settings()
    open_embedder(settings)  # prepares it if it is not, so that preparing is not measured
    dataset = load_dataset(asked.xquad, paragraphs=asked.paragraphs, every=asked.every)
    few = load_dataset(asked.xquad, paragraphs=_KILLED_PARAGRAPHS, every=_KILLED_EVERY)
    results: Json = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": _machine(),
        "threads": asked.threads,
        "versions": _versions([sys.executable, asked.python, asked.haiku_python]),
        "passages": len(dataset.passages),
        "questions": len(dataset.questions),
        "killed_passages": len(few.passages),
        "remark": asked.remark,
        "rows": [],
    }
    if asked.resume:
        results["rows"] = _measured_before(results)
    chosen = [row for row in ROWS if not asked.only or row.system in asked.only]
    with tempfile.TemporaryDirectory(prefix="coopbot-peers-") as scratch:
        bench = Bench(
            model=Path(source_folder(ModelSource.of(None), settings.cache_dir)),
            threads=asked.threads,
            scratch=Path(scratch),
            python=asked.python,
            haiku_python=asked.haiku_python,
        )
        done = {figures["name"]: figures for figures in results["rows"]}
        for row in chosen:
            if row.name not in done:
                done[row.name] = measured(bench, row, dataset)
                results["rows"] = [done[one.name] for one in ROWS if one.name in done]
                _save(results)
        for system in [] if asked.no_kills else dict.fromkeys(row.system for row in chosen):
            # The rows of a system search differently, but write the same index.
            own = [row for row in chosen if row.system == system]
            if any("kills" not in done[row.name] for row in own):
                kills = run_kills(bench, own[0], few)
                for row in own:
                    done[row.name]["kills"] = kills
                _save(results)


def _measured_before(results: Json) -> list[Json]:
    """The rows of an interrupted run. Raises SystemExit if it was another machine, other versions or other questions."""
    before: Json = json.loads(RESULTS.read_text("utf-8"))
    differing = [name for name in results if name not in ("date", "remark", "rows") and results[name] != before.get(name)]
    if differing:
        raise SystemExit(f"the results to resume differ in {', '.join(differing)}; run without --resume")
    rows: list[Json] = before["rows"]
    return rows


def _save(results: Json) -> None:
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def measured(bench: Bench, row: Row, dataset: Dataset) -> Json:
    """The figures of one system. Raises WorkerFailed."""
    print(row.name, file=sys.stderr, flush=True)
    folder = Path(tempfile.mkdtemp(prefix="index-", dir=bench.scratch))
    built = bench.run(row, "build", folder, passages=[asdict(one) for one in dataset.passages])
    answered = bench.run(row, "ask", folder, questions=[asdict(one) for one in dataset.questions])
    p50_ms, p95_ms = np.quantile(answered["times_ms"], (0.5, 0.95)).tolist()
    return {
        "name": row.name,
        "build_s": built["build_s"],
        "disk_mib": sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20,
        "first_s": answered["first_s"],
        "p50_ms": p50_ms,
        "p95_ms": p95_ms,
        "peak_mib": answered["peak_mib"],
        "pss_mib": answered["pss_mib"],
        "mrr": reciprocal_ranks(answered["ranks"]),
    }


def reciprocal_ranks(ranks: dict[str, list[int]]) -> dict[str, list[float]]:
    """[mean, its standard error] for each direction, and for `same` and `across` languages. Rank 0: not found."""
    own = {pair: [1 / rank if 0 < rank <= TOP_K else 0.0 for rank in found] for pair, found in ranks.items()}
    same = [value for pair, values in own.items() if pair[:2] == pair[3:] for value in values]
    across = [value for pair, values in own.items() if pair[:2] != pair[3:] for value in values]
    groups = {"same": same, "across": across, **own}
    return {name: [fmean(values), float(np.std(values) / len(values) ** 0.5)] for name, values in groups.items()}


def _machine() -> str:
    info = Path("/proc/cpuinfo")
    names = (
        [line.split(":")[1].strip() for line in info.read_text().splitlines() if "model name" in line] if info.exists() else []
    )
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores, {gib:.0f} GiB, {platform.system()}"


def _versions(pythons: Sequence[str]) -> dict[str, str]:
    """The versions of `_PACKAGES`, from the first environment that has each."""
    code = (
        "import importlib.metadata as m, json, platform, sys\n"
        "own = {d.metadata['Name'].lower(): d.version for d in m.distributions()}\n"
        "print(json.dumps({n: own[n.lower()] for n in sys.argv[1:] if n.lower() in own}))"
    )
    found: dict[str, str] = {}
    for python in dict.fromkeys(pythons):
        if Path(python).exists():
            run = subprocess.run([python, "-c", code, *_PACKAGES], check=True, capture_output=True, text=True)
            found = {**json.loads(run.stdout), **found}
    return {name: found[name] for name in _PACKAGES if name in found}


if __name__ == "__main__":
    main()
