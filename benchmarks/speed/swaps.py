"""Whether anybody notices that the index is exchanged: clients ask throughout many exchanges."""

from __future__ import annotations

import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np

from benchmarks.figure import Figure
from benchmarks.server import served
from benchmarks.speed.arrival import environ_of, finished, place_corpus, submit
from coopbot.index.model.conversion import Step
from coopbot.settings import Settings
from coopbot.wiring import open_embedder, rebuild

CLIENTS = 16
SWAPS = 50

# Each version of this article has its number in every sentence, so that an answer from two snapshots would show it.
_URL = "https://news.example/ust-ochsenfurt-ferry"
_MONTHS = ("May", "June", "July", "August", "September")
_QUESTION = "How many passengers did the Ust-Ochsenfurt ferry carry from May to September?"


@dataclass(slots=True)
class _Seen:
    """What clients saw. `versions`: by snapshot, the numbers that quotes of its answers had."""

    times_s: list[float] = field(default_factory=list)
    failures: int = 0
    mixed: int = 0
    versions: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))


def run_swaps(settings: Settings, passages: int, on_step: Step = lambda _: None, *, swaps: int = SWAPS) -> list[Figure]:
    """Figures of `CLIENTS` asking while the index is exchanged `swaps` times."""
    embedder = open_embedder(settings, on_step)
    with tempfile.TemporaryDirectory(prefix="coopbot-bench-") as folder:
        place = place_corpus(settings, embedder, Path(folder), passages)
        on_step(f"building an index of {passages} passages")
        rebuild(place, embedder)
        with served(environ_of(place)) as server:
            _exchange(server.client, 0)
            on_step("asking without exchanges")
            with _asking(server.client) as quiet:
                time.sleep(30)
            on_step(f"asking throughout {swaps} exchanges")
            with _asking(server.client) as busy:
                for version in range(1, swaps + 1):
                    _exchange(server.client, version)
    quiet_ms, busy_ms = (float(np.percentile(seen.times_s, 99)) * 1000 for seen in (quiet, busy))
    mixed = busy.mixed + sum(len(numbers) > 1 for numbers in busy.versions.values())
    return [
        Figure(name="clients asking at once", value=CLIENTS, unit=""),
        Figure(name="exchanges of the index meanwhile", value=swaps, unit=""),
        Figure(name="questions asked meanwhile", value=len(busy.times_s), unit=""),
        Figure(name="snapshots that answers came from", value=len(busy.versions), unit=""),
        Figure(name="failed requests", value=busy.failures + quiet.failures, unit="", goal="0"),
        Figure(name="answers that mix two snapshots", value=mixed, unit="", goal="0"),
        Figure(name="99th percentile without exchanges", value=quiet_ms, unit="ms"),
        Figure(name="99th percentile with exchanges", value=busy_ms, unit="ms"),
        Figure(name="99th percentile, ratio with to without", value=busy_ms / quiet_ms, unit="x", goal="<= 2"),
    ]


def _exchange(client: httpx.Client, version: int) -> None:
    number = 10_000 + version
    text = " ".join(f"The Ust-Ochsenfurt ferry carried {number} passengers in {month}." for month in _MONTHS)
    job = submit(client, {"title": "A ferry", "text": text, "publisher": "Bench", "url": _URL})
    finished(client, job)


@contextmanager
def _asking(client: httpx.Client) -> Iterator[_Seen]:
    seen, lock, stop = _Seen(), threading.Lock(), threading.Event()

    def ask_on() -> None:
        while not stop.is_set():
            start = time.perf_counter()
            try:
                reply = client.post("/v1/ask", json={"question": _QUESTION})
            except httpx.TransportError:
                with lock:
                    seen.failures += 1
                continue
            elapsed_s = time.perf_counter() - start
            with lock:
                _note(seen, reply, elapsed_s)

    threads = [threading.Thread(target=ask_on) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _note(seen: _Seen, reply: httpx.Response, elapsed_s: float) -> None:
    seen.times_s.append(elapsed_s)
    if reply.status_code != 200:
        seen.failures += 1
        return
    answer = reply.json()
    numbers = {
        int(word)
        for citation in answer["citations"]
        if citation["url"] == _URL
        for word in citation["quote"].split()
        if word.isdecimal()
    }
    seen.mixed += len(numbers) > 1
    seen.versions[answer["snapshot"]] |= numbers
