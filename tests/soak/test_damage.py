"""Bytes that flip, files that end early, are empty or gone: each file of the index folder, shared by snapshots or not."""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random

import pytest

from tests.soak.builder import run
from tests.soak.harness import Judge, complaints, contents, opened
from tests.soak.trials import HARMS, Scenario, damage_every_file

pytestmark = pytest.mark.soak


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("copied_bytes", [10**9, 0], ids=["copied", "linked"])
def test_every_file_of_the_folder(judge: Judge, tmp_path: Path, copied_bytes: int, harm: str) -> None:
    damage_every_file(judge, tmp_path, copied_bytes, HARMS[harm], times=3 if harm in ("flip", "cut") else 1, step=1)


@pytest.mark.parametrize("seed", range(40))
def test_damage_to_the_cache_costs_time_only(judge: Judge, tmp_path: Path, seed: int) -> None:
    """Many bytes at once, anywhere; the index itself is lost, so that the next build has to ask the cache for everything."""
    chance = Random(seed)
    start = Scenario(before=2, after=3).prepare(tmp_path / "start")
    (cache,) = (start / "cache").iterdir()
    data = bytearray(cache.read_bytes())
    for _ in range(1 + seed % 20):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    cache.write_bytes(data[: chance.randrange(len(data)) if seed % 5 == 0 else None])
    shutil.rmtree(start / "snapshots")
    told = complaints(start, 3)
    judge.repairs(start, 3)
    run(start, 0)
    with opened(start) as snapshot:
        assert contents(snapshot) == judge.wanted(0)
    assert any(one.startswith("cache: ") for one in told) or seed % 5 != 0
