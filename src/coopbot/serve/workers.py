"""Binds the address of a service, and runs several processes that serve on it: restarted when they end, and stopped together.

The first is the leader, which does what only one process may do. Imports little, because the process that starts workers needs
nothing else.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from pathlib import Path

import structlog

from coopbot.errors import Misconfigured

# How much longer than its shutdown time a worker may take to exit before it is killed.
_GRACE_S = 3.0
# Pause before a worker is started again.
_RESTART_S = 1.0
_LOOK_S = 0.2

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One of the processes. folder: shared by all, deleted when they have ended."""

    number: int
    folder: Path
    ready: Event

    @property
    def is_leader(self) -> bool:
        """Whether this is the process that does what only one may do."""
        return self.number == 0

    @property
    def leader_address(self) -> Path:
        """The Unix socket that only the leader answers on."""
        return self.folder / "leader"

    @contextmanager
    def answering(self) -> Iterator[None]:
        """The context in which it can answer."""
        self.ready.set()
        yield


Work = Callable[[Worker, list[socket.socket]], None]
"""What a worker does until SIGTERM: a module's function, or a partial of one, so that it can be pickled."""


def listen(host: str, port: int) -> list[socket.socket]:
    """Bind the address, before anything slow is done. Raises Misconfigured if it is in use or not on this machine."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        taken = socket.socket(family, kind, protocol)
        try:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(address)
        except OSError:
            taken.close()
            raise
    except OSError as exc:
        raise Misconfigured(
            f"cannot listen on {host}:{port} ({exc.strerror}); set COOPBOT_HOST and COOPBOT_PORT to a free address"
        ) from exc
    return [taken]


def set_by_signals() -> threading.Event:
    """An event that is set by SIGINT and SIGTERM, in place of what they did. Call it in the main thread."""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    return stopping


def run_workers(work: Work, sockets: Sequence[socket.socket], count: int, *, shutdown_s: float) -> int:
    """Run `count` workers until SIGINT or SIGTERM. Call it in the main thread. Returns the exit code.

    If a worker ends before it could answer, all are stopped, since it would end again.
    """
    if sys.platform == "win32":
        raise Misconfigured("several workers need Unix sockets, which Windows lacks; leave out --workers")
    stopping = set_by_signals()
    folder = Path(tempfile.mkdtemp(prefix="coopbot-"))
    metrics_dir = folder / "metrics"
    metrics_dir.mkdir()
    # prometheus_client reads it on import, which may happen before a worker's first line runs.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(metrics_dir)
    members = [_Member(work, sockets, number, folder) for number in range(count)]
    try:
        return _supervise(members, stopping)
    finally:
        _end(members, shutdown_s + _GRACE_S)
        shutil.rmtree(folder, ignore_errors=True)


class _Member:
    """A worker and its current process, which is replaced when it ends."""

    def __init__(self, work: Work, sockets: Sequence[socket.socket], number: int, folder: Path) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._work, self._sockets, self._number, self._folder = work, list(sockets), number, folder
        self.process: BaseProcess | None = None
        self.ready = self._context.Event()

    def start(self) -> None:
        self.ready.clear()
        worker = Worker(number=self._number, folder=self._folder, ready=self.ready)
        self.process = self._context.Process(
            target=_run_worker, args=(self._work, worker, self._sockets), name=f"coopbot-{self._number}"
        )
        self.process.start()

    @property
    def ended(self) -> int | None:
        """The exit code of the process; None while it runs."""
        return None if self.process is None else self.process.exitcode


def _supervise(members: Sequence[_Member], stopping: threading.Event) -> int:
    """Start the leader first, so that models are prepared, and errors reported, only once; then restart workers that end."""
    for member in members:
        member.start()
        while not member.ready.is_set() and not stopping.wait(_LOOK_S):
            if member.ended is not None:
                return member.ended or 1
    while not stopping.wait(_LOOK_S):
        for number, member in enumerate(members):
            if member.ended is None:
                continue
            if not member.ready.is_set():
                return member.ended or 1
            log.error("worker_ended", worker=number, exit_code=member.ended)
            stopping.wait(_RESTART_S)
            member.start()
    return 0


def _end(members: Sequence[_Member], within_s: float) -> None:
    running = [member.process for member in members if member.process is not None]
    for process in running:
        process.terminate()
    deadline = time.monotonic() + within_s
    for process in running:
        process.join(max(0.0, deadline - time.monotonic()))
        if process.exitcode is None:
            log.error("worker_killed", name=process.name)
            process.kill()
            process.join()


def _run_worker(work: Work, worker: Worker, sockets: list[socket.socket]) -> None:
    # A signal from the keyboard goes to the first process, which ends the others gracefully.
    os.setpgid(0, 0)
    threading.Thread(target=_end_with_parent, name="coopbot-parent", daemon=True).start()
    work(worker, sockets)


def _end_with_parent() -> None:
    """End gracefully once the process that started this one is gone, however it ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
