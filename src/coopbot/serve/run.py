"""Runs the HTTP service, or only the watch over new articles, until it is told to stop."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import structlog

from coopbot.ask.answer.answerer import Answerer
from coopbot.ask.store import LiveStore
from coopbot.index.model.reader_model import ReaderCard
from coopbot.serve.http.access import OPEN, Access
from coopbot.serve.http.app import create_app
from coopbot.serve.http.connections import Timeouts
from coopbot.serve.http.metrics import Monitoring
from coopbot.serve.http.server import Server, end_process
from coopbot.serve.jobs import Jobs
from coopbot.serve.logs import log_as_json
from coopbot.serve.watch import poll, watch
from coopbot.serve.workers import Worker

if TYPE_CHECKING:
    from coopbot.serve.telegram.background import BackgroundBot
    from coopbot.serve.tracing import Tracing

log = structlog.get_logger()

POLL_S = 900.0
SHUTDOWN_S = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """What is followed: the corpus folder, and feeds, each `every_s`.

    `read_feed` puts what is new in a feed into the corpus and tells how many articles that was.
    """

    corpus_dir: Path
    feeds: tuple[str, ...] = ()
    every_s: float = POLL_S
    read_feed: Callable[[str], int] = lambda feed: 0


def _leaders_socket(address: Path) -> socket.socket:
    """What other workers reach the leader on. One that an earlier leader left is replaced."""
    address.unlink(missing_ok=True)
    own = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    own.bind(str(address))
    return own


def run_http(
    answerer: Answerer,
    index: LiveStore,
    sockets: list[socket.socket],
    *,
    reader: ReaderCard | None = None,
    jobs: Jobs | None = None,
    admin_token: str | None = None,
    access: Access = OPEN,
    watching: Watching | None = None,
    telegram: BackgroundBot | None = None,
    shutdown_s: int = SHUTDOWN_S,
    timeouts: Timeouts | None = None,
    public_url: str = "",
    monitoring: Monitoring | None = None,
    worker: Worker | None = None,
    tracing: Tracing | None = None,
) -> None:
    """Serve on sockets from `listen`. With `jobs`, changes are taken from whoever has the token and from what is watched.

    `worker`: which of several processes this is, if it is one; changes and the bot belong to the leader.
    Returns when all is done after SIGINT or SIGTERM; where a job is left in the middle, ends the process instead. Raises what
    the bot in `telegram` ended with, if it did.
    """
    log_as_json()
    if reader is None:
        log.warning("reader_off", reason="no passage is read before it is quoted: more answers are wrong; unset COOPBOT_READER")
    background: list[AbstractContextManager[object]] = [tracing] if tracing else []
    background += [follow(jobs, watching)] if jobs and watching else []
    background += [telegram] if telegram else []
    background += [worker] if worker else []
    sockets = [*sockets, _leaders_socket(worker.leader_address)] if worker and worker.is_leader else sockets
    service = create_app(
        answerer,
        index,
        version=version("coopbot"),
        reader=reader,
        jobs=jobs,
        admin_token=admin_token,
        access=access,
        background=background,
        public_url=public_url,
        deliver=telegram.service.deliver if telegram else None,
        alive=(lambda: telegram.service.alive) if telegram else (lambda: True),
        monitoring=monitoring,
        tracing=tracing,
        leader=worker.leader_address if worker and not worker.is_leader else None,
    )

    def on_stop() -> None:
        if jobs:
            jobs.stop()
        if telegram:
            telegram.service.stop()

    Server(service, on_stop=on_stop, shutdown_s=shutdown_s, timeouts=timeouts, one_of_several=worker is not None).run(
        sockets=sockets
    )
    if telegram and telegram.failure:
        raise telegram.failure
    if (jobs and jobs.left) or (telegram and telegram.service.stuck):
        end_process(0)


def run_watch(jobs: Jobs, watching: Watching) -> None:
    """Follow new articles and rebuild, without serving, until SIGINT or SIGTERM. To be called in the main thread."""
    log_as_json()
    told_to_stop = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        told_to_stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    with jobs, follow(jobs, watching):
        told_to_stop.wait()
        jobs.stop()
    if jobs.left:
        end_process(0)


@contextmanager
def follow(jobs: Jobs, watching: Watching) -> Iterator[None]:
    """Watch and poll in threads of their own while within; each change is a job."""
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
