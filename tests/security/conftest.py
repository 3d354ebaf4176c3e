"""A service in this process, over a small index with a bag-of-words embedder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from coopbot.ask.answer.answerer import Answerer
from coopbot.index.build import build
from coopbot.index.live import LiveIndex
from coopbot.serve.changes import Changes
from tests.fakes import BagOfWords, make_article
from tests.serve.small_service import access, service_over

ARTICLES = [
    make_article(
        "en/bridge",
        "The Tongjiang bridge carried 5 million tonnes of cargo in 2023. It carried 6 million in 2024.",
        title="Bridge",
    ),
    make_article(
        "en/port", "The port of Zarubino can handle 60 million tonnes a year.", title="Port", url="javascript:alert(1)"
    ),
]

# Starts a service: `start(access options)`, with an index folder and an answerer of one's own if need be.
Start = Callable[..., TestClient]


@pytest.fixture(scope="session")
def attacked_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("attacked")
    build(ARTICLES, BagOfWords(), folder, model="bag of words", precision="f32")
    return folder


@pytest.fixture
def start(attacked_index: Path) -> Iterator[Start]:
    with ExitStack() as services:

        def started(
            index_dir: Path = attacked_index,
            answerer: Any = None,
            changes: Changes | None = None,
            **options: Any,
        ) -> TestClient:
            embedder = BagOfWords()
            index = LiveIndex(index_dir, embedder.fingerprint)
            asked = answerer or Answerer(embedder, index.current)
            app = service_over(index, asked, changes=changes, access=access(**options))
            return services.enter_context(TestClient(app, raise_server_exceptions=False, client=("192.0.2.7", 4711)))

        yield started


@pytest.fixture
def client(start: Start) -> TestClient:
    return start()
