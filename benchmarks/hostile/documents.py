"""Whether answers are as quick while the server reads a document that was made to take long.

`python -m benchmarks.hostile.documents` measures only this, in about a minute and a half.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx
import numpy as np

from benchmarks.figure import Figure
from benchmarks.hostile.bombs import docx_bomb, pdf_bomb
from benchmarks.server import get_job, served, server_environ, submit_file
from coopbot.index.model.conversion import Step
from coopbot.settings import Settings, load_settings
from coopbot.wiring import open_embedder, rebuild

_CLIENTS = 4
_ROUNDS = 6
_WARM_UP = 20
_QUIET_S = 8.0
_READ_TIMEOUT_S = 8  # of the server; shorter than the default, to save time
_QUESTION = "How many lorries crossed the bridge over the Amur?"


def run_documents(settings: Settings, on_step: Step = lambda _: None) -> list[Figure]:
    """All figures, with a server over a copy of the corpus."""
    embedder = open_embedder(settings, on_step)
    with tempfile.TemporaryDirectory(prefix="coopbot-bench-") as folder:
        shutil.copytree(settings.corpus_dir, Path(folder) / "corpus")
        copied = settings.model_copy(update={"corpus_dir": Path(folder) / "corpus", "index_dir": Path(folder) / "index"})
        on_step("building its index")
        rebuild(copied, embedder)
        environ = {**server_environ(copied), "COOPBOT_READ_TIMEOUT_S": str(_READ_TIMEOUT_S)}
        with served(environ) as server:
            return measure_documents(server.client, on_step)


def measure_documents(client: httpx.Client, on_step: Step = lambda _: None, *, rounds: int = _ROUNDS) -> list[Figure]:
    """All figures, of a server that was started with `server_environ`.

    Quiet and hostile periods take turns, so that whatever else slows the machine affects both. A hostile period ends when
    the server stops reading the document.
    """
    documents = {"a.docx": docx_bomb(30_000_000), "a.pdf": pdf_bomb(200, 2_000_000)}
    for _ in range(_WARM_UP):
        _ask(client)
    quiet: list[float] = []
    hostile: list[float] = []
    rejected = 0
    for number in range(rounds):
        name = list(documents)[number % len(documents)]
        on_step(f"asking while {name} is read, {number + 1} of {rounds}")
        quiet += _ask_until(client, _after(_QUIET_S))
        job_id = submit_file(client, name, documents[name])
        hostile += _ask_until(client, partial(_is_done, client, job_id))
        rejected += get_job(client, job_id)["state"] == "failed"
    quiet_ms, hostile_ms = (float(np.percentile(times_s, 99)) * 1000 for times_s in (quiet, hostile))
    return [
        Figure(name="hostile documents submitted", value=rounds, unit=""),
        Figure(name="hostile documents rejected", value=rejected, unit="", goal=f"{rounds}"),
        Figure(name="questions asked while the server read them", value=len(hostile), unit=""),
        Figure(name="99th percentile without documents", value=quiet_ms, unit="ms"),
        Figure(name="99th percentile while the server reads them", value=hostile_ms, unit="ms"),
        Figure(name="99th percentile with and without documents, ratio", value=hostile_ms / quiet_ms, unit="x", goal="<= 2"),
    ]


def _ask_until(client: httpx.Client, is_over: Callable[[], bool]) -> list[float]:
    """`_CLIENTS` ask one question after another until `is_over`. The seconds that each answer took."""
    times_s: list[float] = []
    stop = threading.Event()

    def ask_until_stopped() -> None:
        while not stop.is_set():
            times_s.append(_ask(client))

    threads = [threading.Thread(target=ask_until_stopped) for _ in range(_CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        give_up_at = time.monotonic() + 3 * _READ_TIMEOUT_S
        while not is_over() and time.monotonic() < give_up_at:
            time.sleep(0.2)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return times_s


def _ask(client: httpx.Client) -> float:
    start = time.perf_counter()
    client.post("/v1/ask", json={"question": _QUESTION}).raise_for_status()
    return time.perf_counter() - start


def _is_done(client: httpx.Client, job_id: str) -> bool:
    return get_job(client, job_id)["state"] in ("done", "failed")


def _after(seconds: float) -> Callable[[], bool]:
    """Whether so much time has passed since now."""
    deadline = time.monotonic() + seconds
    return lambda: time.monotonic() >= deadline


if __name__ == "__main__":
    for figure in run_documents(load_settings(), print):
        print(f"{figure.name}: {figure.value:.1f} {figure.unit} {figure.goal}")
