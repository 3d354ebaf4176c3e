"""`kill -9` while a system replaces its index: whether the index opens afterwards, and which texts it holds."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import mkdtemp

from benchmarks.peers.dataset import LANGUAGES, Dataset
from benchmarks.peers.processes import Bench, Json, Row, WorkerFailed
from benchmarks.peers.protocol import Passage

# After how many observed changes of the folder the process is killed.
KILL_AFTER = (1, 2, 4, 8, 16)

_EDITION = " (2)"
_POLL_S = 0.0003
_REBUILD_S = 600
_PROBE_S = 600


def run_kills(bench: Bench, row: Row, dataset: Dataset, kill_after: Sequence[int] = KILL_AFTER) -> list[str]:
    """What each kill left behind, in the words of `verdict`. Raises WorkerFailed if the system fails before any kill."""
    scratch = Path(mkdtemp(prefix="kills-", dir=bench.scratch))
    old = scratch / "old"
    passages, questions = [asdict(one) for one in dataset.passages], [asdict(one) for one in dataset.questions]
    bench.run(row, "build", old, passages=passages)
    whole = _gold_found(dataset, bench.run(row, "probe", old, questions=questions)["found"])
    newer = [asdict(_second_edition(one)) for one in dataset.passages]
    outcomes = []
    for number in kill_after:
        folder = scratch / f"killed-{number}"
        shutil.copytree(old, folder)
        if not _killed(bench, row, folder, newer, number):
            outcomes.append("done before the kill")
            continue
        try:
            found = bench.run(row, "probe", folder, timeout_s=_PROBE_S, questions=questions)["found"]
        except WorkerFailed as exc:
            print(exc, file=sys.stderr, flush=True)
            outcomes.append("does not answer")
        else:
            outcomes.append(verdict(found, _gold_found(dataset, found), whole))
        shutil.rmtree(folder)
    return outcomes


def verdict(found: Sequence[Sequence[Json]], gold: int, gold_before: int) -> str:
    """old, new: complete, with the texts before or after the change. mixed: with both. incomplete: passages are missing.

    found: the hits of each question. gold, gold_before: how many hits are right now, and were before the change.
    """
    editions = Counter(hit["text"].endswith(_EDITION) for hits in found for hit in hits)
    if gold < 0.9 * gold_before:
        return "incomplete"
    return "mixed" if len(editions) > 1 else "new" if editions[True] else "old"


def _second_edition(passage: Passage) -> Passage:
    return replace(passage, text=passage.text + _EDITION)


def _gold_found(dataset: Dataset, found: Sequence[Sequence[Json]]) -> int:
    golds = [one.gold(asked) for one in dataset.questions for asked in LANGUAGES]
    return sum(gold in {hit["passage_id"] for hit in hits} for gold, hits in zip(golds, found, strict=True))


def _killed(bench: Bench, row: Row, folder: Path, newer: list[Json], changes: int) -> bool:
    """Rebuild, and kill after so many changes of the folder. False if the rebuild was done before."""
    worker = bench.start(row, "build", folder, passages=newer)
    deadline = time.monotonic() + _REBUILD_S
    before, seen = _state(folder), 0
    while worker.process.poll() is None and time.monotonic() < deadline:
        now = _state(folder)
        seen += now != before
        before = now
        if seen >= changes:
            worker.process.send_signal(signal.SIGKILL)
            return worker.process.wait() == -signal.SIGKILL
        time.sleep(_POLL_S)
    worker.result(1)
    return False


def _state(folder: Path) -> frozenset[tuple[str, int, int]]:
    """Path, size and modification time of every file."""
    found = set()
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                stat = os.stat(os.path.join(place, name))
            except OSError:  # deleted since it was listed
                continue
            found.add((os.path.join(place, name), stat.st_size, stat.st_mtime_ns))
    return frozenset(found)
