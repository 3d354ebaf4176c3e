"""A server of web pages, and an empty corpus folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ingest.web import Site, serving


@pytest.fixture
def site() -> Iterator[Site]:
    """A server on loopback that the network of a test takes for the web."""
    with serving() as site:
        yield site


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty corpus folder."""
    (tmp_path / "corpus").mkdir()
    return tmp_path / "corpus"
