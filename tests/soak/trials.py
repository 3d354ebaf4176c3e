"""What befalls a builder and its folder, and all that has to hold afterwards."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from coopbot.errors import IndexBroken
from coopbot.index.disk.folder import current_id, snapshot_ids
from coopbot.index.disk.local import COPIED_BYTES, KEPT_SNAPSHOTS
from coopbot.index.live import LiveIndex
from tests.soak.builder import Job, Outcome, run
from tests.soak.harness import FINGERPRINT, Builders, Judge, complaints, contents, copy_index, opened, serving, tidy

Harm = Callable[[Path, Random], None]


def flip(path: Path, chance: Random) -> None:
    data = bytearray(path.read_bytes() or b"\0")
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)


def cut(path: Path, chance: Random) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: chance.randrange(len(data) or 1)])


def empty(path: Path, chance: Random) -> None:
    path.write_bytes(b"")


def gone(path: Path, chance: Random) -> None:
    path.unlink()


HARMS: dict[str, Harm] = {"flip": flip, "cut": cut, "empty": empty, "gone": gone}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """An index that was built from state 0 to `before`, and is to be brought to `after`."""

    before: int
    after: int
    copied_bytes: int = COPIED_BYTES

    def prepare(self, folder: Path) -> Path:
        folder.mkdir()
        for state in range(self.before + 1):
            run(folder, state, self.copied_bytes)
        return folder

    def job(self, index_dir: Path) -> Job:
        return Job(index_dir=str(index_dir), state=self.after, copied_bytes=self.copied_bytes)

    def events(self, crew: Builders, start: Path, folder: Path) -> list[str]:
        """What a build does to the folder when it is left in peace."""
        outcome = crew.run(replace(self.job(copy_index(start, folder)), tell=True))
        assert outcome.error == ""
        shutil.rmtree(folder)
        return outcome.events


SCENARIOS = {
    "first": Scenario(before=-1, after=0),
    "change": Scenario(before=2, after=3),
    "linked": Scenario(before=2, after=3, copied_bytes=0),
    "upheaval": Scenario(before=4, after=5),
}


def trial(
    crew: Builders,
    judge: Judge,
    start: Path,
    before: int,
    job: Job,
    harm: Callable[[Path, set[int]], None] = lambda place, durable: None,
) -> Outcome:
    """One job on a copy of an index that is in the state `before`, and all that has to hold afterwards.

    `harm` is what befalls the folder once the job has ended; it is told the inodes that were there before or were
    flushed to disk.
    """
    place = copy_index(start, Path(job.index_dir))
    durable = {path.stat().st_ino for path in place.rglob("*")}
    with serving(place, judge, before, job.state) if before >= 0 else nullcontext():
        outcome = crew.run(job)
        assert outcome.error == "" or outcome.error.startswith("Misconfigured"), outcome.error
        harm(place, durable | set(outcome.synced))
        served = judge.serves(place, before, job.state)
        complains_rightly(place, served, job.state)
    judge.repairs(place, job.state, job.copied_bytes)
    shutil.rmtree(place)
    return outcome


def complains_rightly(index_dir: Path, served: int, wanted: int) -> None:
    """All that may be wrong is that the index is not yet what the corpus is, or that no build was ever finished."""
    found = complaints(index_dir, wanted)
    if not (index_dir / "CURRENT").exists():
        (only,) = found
        assert only.startswith("index: ")
        assert "run: coopbot index" in only
    elif served != wanted:
        (only,) = found
        assert only.startswith("freshness: ")
    else:
        assert found == []


def kill_at_random_instants(crew: Builders, judge: Judge, folder: Path, kills: int) -> None:
    chance, place, served, killed = Random(1), folder / "index", 0, 0
    run(place, served)
    live = LiveIndex(place, FINGERPRINT)
    with ExitStack() as readers:
        readers.callback(live.current().close)
        for state in range(1, kills + 1):
            job = Job(index_dir=str(place), state=state, copied_bytes=chance.choice((0, 10**9)))
            took_s = crew.run(replace(job, index_dir=str(copied(place, folder / "calm")))).seconds
            outcome = crew.run(replace(job, kill_after_s=chance.uniform(0, took_s)))
            assert outcome.error == ""
            killed += outcome.killed
            now = judge.serves(place, served, state)
            assert judge.recognise(live.current(), served, state) == now
            assert live.fault == ""
            served = now
            if served == state:
                assert complaints(place, state) == []
            # Whatever is left over is bounded, however many kills there were.
            assert len(snapshot_ids(place)) <= KEPT_SNAPSHOTS + 1
            assert len(list((place / "snapshots").glob(".*"))) <= 2
            judge.repairs(copied(place, folder / "repaired"), state, job.copied_bytes)
    # The instants were spread over the whole of a build.
    assert killed >= kills / 2


def copied(place: Path, target: Path) -> Path:
    """The only copy in its place."""
    shutil.rmtree(target, ignore_errors=True)
    return copy_index(place, target)


def damage_every_file(judge: Judge, folder: Path, copied_bytes: int, harm: Harm, *, times: int, step: int) -> None:
    chance, state = Random(4), 4
    start = Scenario(before=state, after=state + 1, copied_bytes=copied_bytes).prepare(folder / "start")
    (start / ".writer").write_text('{"process": 1, "host": "there", "since_s": 1.0}')
    newest = start / "snapshots" / str(current_id(start))
    files = [path for path in start.rglob("*") if path.is_file() and ("snapshots" not in path.parts or newest in path.parents)]
    names = [path.relative_to(start) for path in files][::step] * times
    assert len(names) > 5
    for number, name in enumerate(names):
        place = copy_index(start, folder / str(number))
        live = LiveIndex(place, FINGERPRINT)
        harm(place / name, chance)
        in_snapshot = "snapshots" in name.parts
        fault = fault_of(place, judge, (state - 2, state - 1, state))
        assert bool(fault) == in_snapshot or name.name in ("CURRENT", "manifest.json"), (name, fault)
        assert (name.stem in fault and "coopbot index" in fault) or not fault, (name, fault)
        # Where snapshots share what was damaged, none of them may be whole.
        wrong = complaints(place, state)
        assert any(one.startswith("index: ") and name.stem in one for one in wrong) == bool(fault), (name, wrong)
        assert live.current().snapshot_id
        live.current().close()
        assert run(place, state, copied_bytes).embedded == 0 or name.parts[0] == "cache"
        for then in (state, state + 1):
            run(place, then, copied_bytes)
            with opened(place) as snapshot:
                assert snapshot.fault == ""
                assert contents(snapshot) == judge.wanted(then), name
        tidy(place)
        shutil.rmtree(place)


def fault_of(place: Path, judge: Judge, states: Sequence[int]) -> str:
    """What a reader is told; if it is given a snapshot all the same, that is one of the states, whole."""
    try:
        with opened(place) as snapshot:
            judge.recognise(snapshot, *states)
            return snapshot.fault
    except IndexBroken as exc:
        return str(exc)
