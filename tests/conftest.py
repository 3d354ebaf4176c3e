"""What all tests share. No test can reach the network beyond this machine."""

from __future__ import annotations

import os
import shutil
import socket
from functools import partial
from pathlib import Path
from typing import Any

# Before NumPy is imported, as the command line does it. Torch and FAISS: several workers share the cores, and threads that wait
# for each other by spinning would take them from the rest.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import platformdirs
import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

from coopbot.ask.answer.answerer import Answerer
from coopbot.ask.rank.reader import ModelReader
from coopbot.ask.weights import load_weights
from coopbot.index.disk.folder import open_current
from coopbot.index.model.encoder import Encoder
from coopbot.index.model.prepare import ModelSource, load_embedder
from coopbot.index.model.reader_model import ReadingModel, load_reader
from tests.corpus_index import make_corpus_index
from tests.invoke import Invoke, invoke_in, share_model

pytest_plugins = ["tests.marks"]

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"

# Tests write in memory where there is plenty: builds wait for the disk at every step, many times in each test.
_MEMORY, _ROOM_BYTES = Path("/dev/shm"), 4 * 2**30

# By folder or file: tests that one worker runs, as what they share takes long to make: a browser and a service; torch, loaded.
_TOGETHER = {
    "tests/page/": "page",
    "tests/index/test_embedder.py": "torch",
    "tests/index/test_prepare.py": "torch",
    "tests/index/test_reader_model.py": "torch",
}

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


# How fast a case is made and checked depends on what else the machine does.
settings.register_profile("gate", deadline=None, suppress_health_check=[HealthCheck.too_slow])


def pytest_configure() -> None:
    settings.load_profile("gate")
    if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM_BYTES:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


class _TogetherScheduling(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Hands each worker whole files, and those of `_TOGETHER` to one."""

    def _split_scope(self, nodeid: str) -> str:
        return next((name for start, name in _TOGETHER.items() if nodeid.startswith(start)), super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    """`Any`: xdist gives its log no public type."""
    return _TogetherScheduling(config, log)


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse connections and look-ups beyond loopback."""
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in _LOOPBACK:
            raise OSError(f"a test tried to reach {address[0]}")
        connect(self, address)

    def guarded_look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host is not None and host not in _LOOPBACK:
            raise socket.gaierror(f"a test tried to look up {host}")
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests set the variables they mean."""
    for name in list(os.environ):
        if name.startswith("COOPBOT_") and name != "COOPBOT_CACHE_DIR":
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def cache_dir() -> Path:
    """The user's cache of prepared models, so that the model is prepared once a machine."""
    return Path(os.environ.get("COOPBOT_CACHE_DIR") or platformdirs.user_cache_path("coopbot"))


@pytest.fixture(scope="session")
def embedder(cache_dir: Path) -> Encoder:
    """The real model."""
    return load_embedder(ModelSource.of(None), cache_dir, threads=1)


@pytest.fixture(scope="session")
def reader_model(cache_dir: Path) -> ReadingModel:
    """The real reading model."""
    return load_reader(cache_dir, threads=1)


@pytest.fixture(scope="session")
def reader(reader_model: ReadingModel) -> ModelReader:
    """What reads with it."""
    return ModelReader(reader_model, load_weights().meaning)


@pytest.fixture(scope="session")
def corpus_index(embedder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of corpus/ with the real model, made once a run for all workers: read it, copy its cache, leave it as it is."""
    folder = tmp_path_factory.getbasetemp()
    return make_corpus_index(embedder, (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "corpus-index")


@pytest.fixture
def corpus_answerer(embedder: Encoder, reader: ModelReader, corpus_index: Path) -> Answerer:
    """Answers from corpus/ with the real models."""
    store = open_current(corpus_index, embedder.fingerprint)
    return Answerer(embedder, lambda: store, reader)


@pytest.fixture
def invoke(
    request: pytest.FixtureRequest,
    place: Path,
    cache_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Invoke:
    """Runs commands in `place`, the test's own folder; those that open the models get `embedder` and `reader_model`."""
    embedder, reader = (partial(request.getfixturevalue, name) for name in ("embedder", "reader_model"))
    share_model(monkeypatch, cache_dir, embedder, reader)
    return invoke_in(place, monkeypatch, capsys)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Material beside the repository; tests that need it are skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the shared folder beside the repository is absent")
    return SHARED
