"""SIGKILL at random instants, at every point of the file system protocol, and within writing; and the power cut."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from tests.soak.builder import Fate
from tests.soak.harness import Builders, Judge
from tests.soak.trials import SCENARIOS, kill_at_random_instants, trial

pytestmark = pytest.mark.soak

_KILLS = 200


def test_killed_at_random_instants(crew: Builders, judge: Judge, tmp_path: Path) -> None:
    """Each kill befalls the folder that the kills before it left."""
    kill_at_random_instants(crew, judge, tmp_path, _KILLS)


@pytest.mark.parametrize("fate", ["before", "after"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_at_every_point(crew: Builders, judge: Judge, tmp_path: Path, name: str, fate: Fate) -> None:
    scenario = SCENARIOS[name]
    start = scenario.prepare(tmp_path / "start")
    events = scenario.events(crew, start, tmp_path / "calm")
    assert len(events) > 90
    for at in range(1, len(events) + 1):
        job = replace(scenario.job(tmp_path / str(at)), fate=fate, at=at)
        assert trial(crew, judge, start, scenario.before, job).killed, events[at - 1]


@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_within_writing(crew: Builders, judge: Judge, tmp_path: Path, name: str) -> None:
    scenario, chance, killed = SCENARIOS[name], Random(2), 0
    start = scenario.prepare(tmp_path / "start")
    points = range(1, len(scenario.events(crew, start, tmp_path / "calm")) + 1)
    for at in points:
        size = int(10 ** chance.uniform(0, 5))
        job = replace(scenario.job(tmp_path / str(at)), fate="writing", at=at, size=size)
        killed += trial(crew, judge, start, scenario.before, job).killed
    assert killed > len(points) / 10


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_power_goes_at_every_point(crew: Builders, judge: Judge, tmp_path: Path, name: str) -> None:
    """What was renamed is renamed, and what was not flushed to disk is empty."""
    scenario = SCENARIOS[name]
    start = scenario.prepare(tmp_path / "start")
    for at in range(1, len(scenario.events(crew, start, tmp_path / "calm")) + 1):
        job = replace(scenario.job(tmp_path / str(at)), fate="before", at=at, tell=True)
        assert trial(crew, judge, start, scenario.before, job, harm=lose_what_was_not_synced).killed


def lose_what_was_not_synced(place: Path, durable: set[int]) -> None:
    for path in place.rglob("*"):
        # SQLite sees to the cache itself.
        if path.is_file() and path.stat().st_ino not in durable and "cache" not in path.parts:
            path.write_bytes(b"")
