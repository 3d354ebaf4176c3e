"""Runs the HTTP service, or only watches for new articles, until SIGINT or SIGTERM. Ends in time, whatever threads do."""

from __future__ import annotations

import asyncio
import faulthandler
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import structlog
import uvicorn
from starlette.types import ASGIApp

from coopbot.serve.http.app import create_app
from coopbot.serve.http.connections import TimedConnection, Timeouts
from coopbot.serve.http.service import HttpService
from coopbot.serve.jobs import Jobs
from coopbot.serve.logs import log_as_json
from coopbot.serve.watch import poll, watch
from coopbot.serve.workers import Worker, set_by_signals

if TYPE_CHECKING:
    from coopbot.serve.telegram.service import BackgroundBot

log = structlog.get_logger()

SHUTDOWN_S = 10
# Share of the shutdown time for which the server waits for requests in flight.
_SHARE_OF_REQUESTS = 0.7
# And for which questions are answered: those still waiting then are told to come back.
_SHARE_OF_QUESTIONS = 0.55
# After the signal, connections are accepted for this long: requests sent before it may not have been read yet.
_ARRIVING_S = 0.25
# Enough for all connections and dozens of snapshots.
_FILES = 16_384
# The longest request head accepted.
_HEAD_BYTES = 16_384


class Server(uvicorn.Server):
    """A server that calls `on_stop`, which must not block, when a signal arrives, and ends within `shutdown_s` after that.

    Complete requests are answered. If a thread cannot be stopped, the process exits without it. This is as safe as a power cut,
    since files of corpus and index are written atomically.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        on_stop: Callable[[], object],
        shutdown_s: int,
        timeouts: Timeouts | None = None,
        one_of_several: bool = False,
    ) -> None:
        chosen = timeouts or Timeouts(connections=_most_connections())
        super().__init__(
            uvicorn.Config(
                app,
                http=type("Connection", (TimedConnection,), {"timeouts": chosen}),
                ws="none",
                # The root logger logs as JSON. No access log: addresses contain questions.
                log_config=None,
                access_log=False,
                # serve.http.clients identifies the client; it knows how many proxies to trust.
                proxy_headers=False,
                server_header=False,
                h11_max_incomplete_event_size=_HEAD_BYTES,
                timeout_keep_alive=chosen.idle_s,
                timeout_graceful_shutdown=max(1, int(shutdown_s * _SHARE_OF_REQUESTS)),
            )
        )
        self._on_stop = on_stop
        self._one_of_several = one_of_several
        self._shutdown_s = shutdown_s

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Shut down gracefully; at a second signal, at once. Unlike with uvicorn, the exit code of a graceful shutdown is 0.

        A worker ignores the second signal, since both its parent and systemd send one.
        """
        if self.should_exit:
            self.force_exit = not self._one_of_several
            return
        self.should_exit = True
        threading.Thread(target=self._end_anyway, name="coopbot-end", daemon=True).start()
        # In case a thread blocks the interpreter: this ends the process from outside it.
        faulthandler.dump_traceback_later(self._shutdown_s + 1, exit=True, file=open(os.devnull, "w"))  # noqa: SIM115  # for the rest of the process

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop the jobs, then wait for requests, including those sent just before the signal."""
        self._on_stop()
        await asyncio.sleep(_ARRIVING_S)
        await super().shutdown(sockets)

    def _end_anyway(self) -> None:
        threading.Event().wait(self._shutdown_s)
        log.error("shutdown_forced", threads=sorted({thread.name for thread in threading.enumerate()}))
        end_process(1)


def end_process(code: int) -> None:
    """Exit without waiting for threads."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


def _most_connections() -> int:
    """The default, or a quarter of the files that the process may open, if that is less: each snapshot of the index that a
    question still reads needs files too. The process may open as many as the system lets it, up to `_FILES`.
    """
    usual = Timeouts().connections
    if sys.platform == "win32":
        return usual
    import resource

    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if resource.RLIM_INFINITY not in (limit, most):
        limit = max(limit, min(most, _FILES))
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, most))
    return usual if limit == resource.RLIM_INFINITY else min(usual, limit // 4)


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
    stops.append(partial(service.admission.stop, shutdown_s * _SHARE_OF_QUESTIONS))
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
    if service.admission.working or (service.jobs and service.jobs.still_running) or (telegram and telegram.service.stuck):
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
    """Run `jobs`, and `following` from `follow`, which adds to them, until SIGINT or SIGTERM. Call it in the main thread."""
    log_as_json()
    stopping = set_by_signals()
    with jobs, following:
        stopping.wait()
        jobs.stop()
    if jobs.still_running:
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
