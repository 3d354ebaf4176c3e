"""What hostile clients cost a server: expensive requests and documents, slow connections, and stops under load."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.hostile.askers import measure_askers
from benchmarks.hostile.bodies import measure_bodies
from benchmarks.hostile.documents import run_documents
from benchmarks.hostile.fairness import measure_fairness
from benchmarks.hostile.slow_connections import measure_slow_connections
from benchmarks.hostile.stops import measure_stops
from benchmarks.server import served, server_environ
from coopbot.index.model.conversion import Step
from coopbot.settings import Settings
from coopbot.wiring import open_embedder, rebuild


def run_hostile(settings: Settings, rounds: int, on_step: Step = lambda _: None) -> list[Figure]:
    """All figures, with an index of a copy of the corpus. The server is stopped `rounds` times."""
    embedder = open_embedder(settings, on_step)
    with tempfile.TemporaryDirectory(prefix="coopbot-bench-") as folder:
        copied = copied_settings(settings, Path(folder))
        on_step("building an index of the corpus")
        rebuild(copied, embedder)
        # The clients are told apart by what a proxy would say of them.
        with served({**server_environ(copied), "COOPBOT_TRUSTED_PROXIES": "1"}) as server:
            on_step("sending expensive requests")
            figures = measure_bodies(server)
            figures += measure_fairness(server, on_step)
            figures += measure_askers(server, on_step)
            figures += measure_slow_connections(server, on_step)
        figures += run_documents(copied, on_step)
        figures += measure_stops(copied, embedder.fingerprint, rounds, on_step)
    return figures


def copied_settings(settings: Settings, folder: Path) -> Settings:
    """Settings with a copy of the corpus and of its cached vectors."""
    shutil.copytree(settings.corpus_dir, folder / "corpus")
    cache = settings.index_dir / "cache"
    if cache.is_dir():
        shutil.copytree(cache, folder / "index" / "cache")
    return settings.model_copy(update={"corpus_dir": folder / "corpus", "index_dir": folder / "index"})
