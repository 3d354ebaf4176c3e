"""Whether clients notice that the index is replaced: they ask while it happens again and again."""

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
from benchmarks.server import served, server_environ, submit_article, wait_for_job
from benchmarks.speed.copies import copy_corpus
from coopbot.index.model.conversion import Step
from coopbot.settings import Settings
from coopbot.wiring import open_embedder, rebuild

CLIENTS = 16
SWAPS = 50

_QUIET_S = 30.0
# Each version of this article has its number in every sentence, so that an answer made from two snapshots would show it.
_URL = "https://news.example/ust-ochsenfurt-ferry"
_MONTHS = ("May", "June", "July", "August", "September")
_QUESTION = "How many passengers did the Ust-Ochsenfurt ferry carry from May to September?"


@dataclass(slots=True)
class _Seen:
    """What clients saw. mixed: answers that quote two versions. versions: the numbers quoted from each snapshot."""

    times_s: list[float] = field(default_factory=list)
    failures: int = 0
    mixed: int = 0
    versions: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    @property
    def p99_ms(self) -> float:
        """99th percentile of the time until an answer."""
        return float(np.percentile(self.times_s, 99)) * 1000


def run_swaps(settings: Settings, passages: int, on_step: Step = lambda _: None, *, swaps: int = SWAPS) -> list[Figure]:
    """All figures: `CLIENTS` ask, first alone, then while the index is replaced `swaps` times. Raises IndexMissing."""
    embedder = open_embedder(settings, on_step)
    with tempfile.TemporaryDirectory(prefix="coopbot-bench-") as folder:
        copied = copy_corpus(settings, embedder, Path(folder), passages)
        on_step(f"building an index of {passages} passages")
        rebuild(copied, embedder)
        with served(server_environ(copied)) as server:
            _replace(server.client, 0)
            on_step("asking while the index stays as it is")
            with _asking(server.client) as quiet:
                time.sleep(_QUIET_S)
            on_step(f"asking while the index is replaced {swaps} times")
            with _asking(server.client) as busy:
                for version in range(1, swaps + 1):
                    _replace(server.client, version)
    return _figures(quiet, busy, swaps)


def _figures(quiet: _Seen, busy: _Seen, swaps: int) -> list[Figure]:
    mixed = busy.mixed + sum(len(numbers) > 1 for numbers in busy.versions.values())
    return [
        Figure(name="clients asking at once", value=CLIENTS, unit=""),
        Figure(name="times the index was replaced meanwhile", value=swaps, unit=""),
        Figure(name="questions asked meanwhile", value=len(busy.times_s), unit=""),
        Figure(name="snapshots that answers came from", value=len(busy.versions), unit=""),
        Figure(name="failed requests", value=busy.failures + quiet.failures, unit="", goal="0"),
        Figure(name="answers that mix two snapshots", value=mixed, unit="", goal="0"),
        Figure(name="99th percentile, index not replaced", value=quiet.p99_ms, unit="ms"),
        Figure(name="99th percentile, index being replaced", value=busy.p99_ms, unit="ms"),
        Figure(name="99th percentile, ratio", value=busy.p99_ms / quiet.p99_ms, unit="x", goal="<= 2"),
    ]


def _replace(client: httpx.Client, version: int) -> None:
    """Add the next version of the article, which makes the server open a new snapshot."""
    number = 10_000 + version
    text = " ".join(f"The Ust-Ochsenfurt ferry carried {number} passengers in {month}." for month in _MONTHS)
    wait_for_job(client, submit_article(client, {"title": "A ferry", "text": text, "publisher": "Bench", "url": _URL}))


@contextmanager
def _asking(client: httpx.Client) -> Iterator[_Seen]:
    """`CLIENTS` that ask one question after another within the block."""
    seen, lock, stop = _Seen(), threading.Lock(), threading.Event()

    def ask_until_stopped() -> None:
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
                _record(seen, reply, elapsed_s)

    threads = [threading.Thread(target=ask_until_stopped) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _record(seen: _Seen, reply: httpx.Response, elapsed_s: float) -> None:
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
