"""Builds an index in a process of its own, and dies, or is refused the disk, where it is told to.

Run as a script it is a server: it imports all once, reads a job a line, and runs each in a fork. Kills are SIGKILL.
"""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import sqlite3
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Literal

from coopbot.errors import CoopbotError
from coopbot.index.build import BuildReport, build
from coopbot.index.disk.local import COPIED_BYTES, LocalTarget
from tests.soak.corpora import corpus, embedder

# What the file system protocol is made of. Statements are those that change a database file as a whole.
_CALLS = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "shutil.copyfile", "os.truncate", "sqlite3.connect"}
_STATEMENTS = ("COMMIT", "BEGIN", "CREATE", "DROP", "PRAGMA journal_mode")
_NEED_ROOM = {"open", "os.rename", "os.mkdir", "os.link", "shutil.copyfile", "fsync"}
_START = datetime(2026, 1, 1, tzinfo=UTC)

Fate = Literal["live", "before", "after", "writing", "full", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Bring the index to `state`.

    fate: what happens at event number `at`. before, after: SIGKILL just before it, just after it. writing: SIGKILL within the
    first write from then on that takes a file beyond `size` bytes. full: every such write fails. refused: what needs room, and
    fsync, says from then on that there is none. kill_after_s: SIGKILL from outside.
    """

    index_dir: str
    state: int
    copied_bytes: int = COPIED_BYTES
    fate: Fate = "live"
    at: int = 0
    size: int = 0
    kill_after_s: float | None = None
    tell: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """killed: by the signal. error: class and message of what `build` raised. seconds: how long it took, 0 if it was killed.

    events: name and file, where the job asked for them. synced: inodes of the files that were flushed to disk.
    """

    killed: bool = False
    error: str = ""
    seconds: float = 0.0
    events: list[str] = field(default_factory=list)
    synced: list[int] = field(default_factory=list)


def when(state: int) -> datetime:
    """The clock of a build."""
    return _START + timedelta(minutes=state)


def run(index_dir: Path, state: int, copied_bytes: int = COPIED_BYTES) -> BuildReport:
    """A build that nothing is done to."""
    return build(
        corpus(state),
        embedder(),
        index_dir,
        model="bag",
        precision="f32",
        now=lambda: when(state),
        target=LocalTarget(index_dir, copied_bytes=copied_bytes),
    )


class Fateful:
    """Counts what a process does to the index folder, and lets its fate come true at one event."""

    def __init__(self, job: Job, tell: Callable[[str], None]) -> None:
        self._job = job
        self._tell = tell
        self._count = 0
        self._fsync = os.fsync
        self._connect = sqlite3.connect

    def watch(self) -> None:
        """From now on, in this process, for good."""
        sys.addaudithook(self._audit)
        setattr(os, "fsync", self._watched_fsync)  # noqa: B010 - mypy forbids the plain assignment
        setattr(sqlite3, "connect", self._watched_connect)  # noqa: B010 - likewise

    def _audit(self, name: str, args: tuple[object, ...]) -> None:
        if name == "open":
            path, _, flags = args
            if isinstance(path, str) and isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                self._meet(name, path)
        elif name in _CALLS:
            self._meet(name, *(os.fsdecode(arg) for arg in args[:2] if isinstance(arg, (str, bytes, os.PathLike))))

    def _watched_fsync(self, descriptor: int) -> None:
        self._event("fsync", "")
        self._fsync(descriptor)
        self._tell(f"synced {os.fstat(descriptor).st_ino}")

    def _watched_connect(self, path: str | Path, *, uri: bool = False, check_same_thread: bool = True) -> sqlite3.Connection:
        db = self._connect(path, uri=uri, check_same_thread=check_same_thread)
        db.set_trace_callback(lambda sql: self._event(sql.split("\n")[0], "") if sql.startswith(_STATEMENTS) else None)
        return db

    def _meet(self, name: str, *paths: str) -> None:
        # rmtree names what it deletes by its name within the folder
        if any(path.startswith(self._job.index_dir) or "/" not in path for path in paths):
            self._event(name, paths[-1].removeprefix(self._job.index_dir))

    def _event(self, name: str, path: str) -> None:
        self._count += 1
        self._tell(f"event {name} {path}")
        reached = self._count >= self._job.at
        if self._job.fate == "refused" and reached and name in _NEED_ROOM:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        if self._count == self._job.at:
            self._meet_fate()

    def _meet_fate(self) -> None:
        if self._job.fate == "before":
            _die()
        elif self._job.fate == "after":
            sys.setprofile(_die)
        elif self._job.fate in ("writing", "full"):
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL if self._job.fate == "writing" else signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (self._job.size, resource.RLIM_INFINITY))


def _die(frame: FrameType | None = None, event: str = "", argument: object = None) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _work(job: Job, pipe: int) -> None:
    """The whole life of the fork."""

    def say(line: str) -> None:
        os.write(pipe, f"{line}\n".encode())

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if job.fate != "live" or job.tell:
        Fateful(job, say if job.tell else lambda line: None).watch()
    began = time.perf_counter()
    try:
        run(Path(job.index_dir), job.state, job.copied_bytes)
    except CoopbotError as exc:
        say(f"error {type(exc).__name__}: {exc}")
    except BaseException:  # what the tests are after: it must not happen
        say("error " + json.dumps(traceback.format_exc()))
    say(f"seconds {time.perf_counter() - began}")


def _attend(job: Job) -> Outcome:
    """Fork, wait, gather what the fork told."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _work(job, writer)
        os._exit(0)
    os.close(writer)
    if job.kill_after_s is not None:
        time.sleep(job.kill_after_s)
        os.kill(child, signal.SIGKILL)
    with os.fdopen(reader, encoding="utf-8") as told:
        lines = [line.rstrip("\n").split(" ", 1) for line in told if line.endswith("\n")]
    _, status = os.waitpid(child, 0)
    said = {kind: [rest for one, rest in lines if one == kind] for kind in ("event", "error", "seconds", "synced")}
    return Outcome(
        killed=os.WIFSIGNALED(status),
        error="".join(said["error"]),
        seconds=float(said["seconds"][0]) if said["seconds"] else 0.0,
        events=said["event"],
        synced=[int(inode) for inode in said["synced"]],
    )


def _serve() -> None:
    for line in sys.stdin:
        print(json.dumps(asdict(_attend(Job(**json.loads(line))))), flush=True)


if __name__ == "__main__":
    _serve()
