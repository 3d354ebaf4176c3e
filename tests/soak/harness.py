"""What has to hold after each kill, each full disk, each damaged byte: checked passage by passage, vector by vector."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO

import numpy as np
import pytest

from coopbot.doctor.index import look_at_index
from coopbot.domain import Filters
from coopbot.errors import IndexMissing
from coopbot.index.disk.folder import open_current, snapshot_ids
from coopbot.index.disk.local import COPIED_BYTES, KEPT_SNAPSHOTS
from coopbot.index.disk.snapshot import Snapshot
from coopbot.index.live import LiveIndex
from tests.soak.builder import Job, Outcome, run, when
from tests.soak.corpora import corpus, embedder

ROOT = Path(__file__).parents[2]
FINGERPRINT = embedder().fingerprint

Contents = Mapping[str, str]
"""Each article and each passage, with a digest of all that the index has of it."""


class Builders:
    """A server that runs jobs, each in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, job: Job) -> Outcome:
        told, answers = _pipes(self._process)
        print(json.dumps(asdict(job)), file=told, flush=True)
        return Outcome(**json.loads(answers.readline()))


@contextmanager
def builders() -> Iterator[Builders]:
    command = [sys.executable, "-m", "tests.soak.builder"]
    environ = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        yield Builders(process)


def _pipes(process: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout


def contents(snapshot: Snapshot) -> Contents:
    """All that can be asked of a snapshot, in a form that does not depend on how it came about."""
    found = {article.article_id: repr(article) for article in snapshot.articles(0, 10_000)}
    question = embedder().embed_question("bridge 3 мост 大桥").pooled[0]
    for language in snapshot.languages:
        terms = ["bridg", "мост", "大桥", "3"]
        stage = snapshot.first_stage(language, question, terms, 10_000, Filters())
        stored = snapshot.stored(language, stage.rows.tolist())
        read = snapshot.sentences(language, stage.rows)
        tokens = np.append(0, np.cumsum(read.token_counts))
        for place, one in enumerate(stored):
            first, end = read.starts[place], read.starts[place + 1]
            digest = hashlib.sha256(repr(one.passage).encode())
            for part in (stage.pooled[place], read.vectors[first:end], read.codes[tokens[first] : tokens[end]]):
                digest.update(part.tobytes())
            digest.update(f"{stage.lexical[place]:.3f}".encode())
            found[one.passage.passage_id] = digest.hexdigest()
    return found


class Judge:
    """Knows what every state of the corpus must look like, from an index that was built at one go, in peace."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[int, Contents] = {}

    def wanted(self, state: int) -> Contents:
        if state not in self._known:
            place = self._folder / f"peace-{state}"
            run(place, state)
            with opened(place) as snapshot:
                self._known[state] = contents(snapshot)
            shutil.rmtree(place)
        return self._known[state]

    def serves(self, index_dir: Path, before: int, after: int) -> int:
        """The state that a fresh reader finds, which is one of the two, whole. -1: there is no index yet.

        All that may be at fault is that the very first build did not come to write CURRENT.
        """
        try:
            with opened(index_dir) as snapshot:
                unnamed = before < 0 and not (index_dir / "CURRENT").exists()
                assert ("CURRENT is missing" in snapshot.fault) if unnamed else (snapshot.fault == ""), snapshot.fault
                return self.recognise(snapshot, before, after)
        except IndexMissing:
            assert before < 0
            return -1

    def recognise(self, snapshot: Snapshot, *states: int) -> int:
        found = contents(snapshot)
        known = [state for state in states if state >= 0 and self.wanted(state) == found]
        assert known, f"{snapshot.snapshot_id} is none of the states {states}"
        return known[0]

    def repairs(self, index_dir: Path, state: int, copied_bytes: int = COPIED_BYTES) -> None:
        """The next build succeeds, gives exactly the wanted corpus, and leaves nothing lying about."""
        report = run(index_dir, state, copied_bytes)
        with opened(index_dir) as snapshot:
            assert snapshot.fault == ""
            assert contents(snapshot) == self.wanted(state)
        tidy(index_dir, written=report.written)


@contextmanager
def opened(index_dir: Path) -> Iterator[Snapshot]:
    snapshot = open_current(index_dir, FINGERPRINT)
    try:
        yield snapshot
    finally:
        snapshot.close()


@contextmanager
def serving(index_dir: Path, judge: Judge, before: int, after: int) -> Iterator[None]:
    """A reader that has the index open all the while; after each block it answers, without a fault, from one of the states."""
    live = LiveIndex(index_dir, FINGERPRINT)
    held = live.current()
    try:
        yield
        assert judge.recognise(live.current(), before, after) >= 0
        assert live.fault == ""
        assert judge.recognise(held, before) == before
    finally:
        held.close()
        live.current().close()


def tidy(index_dir: Path, *, written: bool = True) -> None:
    """Nothing is there but what an index is made of, and not too much of that. One damaged snapshot and cache may be kept.

    A build that had nothing to write leaves SQLite's log and one old snapshot more to the next.
    """
    assert {path.name for path in index_dir.iterdir()} <= {"CURRENT", "snapshots", "cache", ".lock"}
    assert len(snapshot_ids(index_dir)) <= KEPT_SNAPSHOTS + (not written)
    hidden = [path.name for path in (index_dir / "snapshots").glob(".*")]
    assert all(name.startswith(".damaged-") for name in hidden), hidden
    assert len(hidden) <= 1
    endings = {path.name.removeprefix(f"{FINGERPRINT}.sqlite") for path in (index_dir / "cache").iterdir()}
    assert endings <= {"", ".damaged"} | (set() if written else {"-wal", "-shm"}), endings


def complaints(index_dir: Path, state: int) -> list[str]:
    """What the doctor finds wrong, and its way of telling."""
    wanted = {article.article_id: article.sha256 for article in corpus(state)}
    checks = look_at_index(
        index_dir, FINGERPRINT, wanted, now_s=lambda: when(state + 1).timestamp(), free_bytes=lambda path: 10**12
    )
    assert all(check.detail for check in checks)
    return [f"{check.name}: {check.detail}" for check in checks if not check.ok]


def copy_index(source: Path, target: Path) -> Path:
    """A copy in which files that share their bytes still do."""
    copied: dict[int, Path] = {}
    for folder, _, names in os.walk(source):
        place = target / Path(folder).relative_to(source)
        place.mkdir(parents=True, exist_ok=True)
        for name in names:
            inode = os.stat(Path(folder, name)).st_ino
            if inode in copied:
                os.link(copied[inode], place / name)
            else:
                shutil.copy2(Path(folder, name), place / name)
                copied[inode] = place / name
    return target


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nothing under this folder can be written, by root either where it may mount."""
    if os.geteuid():
        paths = [folder, *folder.rglob("*")]
        modes = [path.stat().st_mode for path in paths]
        for path, mode in zip(paths, modes, strict=True):
            path.chmod(mode & ~0o222)
        try:
            yield
        finally:
            for path, mode in zip(paths, modes, strict=True):
                path.chmod(mode)
        return
    bound = subprocess.run(["mount", "--bind", str(folder), str(folder)], capture_output=True, check=False)
    if bound.returncode:
        pytest.skip("root writes everywhere, and may not mount here")
    subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
