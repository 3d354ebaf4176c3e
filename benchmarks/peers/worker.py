"""`python -m benchmarks.peers.worker JOB RESULT`: reads a job, does it with one system, writes what it measured."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.peers.dataset import LANGUAGES, Question
from benchmarks.peers.protocol import Options, Passage, System

# Module and constructor of each system.
_CONSTRUCTORS = {
    "coopbot": "Coopbot.with_options",
    "txtai": "Txtai",
    "haystack": "Haystack",
    "llamaindex": "LlamaIndex",
    "haiku": "Haiku",
}
_WARM_UP = 5

# `Any`: JSON.
Json = dict[str, Any]


def main() -> None:
    """Read the job, do it, write the result."""
    job = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    system = _system(job)
    folder = Path(job["folder"])
    result = _build(system, folder, job) if job["action"] == "build" else _ask(system, folder, job)
    Path(sys.argv[2]).write_text(json.dumps(result), encoding="utf-8")


def _system(job: Json) -> System:
    made: Any = import_module(f"benchmarks.peers.systems.{job['system']}")
    for name in _CONSTRUCTORS[job["system"]].split("."):
        made = getattr(made, name)
    options = Options(model=Path(job["model"]), threads=job["threads"], hybrid=job["hybrid"], python=job["python"])
    system: System = made(options)
    return system


def _build(system: System, folder: Path, job: Json) -> Json:
    passages = [Passage(**one) for one in job["passages"]]
    system.prepare()
    start = time.perf_counter()
    system.build(folder, passages)
    return {"build_s": time.perf_counter() - start}


def _ask(system: System, folder: Path, job: Json) -> Json:
    questions = [Question(**one) for one in job["questions"]]
    system.open(folder)
    first = system.search(questions[0].text["en"], None)
    first_s = time.time() - job["started"]
    if job["action"] == "probe":
        return {"found": [[asdict(hit) for hit in system.search(one.text[asked], None)] for one, asked in _asked(questions)]}
    for one in questions[:_WARM_UP]:
        system.search(one.text["ru"], None)
    times_ms = []
    ranks: dict[str, list[int]] = {f"{asked}-{language}": [] for asked in LANGUAGES for language in LANGUAGES}
    for one, asked in _asked(questions):
        start = time.perf_counter()
        system.search(one.text[asked], None)
        times_ms.append((time.perf_counter() - start) * 1000)
        for language in LANGUAGES:
            ids = [hit.passage_id for hit in system.search(one.text[asked], language)]
            ranks[f"{asked}-{language}"].append(ids.index(one.gold(language)) + 1 if one.gold(language) in ids else 0)
    return {"first_s": first_s, "found": len(first), "times_ms": times_ms, "ranks": ranks, **_memory_mib()}


def _asked(questions: list[Question]) -> Iterable[tuple[Question, str]]:
    return ((one, asked) for one in questions for asked in LANGUAGES)


def _memory_mib() -> Json:
    """Of this process and those it started: peak resident memory, and the proportional set size now."""
    pids = [os.getpid(), *_children(os.getpid())]
    return {
        "peak_mib": sum(_kib(f"/proc/{pid}/status", "VmHWM:") for pid in pids) / 1024,
        "pss_mib": sum(_kib(f"/proc/{pid}/smaps_rollup", "Pss:") for pid in pids) / 1024,
    }


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in listed for child in path.read_text().split()]


def _kib(path: str, name: str) -> int:
    return next(int(line.split()[1]) for line in Path(path).read_text().splitlines() if line.startswith(name))


if __name__ == "__main__":
    main()
