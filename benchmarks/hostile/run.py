"""What hostile clients cost: expensive bodies and documents, slow connections, and a stop in the middle of everything."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.hostile.bodies import measure_bodies
from benchmarks.hostile.connections import measure_slow_connections
from benchmarks.hostile.documents import run_hostile_document
from benchmarks.hostile.stops import measure_stops
from benchmarks.server import served
from benchmarks.speed.arrival import environ_of
from coopbot.index.model.conversion import Step
from coopbot.settings import Settings
from coopbot.wiring import open_embedder, rebuild

ROUNDS = 20


def run_hostile(settings: Settings, rounds: int = ROUNDS, on_step: Step = lambda _: None) -> list[Figure]:
    """All figures, over an index of the corpus in a folder of its own; `rounds` is how often the server is stopped."""
    embedder = open_embedder(settings, on_step)
    with tempfile.TemporaryDirectory(prefix="coopbot-bench-") as folder:
        place = _copied(settings, Path(folder))
        on_step("building an index of the corpus")
        rebuild(place, embedder)
        environ = environ_of(place)
        figures = _serving(environ, on_step)
        figures += run_hostile_document(place, on_step)
        figures += measure_stops(place, environ, embedder.fingerprint, rounds, on_step)
    return figures


def _serving(environ: Mapping[str, str], on_step: Step) -> list[Figure]:
    with served(environ) as server:
        on_step("sending bodies that are made to be expensive")
        figures = measure_bodies(server)
        figures += measure_slow_connections(server, on_step)
    return figures


def _copied(settings: Settings, folder: Path) -> Settings:
    """The corpus, and the vectors that are known of it, in a folder that may be spoilt."""
    shutil.copytree(settings.corpus_dir, folder / "corpus")
    cache = settings.index_dir / "cache"
    if cache.is_dir():
        shutil.copytree(cache, folder / "index" / "cache")
    return settings.model_copy(update={"corpus_dir": folder / "corpus", "index_dir": folder / "index"})
