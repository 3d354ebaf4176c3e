"""Runs the HTTP service, or only watches for new articles, until a signal stops it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from coopbot.serve.http.app import create_app
from coopbot.serve.http.connections import Timeouts
from coopbot.serve.http.server import Server, end_process
from coopbot.serve.http.service import HttpService
from coopbot.serve.jobs import Jobs
from coopbot.serve.logs import log_as_json
from coopbot.serve.watch import poll, watch
from coopbot.serve.workers import Worker, set_by_signals

if TYPE_CHECKING:
    from coopbot.serve.telegram.service import BackgroundBot

log = structlog.get_logger()

SHUTDOWN_S = 10


def _leaders_socket(address: Path) -> socket.socket:
    """The Unix socket on which the other workers reach the leader. One left by an earlier leader is replaced."""
    address.unlink(missing_ok=True)
    own = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    own.bind(str(address))
    return own


def run_http(
    service: HttpService,
    sockets: list[socket.socket],
    *,
    telegram: BackgroundBot | None = None,
    worker: Worker | None = None,
    shutdown_s: int = SHUTDOWN_S,
    timeouts: Timeouts | None = None,
) -> None:
    """Serve on sockets from `listen`, until SIGINT or SIGTERM.

    `worker`: which of several processes this is; the leader makes the changes and runs the bot. If a job or the bot does not
    end in time, the process exits instead of returning. Raises the error that ended the bot in `telegram`, if one did.
    """
    log_as_json()
    if service.reader is None:
        log.warning("reader_off", reason="no model reads the passages, so more answers are wrong; unset COOPBOT_READER")
    if worker and worker.is_leader:
        sockets = [*sockets, _leaders_socket(worker.leader_address)]
    stops = [part.stop for part in (service.jobs, telegram and telegram.service) if part]
    server = Server(
        create_app(_surrounded(service, telegram, worker)),
        on_stop=lambda: [stop() for stop in stops],
        shutdown_s=shutdown_s,
        timeouts=timeouts,
        one_of_several=worker is not None,
    )
    server.run(sockets=sockets)
    if telegram and telegram.failure:
        raise telegram.failure
    if (service.jobs and service.jobs.left) or (telegram and telegram.service.stuck):
        end_process(0)


def _surrounded(service: HttpService, telegram: BackgroundBot | None, worker: Worker | None) -> HttpService:
    """The service with what runs beside it."""
    beside = [part for part in (telegram, worker and worker.answering()) if part]
    service = replace(service, background=[*service.background, *beside])
    if telegram:
        bot = telegram.service
        service = replace(service, deliver=bot.deliver, alive=lambda: bot.alive)
    return replace(service, leader=worker.leader_address) if worker and not worker.is_leader else service


def run_watch(jobs: Jobs, following: AbstractContextManager[object]) -> None:
    """Make jobs of what `following`, a context as from `follow`, finds, until SIGINT or SIGTERM. Call it in the main thread."""
    log_as_json()
    stopping = set_by_signals()
    with jobs, following:
        stopping.wait()
        jobs.stop()
    if jobs.left:
        end_process(0)


@contextmanager
def follow(
    jobs: Jobs, corpus_dir: Path, feeds: Sequence[str], read_feed: Callable[[str], int], *, every_s: float
) -> Iterator[None]:
    """A context in which two threads watch the folder and poll the feeds; each change becomes a job.

    read_feed: adds the new articles of a feed to the corpus and returns how many there were.
    """
    stop = threading.Event()
    threads = [threading.Thread(target=watch, args=(corpus_dir, jobs.rebuild, stop), name="coopbot-watch")]
    if feeds:

        def visit(feed: str) -> None:
            jobs.visit(partial(read_feed, feed))

        polling = partial(poll, feeds, visit, stop, every_s=every_s)
        threads.append(threading.Thread(target=polling, name="coopbot-poll"))
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
