"""What the HTTP service makes of the models: what it adds to an answer, and how much of their speed 64 clients get."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from benchmarks.figure import Figure
from benchmarks.http.connections import measure_connections
from benchmarks.http.crowd import CLIENTS, Crowd, ask_together
from benchmarks.samples import QUESTIONS
from benchmarks.server import Server, children, own_memory_mib, served
from coopbot.ask.answer.answerer import Answerer
from coopbot.ask.rank.reader import Reader, ReadPassage
from coopbot.domain import Passage
from coopbot.index.model.conversion import Step
from coopbot.index.model.encoder import Encoder
from coopbot.settings import Settings
from coopbot.wiring import Service, open_service

_ROUNDS = 6
_CROWD_S = 60.0
_WORKERS_S = 20.0
# Passages that are read at once: as answering does, and more.
_BATCHES = (1, 3, 8)

_Read = tuple[str, tuple[str, Passage]]


def run_http(settings: Settings, on_step: Step = lambda _: None) -> list[Figure]:
    """All figures, over the index of `settings`."""
    quotes_only = settings.model_copy(update={"llm_base_url": ""})
    service = open_service(quotes_only, on_step)
    environ = {**os.environ, "COOPBOT_INDEX_DIR": str(settings.index_dir), "COOPBOT_LLM_BASE_URL": ""}
    on_step("reading and embedding in batches")
    alone = _Alone(service)
    before_s = alone.seconds_a_question()
    on_step("serving")
    with served(environ) as server:
        on_step("asking, one client")
        figures = _added(server)
        on_step(f"asking, {CLIENTS} clients")
        crowd = ask_together(server.client.base_url, _CROWD_S)
        on_step("opening 1,000 connections")
        connections = measure_connections(server)
    on_step("reading and embedding in batches once more")
    alone_s = statistics.mean([before_s, alone.seconds_a_question()])
    workers = os.cpu_count() or 1
    on_step(f"asking {workers} workers")
    return [*figures, *_crowded(crowd, alone_s), *connections, *_by_workers(environ, workers, crowd)]


def _by_workers(environ: Mapping[str, str], workers: int, one: Crowd) -> list[Figure]:
    """What the clients get of several processes, and what each takes of memory that others do not use as well."""
    if workers == 1:
        return []
    with served(environ, "--workers", str(workers)) as server:
        crowd = ask_together(server.client.base_url, _WORKERS_S)
        own_mib = [mib for pid in children(server.pid) if (mib := own_memory_mib(pid)) is not None]
    figures = [
        Figure(name=f"questions answered a second by {workers} workers", value=crowd.a_second, unit="1/s"),
        Figure(name="ratio to one process", value=crowd.a_second / one.a_second, unit="x"),
        Figure(name=f"errors of {workers} workers", value=crowd.errors, unit="", goal="0"),
    ]
    if own_mib:
        figures.append(Figure(name="a worker's own memory, most", value=max(own_mib), unit="MiB"))
    return figures


def _added(server: Server) -> list[Figure]:
    """What passes between sending a question and having its answer, less what answering it took in the service."""
    added_ms: list[float] = []
    whole_ms: list[float] = []
    for question in QUESTIONS * _ROUNDS:
        start = time.perf_counter()
        answer = server.client.post("/v1/ask", json={"question": question}).raise_for_status().json()
        whole_ms.append((time.perf_counter() - start) * 1000)
        added_ms.append(whole_ms[-1] - answer["timings_ms"]["total"])
    return [
        Figure(name="answer over HTTP, one client, median", value=statistics.median(whole_ms), unit="ms"),
        Figure(name="of that added by HTTP, median", value=statistics.median(added_ms), unit="ms", goal="<= 3"),
    ]


def _crowded(crowd: Crowd, alone_s: float) -> list[Figure]:
    return [
        Figure(name=f"questions answered a second, {CLIENTS} clients", value=crowd.a_second, unit="1/s"),
        Figure(name="that encoder and reader alone would do in batches", value=1 / alone_s, unit="1/s"),
        Figure(name="share of that", value=crowd.a_second * alone_s, unit="", goal=">= 0.7"),
        Figure(name=f"median wait, {CLIENTS} clients", value=crowd.percentile_s(50), unit="s"),
        Figure(
            name="99th percentile, ratio to the median",
            value=crowd.percentile_s(99) / crowd.percentile_s(50),
            unit="x",
            goal="<= 4",
        ),
        Figure(name=f"errors in {_CROWD_S:.0f} s", value=crowd.errors, unit="", goal="0"),
    ]


class _Alone:
    """The work of encoder and reader for the sample questions, without anything around it."""

    def __init__(self, service: Service) -> None:
        self._embedder: Encoder = service.models.embedder
        self._reader = service.models.reader
        self._read: list[_Read] = []
        if self._reader is not None:
            recorder = _Recorder(self._reader)
            answerer = Answerer(self._embedder, service.index.current, recorder)
            for question in QUESTIONS:
                answerer.ask(question)
            # A batch holds little padding if its texts are of a length.
            self._read = sorted(recorder.read_so_far, key=lambda one: len(one[1][1].text))

    def seconds_a_question(self) -> float:
        """In the batches that are quickest here."""
        crowd = QUESTIONS * (CLIENTS // len(QUESTIONS) + 1)
        embed_s = _quickest(lambda: self._embedder.embed_passages(crowd, with_tokens=True)) / len(crowd)
        read_s = min(_quickest(partial(self._read_all, size)) for size in _BATCHES)
        return embed_s + read_s / len(QUESTIONS)

    def _read_all(self, size: int) -> None:
        """Passages of several questions in a batch are as long as those of one."""
        if self._reader is None:
            return
        for start in range(0, len(self._read), size):
            batch = self._read[start : start + size]
            self._reader.read(batch[0][0], [passage for _, passage in batch])


class _Recorder:
    """A `Reader` that keeps what it was given to read."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.read_so_far: list[_Read] = []

    @property
    def fingerprint(self) -> str:
        """See `Reader`."""
        return self._reader.fingerprint

    def read(self, question: str, passages: Sequence[tuple[str, Passage]]) -> list[ReadPassage]:
        """See `Reader`."""
        self.read_so_far += [(question, passage) for passage in passages]
        return self._reader.read(question, passages)


def _quickest(run: Callable[[], object]) -> float:
    """Seconds, the better of two: what disturbs only ever slows."""
    times_s = []
    for _ in range(2):
        start = time.perf_counter()
        run()
        times_s.append(time.perf_counter() - start)
    return min(times_s)
