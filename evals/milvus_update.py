"""Measures how long updating ten changed articles in Milvus takes, compared with writing the whole index.

    python -m evals.milvus_update [--rounds 5]

Needs the dev dependencies, and the vectors of `coopbot index`. It starts its own `milvus-lite server`, which is not as fast
as Milvus, and writes the corpus there. PYTHONPATH chooses another version of coopbot to compare with.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from coopbot.domain import Article
from coopbot.errors import CoopbotError
from coopbot.index.build import build
from coopbot.index.milvus.client import Milvus
from coopbot.index.milvus.target import MilvusTarget
from coopbot.settings import load_settings
from coopbot.wiring import open_corpus, open_embedder

CHANGED = 10


@contextmanager
def connected(folder: Path) -> Iterator[Milvus]:
    """A connection to a server of our own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "milvus_lite", "server", "--host", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen([*command, "--data-dir", str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield retried(lambda: Milvus.connect(f"http://127.0.0.1:{port}"))
    finally:
        server.kill()
        server.wait()


def retried(connect: Callable[[], Milvus], attempts: int = 60) -> Milvus:
    for _ in range(attempts - 1):
        try:
            return connect()
        except CoopbotError:
            time.sleep(0.5)
    return connect()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    settings = load_settings()
    embedder = open_embedder(settings)
    articles = [found for found in open_corpus(settings) if isinstance(found, Article)]
    with tempfile.TemporaryDirectory() as folder, connected(Path(folder) / "milvus") as milvus:
        index_dir = Path(folder) / "index"
        shutil.copytree(settings.index_dir / "cache", index_dir / "cache")
        target = MilvusTarget(milvus, index_dir)

        def seconds(some: list[Article], force: bool = False) -> float:
            start = time.perf_counter()
            build(some, embedder, index_dir, model="real", precision="real", target=target, force=force)
            return time.perf_counter() - start

        seconds(articles)
        full = seconds(articles, force=True)
        updates = []
        for number in range(rounds):
            # Another digest and no other text: nothing is embedded.
            first = number * CHANGED % len(articles)
            changed = {one.article_id for one in articles[first : first + CHANGED]}
            articles = [replace(one, sha256=f"{number}") if one.article_id in changed else one for one in articles]
            updates.append(seconds(articles))
    update = statistics.median(updates)
    print(
        f"{len(articles)} articles written in {full:.2f} s, {CHANGED} changed ones in {update:.2f} s: {update / full:.3f} of it"
    )


if __name__ == "__main__":
    main()
