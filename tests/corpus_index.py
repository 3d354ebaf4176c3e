"""The index of corpus/ that tests with the real model share."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from filelock import FileLock

from coopbot.domain import Article
from coopbot.index.build import build
from coopbot.index.model.encoder import Encoder
from coopbot.ingest.corpus.store import Corpus

ROOT = Path(__file__).parents[1]


def make_corpus_index(embedder: Encoder, folder: Path) -> Path:
    """Made by whichever process comes first. What `coopbot index` has embedded already is not embedded again."""
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / "CURRENT").exists():
            copy_cache(ROOT / "index", folder, embedder.fingerprint)
            articles = [found for found in Corpus(ROOT / "corpus") if isinstance(found, Article)]
            build(articles, embedder, folder, model=embedder.card.name, precision=embedder.card.precision)
    return folder


def copy_cache(index_dir: Path, to: Path, fingerprint: str) -> None:
    """Gives another index the vectors that one has cached."""
    name = f"{fingerprint}.sqlite"
    (to / "cache").mkdir(parents=True, exist_ok=True)
    if (index_dir / "cache" / name).is_file():
        with closing(sqlite3.connect(index_dir / "cache" / name)) as old, closing(sqlite3.connect(to / "cache" / name)) as new:
            old.backup(new)
