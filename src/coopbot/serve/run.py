"""Runs the HTTP service, or only watches for new articles, until a signal stops it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
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

POLL_S = 900.0
SHUTDOWN_S = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """What is watched for new articles: the corpus folder, and feeds, which are read every `every_s`.

    `read_feed` adds the new articles of a feed to the corpus and returns how many there were.
    """

    corpus_dir: Path
    feeds: tuple[str, ...] = ()
    every_s: float = POLL_S
    read_feed: Callable[[str], int] = lambda feed: 0


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
    watching: Watching | None = None,
    telegram: BackgroundBot | None = None,
    worker: Worker | None = None,
    shutdown_s: int = SHUTDOWN_S,
    timeouts: Timeouts | None = None,
) -> None:
    """Serve on sockets from `listen`, until SIGINT or SIGTERM.

    `watching`: finds changes, which the service's jobs make. `worker`: which of several processes this is; the leader makes the
    changes and runs the bot. If a job or the bot does not end in time, the process exits instead of returning. Raises the error
    that ended the bot in `telegram`, if one did.
    """
    log_as_json()
    if service.reader is None:
        log.warning("reader_off", reason="no model reads the passages, so more answers are wrong; unset COOPBOT_READER")
    if worker and worker.is_leader:
        sockets = [*sockets, _leaders_socket(worker.leader_address)]
    stops = [part.stop for part in (service.jobs, telegram and telegram.service) if part]
    server = Server(
        create_app(_surrounded(service, watching, telegram, worker)),
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


def _surrounded(
    service: HttpService, watching: Watching | None, telegram: BackgroundBot | None, worker: Worker | None
) -> HttpService:
    """The service with what runs beside it."""
    follows = follow(service.jobs, watching) if service.jobs and watching else None
    service = replace(service, background=[part for part in (follows, telegram, worker and worker.answering()) if part])
    if telegram:
        bot = telegram.service
        service = replace(service, deliver=bot.deliver, alive=lambda: bot.alive)
    return replace(service, leader=worker.leader_address) if worker and not worker.is_leader else service


def run_watch(jobs: Jobs, watching: Watching) -> None:
    """Watch for new articles and rebuild, without serving, until SIGINT or SIGTERM. Call it in the main thread."""
    log_as_json()
    stopping = set_by_signals()
    with jobs, follow(jobs, watching):
        stopping.wait()
        jobs.stop()
    if jobs.left:
        end_process(0)


@contextmanager
def follow(jobs: Jobs, watching: Watching) -> Iterator[None]:
    """A context in which two threads watch the folder and poll the feeds; each change becomes a job."""
    stop = threading.Event()
    threads = [threading.Thread(target=watch, args=(watching.corpus_dir, jobs.rebuild, stop), name="coopbot-watch")]
    if watching.feeds:

        def visit(feed: str) -> None:
            jobs.visit(partial(watching.read_feed, feed))

        polling = partial(poll, watching.feeds, visit, stop, every_s=watching.every_s)
        threads.append(threading.Thread(target=polling, name="coopbot-poll"))
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
