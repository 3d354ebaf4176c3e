"""What HTTP adds to the time of an answer, and how much of the models' speed many clients get."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from benchmarks.figure import Figure
from benchmarks.http.connections import measure_connections
from benchmarks.http.crowd import CLIENTS, Crowd, ask_together
from benchmarks.memory import child_pids, private_mib
from benchmarks.samples import QUESTIONS
from benchmarks.server import Server, served
from coopbot.ask.answer.answerer import Answerer
from coopbot.ask.rank.reader import Reader, ReadPassage
from coopbot.domain import Passage
from coopbot.index.model.conversion import Step
from coopbot.index.model.encoder import Encoder
from coopbot.sections import LlmServer
from coopbot.settings import Settings
from coopbot.wiring import Service, open_service

_ROUNDS = 6
_CROWD_S = 60.0
_WORKERS_S = 20.0
# Passages that are read at once: as many as answering reads, and more.
_BATCH_SIZES = (1, 3, 8)

_Read = tuple[str, tuple[str, Passage]]


def run_http(settings: Settings, on_step: Step = lambda _: None) -> list[Figure]:
    """All figures, with the index of `settings`."""
    quotes_only = settings.model_copy(update={"llm": LlmServer()})
    service = open_service(quotes_only, on_step)
    environ = {
        **os.environ,
        "COOPBOT_INDEX_DIR": str(settings.index_dir),
        "COOPBOT_LLM_BASE_URL": "",
        "COOPBOT_QUESTIONS_KEPT": "0",  # the same few questions are asked again and again
    }
    on_step("embedding and reading in batches")
    models = _ModelsAlone(service)
    before_s = models.question_s()
    on_step("serving")
    with served(environ) as server:
        on_step("asking, one client")
        figures = _overhead(server)
        on_step(f"asking, {CLIENTS} clients")
        crowd = ask_together(server.client.base_url, _CROWD_S)
        on_step("opening 1,000 connections")
        connections = measure_connections(server)
    on_step("embedding and reading in batches again")
    models_s = statistics.mean([before_s, models.question_s()])
    workers = os.cpu_count() or 1
    on_step(f"asking {workers} workers")
    return [*figures, *_crowd_figures(crowd, models_s), *connections, *_workers(environ, workers, crowd)]


def _workers(environ: Mapping[str, str], workers: int, one: Crowd) -> list[Figure]:
    """Throughput of several processes, and the memory that each does not share. one: the clients of a single process."""
    if workers == 1:
        return []
    with served(environ, "--workers", str(workers)) as server:
        crowd = ask_together(server.client.base_url, _WORKERS_S)
        own_mib = [mib for pid in child_pids(server.pid) if (mib := private_mib(pid)) is not None]
    figures = [
        Figure(name=f"answers per second, {workers} workers", value=crowd.per_second, unit="1/s"),
        Figure(name="answers per second, ratio to one process", value=crowd.per_second / one.per_second, unit="x"),
        Figure(name=f"errors of {workers} workers", value=crowd.errors, unit="", goal="0"),
    ]
    if own_mib:
        figures.append(Figure(name="private memory of a worker, most", value=max(own_mib), unit="MiB"))
    return figures


def _overhead(server: Server) -> list[Figure]:
    """The time between question and answer, less what the service reports for answering."""
    added_ms: list[float] = []
    whole_ms: list[float] = []
    for question in QUESTIONS * _ROUNDS:
        start = time.perf_counter()
        answer = server.client.post("/v1/ask", json={"question": question}).raise_for_status().json()
        whole_ms.append((time.perf_counter() - start) * 1000)
        added_ms.append(whole_ms[-1] - answer["timings_ms"]["total"])
    return [
        Figure(name="answer over HTTP, one client, median", value=statistics.median(whole_ms), unit="ms"),
        Figure(name="part of it that HTTP adds, median", value=statistics.median(added_ms), unit="ms", goal="<= 3"),
    ]


def _crowd_figures(crowd: Crowd, models_s: float) -> list[Figure]:
    return [
        Figure(name=f"answers per second, {CLIENTS} clients", value=crowd.per_second, unit="1/s"),
        Figure(name="answers per second that the models alone allow, in batches", value=1 / models_s, unit="1/s"),
        Figure(name="share of it that the clients get", value=crowd.per_second * models_s, unit="", goal=">= 0.7"),
        Figure(name=f"median wait, {CLIENTS} clients", value=crowd.percentile_s(50), unit="s"),
        Figure(
            name="99th percentile, ratio to the median",
            value=crowd.percentile_s(99) / crowd.percentile_s(50),
            unit="x",
            goal="<= 4",
        ),
        Figure(name=f"errors in {_CROWD_S:.0f} s", value=crowd.errors, unit="", goal="0"),
    ]


class _ModelsAlone:
    """What encoder and reader do for the sample questions, without the rest of answering."""

    def __init__(self, service: Service) -> None:
        self._embedder: Encoder = service.models.embedder
        self._reader = service.models.reader
        self._read: list[_Read] = []
        if self._reader is not None:
            recorder = _Recorder(self._reader)
            answerer = Answerer(self._embedder, service.index.current, recorder)
            for question in QUESTIONS:
                answerer.ask(question)
            # Batches of texts of similar length have little padding.
            self._read = sorted(recorder.inputs, key=lambda one: len(one[1][1].text))

    def question_s(self) -> float:
        """Seconds for a question, in batches of the size that is quickest here."""
        crowd = QUESTIONS * (CLIENTS // len(QUESTIONS) + 1)
        embed_s = _quickest(lambda: self._embedder.embed_passages(crowd, with_tokens=True)) / len(crowd)
        read_s = min(_quickest(partial(self._read_all, size)) for size in _BATCH_SIZES)
        return embed_s + read_s / len(QUESTIONS)

    def _read_all(self, size: int) -> None:
        """A batch mixes the passages of several questions: each is read with the same question, which takes as long."""
        if self._reader is None:
            return
        for start in range(0, len(self._read), size):
            batch = self._read[start : start + size]
            self._reader.read(batch[0][0], [passage for _, passage in batch])


class _Recorder:
    """A `Reader` that keeps its inputs."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.inputs: list[_Read] = []

    @property
    def fingerprint(self) -> str:
        """See `Reader`."""
        return self._reader.fingerprint

    def read(self, question: str, passages: Sequence[tuple[str, Passage]]) -> list[ReadPassage]:
        """See `Reader`."""
        self.inputs += [(question, passage) for passage in passages]
        return self._reader.read(question, passages)


def _quickest(run: Callable[[], object]) -> float:
    """Seconds, the less of two runs: other work of the machine can only slow them."""
    times_s = []
    for _ in range(2):
        start = time.perf_counter()
        run()
        times_s.append(time.perf_counter() - start)
    return min(times_s)
