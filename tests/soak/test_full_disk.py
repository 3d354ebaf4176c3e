"""No room: at every point, by refusal; at every page, on a disk that is really full where mounting one is allowed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from tests.soak.builder import Fate
from tests.soak.harness import Builders, Judge, copy_index, serving
from tests.soak.trials import SCENARIOS, complains_rightly, trial

pytestmark = pytest.mark.soak

_PAGE_BYTES = 4096
_DISK_BYTES = 16_000_000


@pytest.mark.parametrize("fate", ["full", "refused"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_no_room_from_any_point_on(crew: Builders, judge: Judge, tmp_path: Path, name: str, fate: Fate) -> None:
    """`full`: files grow no further. `refused`: no file is opened, renamed, copied or flushed any more."""
    scenario, chance, failed = SCENARIOS[name], Random(3), 0
    start = scenario.prepare(tmp_path / "start")
    points = range(1, len(scenario.events(crew, start, tmp_path / "calm")) + 1)
    for at in points:
        job = replace(scenario.job(tmp_path / str(at)), fate=fate, at=at, size=chance.choice((0, 1, 5000)))
        outcome = trial(crew, judge, start, scenario.before, job)
        assert not outcome.killed
        failed += outcome.error != ""
    assert failed > len(points) / 10


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, in memory."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES}", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here; run as root, or under: unshare --user --map-root-user --mount")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_disk_that_is_full_after_any_page(crew: Builders, judge: Judge, tmp_path: Path, small_disk: Path, name: str) -> None:
    scenario, errors, room = SCENARIOS[name], 0, 0
    start = scenario.prepare(tmp_path / "start")
    place, ballast = small_disk / "index", small_disk / "ballast"
    done = False
    while not done:
        copy_index(start, place)
        fill(ballast, room * _PAGE_BYTES)
        if scenario.before >= 0:
            with serving(place, judge, scenario.before, scenario.after):
                outcome = crew.run(scenario.job(place))
        else:
            outcome = crew.run(scenario.job(place))
        assert outcome.error == "" or outcome.error.startswith("Misconfigured"), outcome.error
        done = outcome.error == ""
        served = judge.serves(place, scenario.before, scenario.after)
        assert (served == scenario.after) or not done
        complains_rightly(place, served, scenario.after)
        ballast.unlink()
        judge.repairs(place, scenario.after, scenario.copied_bytes)
        shutil.rmtree(place)
        errors += not done
        # Every page at first, then in steps that grow: a build needs some hundreds.
        room += 1 + room // 40
    assert errors > 20


def fill(ballast: Path, room_bytes: int) -> None:
    """Leave so much room on the disk."""
    free = shutil.disk_usage(ballast.parent).free
    with ballast.open("wb") as file:
        for _ in range(max(0, free - room_bytes) // _PAGE_BYTES):
            file.write(bytes(_PAGE_BYTES))
