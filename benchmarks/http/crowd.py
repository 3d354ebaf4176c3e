"""Many clients, each of which asks its next question as soon as it has an answer."""

from __future__ import annotations

import itertools
import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx
import numpy as np

from benchmarks.samples import QUESTIONS

CLIENTS = 64
# What takes longer counts as an error.
_TIMEOUT_S = 300.0


@dataclass(slots=True)
class Crowd:
    """What the clients saw. seconds: from their first question to their last answer. times_s: of each answer."""

    seconds: float
    times_s: list[float] = field(default_factory=list)
    errors: int = 0

    @property
    def per_second(self) -> float:
        """Answers per second."""
        return len(self.times_s) / self.seconds

    def percentile_s(self, percent: float) -> float:
        """Percentile of the time until an answer, NaN if there was none."""
        return float(np.percentile(self.times_s, percent)) if self.times_s else math.nan


def ask_together(address: httpx.URL, seconds: float) -> Crowd:
    """`CLIENTS` ask for so many seconds. Questions in flight at the end are waited for, and count."""
    crowd, start = Crowd(seconds=seconds), time.perf_counter()
    limits = httpx.Limits(max_connections=CLIENTS, max_keepalive_connections=CLIENTS)
    client = httpx.Client(base_url=address, timeout=_TIMEOUT_S, trust_env=False, limits=limits)
    questions, lock = itertools.cycle(QUESTIONS), threading.Lock()

    def ask_until_over() -> None:
        while time.perf_counter() - start < seconds:
            with lock:
                question = next(questions)
            asked = time.perf_counter()
            try:
                client.post("/v1/ask", json={"question": question}).raise_for_status()
            except httpx.HTTPError:
                crowd.errors += 1
            else:
                crowd.times_s.append(time.perf_counter() - asked)

    with client, ThreadPoolExecutor(CLIENTS) as clients:
        for done in [clients.submit(ask_until_over) for _ in range(CLIENTS)]:
            done.result()
    crowd.seconds = time.perf_counter() - start
    return crowd
