"""How soon a new article appears in answers, and what a rebuild without changes costs."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import httpx

from benchmarks.figure import Figure
from benchmarks.server import ADMIN_HEADERS, served, server_environ, submit_article, wait_for_job
from benchmarks.speed.copies import copy_corpus
from coopbot.index.build import BuildReport
from coopbot.index.model.conversion import Step
from coopbot.index.model.encoder import Encoder
from coopbot.settings import Settings
from coopbot.wiring import open_embedder, rebuild

_NEWS = "The Ust-Ochsenfurt ferry carried {number} passengers in its first season. "
_QUESTION = "How many passengers did the Ust-Ochsenfurt ferry carry in its first season?"
_ROUNDS = 5


def run_arrival(settings: Settings, passages: int, on_step: Step = lambda _: None) -> list[Figure]:
    """All figures, with an index of about `passages` passages, all of which are embedded first. Raises IndexMissing."""
    embedder = open_embedder(settings, on_step)
    with tempfile.TemporaryDirectory(prefix="coopbot-bench-") as folder:
        copied = copy_corpus(settings, embedder, Path(folder), passages)
        on_step(f"building an index of {passages} passages")
        first_s, first = _timed_rebuild(copied, embedder)
        on_step("building it again without changes")
        again_s, again = _timed_rebuild(copied, embedder)
        assert not again.written
        on_step("adding articles over HTTP")
        with served(server_environ(copied)) as server:
            waits_s, minimal = _add_articles(server.client)
    return [
        Figure(name="passages in the index before articles are added", value=first.passages, unit=""),
        Figure(name="first build", value=first_s, unit="s"),
        Figure(name="rebuild without changes, share of the first build", value=again_s / first_s, unit="", goal="< 0.03"),
        Figure(name="new article accepted until answers quote it, longest", value=max(waits_s), unit="s", goal="<= 2"),
        Figure(name="share of new articles for which only their own passages were embedded", value=minimal, unit="", goal="1"),
    ]


def _timed_rebuild(settings: Settings, embedder: Encoder) -> tuple[float, BuildReport]:
    start = time.perf_counter()
    report, _ = rebuild(settings, embedder)
    return time.perf_counter() - start, report


def _add_articles(client: httpx.Client) -> tuple[list[float], float]:
    """Add articles of one passage and remove them again.

    The seconds from accepting each until an answer quotes it, and the share for which exactly one passage was embedded.
    """
    waits_s, minimal = [], 0
    for round_number in range(_ROUNDS):
        number = 48_000 + round_number
        text = _NEWS.format(number=number)
        job_id = submit_article(client, {"title": f"A ferry, {number}", "text": text, "publisher": "Bench"})
        accepted = time.perf_counter()
        while str(number) not in client.post("/v1/ask", json={"question": _QUESTION}).text:
            time.sleep(0.02)
        waits_s.append(time.perf_counter() - accepted)
        job = wait_for_job(client, job_id)
        minimal += job["report"]["embedded"] == 1
        removal = client.delete(f"/v1/articles/{job['article_id']}", headers=ADMIN_HEADERS)
        wait_for_job(client, removal.json()["job_id"])
    return waits_s, minimal / _ROUNDS
