"""Files of the index that are cut short while they are served do not end the process; those of old snapshots are closed."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from coopbot.index.build import build
from coopbot.index.live import LiveIndex
from tests.fakes import BagOfWords, make_article

from .processes import ROOT

# Asks before and after a file of the snapshot in force is cut short, and once more after the service has looked for damage.
_CUT = """
import json, os, sys
from pathlib import Path
from coopbot.index import arrays
options = json.loads(sys.argv[1])
if options["mapped"]:
    arrays.MAPPED_BYTES = 1
from coopbot.ask.answer.answerer import Answerer
from coopbot.errors import CoopbotError
from coopbot.index.build import build
from coopbot.index.live import LiveIndex
from tests.fakes import BagOfWords, make_article
folder, embedder = Path(options["folder"]), BagOfWords()
for number in range(options["snapshots"]):
    text = f"The bridge at Heihe opened to freight in June 2022. Ferry {number} carried passengers to the island."
    build([make_article("en/a", text)], embedder, folder, model="bag", precision="f32")
live = LiveIndex(folder, embedder.fingerprint)
answerer = Answerer(embedder, live.current)
def ask():
    try:
        answer = answerer.ask("When did the bridge at Heihe open to freight?")
        print("found", json.dumps(answer.snapshot if answer.claims else "unanswered"), flush=True)
    except CoopbotError as exc:
        print("found", json.dumps(type(exc).__name__), flush=True)
ask()
current = (folder / "CURRENT").read_text().strip()
cut = [path for path in (folder / "snapshots" / current).rglob("*") if path.suffix in options["suffixes"]]
assert cut
for path in cut:
    os.truncate(path, 0)
ask()
print("found", json.dumps(live.damage()), flush=True)
ask()
"""


def _cut(folder: Path, **options: Any) -> list[str]:
    """What was printed: the snapshot that answered, or an error; so again; the damage; so once more."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
    command = [sys.executable, "-c", _CUT, json.dumps({"folder": str(folder), **options})]
    ran = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, (ran.returncode, ran.stdout, ran.stderr)
    return [json.loads(line[6:]) for line in ran.stdout.splitlines() if line.startswith("found ")]


pytestmark = pytest.mark.process


@pytest.mark.parametrize("suffix", [".faiss", ".u64", ".u16", ".i32", ".i64"])
def test_small_files_are_in_memory(tmp_path: Path, suffix: str) -> None:
    before, meanwhile, damage, after = _cut(tmp_path, mapped=False, snapshots=1, suffixes=[suffix])
    assert before == meanwhile == after
    assert "is damaged" in damage


@pytest.mark.parametrize("suffix", [".faiss", ".u16", ".i64"])
def test_an_older_snapshot_takes_the_place_of_one_that_is_mapped(tmp_path: Path, suffix: str) -> None:
    before, meanwhile, damage, after = _cut(tmp_path, mapped=True, snapshots=2, suffixes=[suffix])
    assert meanwhile == after != before
    assert meanwhile < before
    assert damage == ""


def test_where_none_is_intact_questions_are_refused(tmp_path: Path) -> None:
    before, meanwhile, damage, after = _cut(tmp_path, mapped=True, snapshots=1, suffixes=[".faiss"])
    assert before != "unanswered"
    assert meanwhile == after == "IndexBroken"
    assert "is damaged" in damage


def test_rows_that_are_read_when_needed(tmp_path: Path) -> None:
    before, meanwhile, damage, after = _cut(tmp_path, mapped=False, snapshots=2, suffixes=[".f16", ".u8"])
    assert meanwhile == "IndexBroken"
    assert damage == ""
    assert after < before


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files by /proc")
def test_a_snapshot_that_no_question_reads_any_more_holds_no_files(tmp_path: Path) -> None:
    embedder = BagOfWords()

    def change(number: int) -> None:
        text = f"Ferry {number} carried passengers to the island."
        build([make_article("en/a", text)], embedder, tmp_path, model="bag", precision="f32")

    def held() -> int:
        return sum(str(tmp_path) in str(path.readlink()) for path in Path("/proc/self/fd").iterdir() if path.is_symlink())

    change(0)
    live = LiveIndex(tmp_path, embedder.fingerprint)
    gc.collect()
    of_a_segment, used = held(), 0
    gc.disable()  # which may be long in coming
    try:
        for number in range(1, 20):
            change(number)
            used = len(live.current().segments)
        assert 0 < held() <= of_a_segment * used
    finally:
        gc.enable()
