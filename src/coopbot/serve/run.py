"""Runs the HTTP service, or only watches for new articles, until SIGINT or SIGTERM. Ends in time, whatever threads do."""

from __future__ import annotations

import asyncio
import ctypes
import faulthandler
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any

import structlog
import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from coopbot.errors import CoopbotError, Misconfigured
from coopbot.serve.changes import Changes
from coopbot.serve.http.app import create_app
from coopbot.serve.http.connections import TimedConnection, Timeouts
from coopbot.serve.http.service import HttpService
from coopbot.serve.logs import log_as_json

if TYPE_CHECKING:
    from coopbot.serve.telegram.service import BackgroundBot

log = structlog.get_logger()

# Share of the shutdown time for which the server waits for requests in flight.
_SHARE_OF_REQUESTS = 0.7
# And for which questions are answered: those still waiting then are told to come back.
_SHARE_OF_QUESTIONS = 0.55
# After the signal, connections are accepted for this long: requests sent before it may not have been read yet.
_ARRIVING_S = 0.25
# Enough for all connections and dozens of snapshots.
_FILES = 16_384
# Connections that the system holds until they are accepted.
_UNACCEPTED = 2048
# The longest request head accepted.
_HEAD_BYTES = 16_384
# glibc's number for `mallopt`, and how many pools of memory its threads share. By default each has one of its own, and keeps in
# it what it no longer needs: 80 MiB more after a hundred changes.
_M_ARENA_MAX, _POOLS = -8, 2
# A worker process that does not respond for this long is replaced. Importing may take long on a busy machine.
_HUNG_S = 30


Opened = tuple[HttpService, "BackgroundBot | None"]
"""A service, and the bot that runs beside it."""


class Server(uvicorn.Server):
    """A server that calls `on_stop`, which must not block, when a signal arrives, and ends within `shutdown_s` after that.

    Complete requests are answered. If a thread cannot be stopped, the process exits without it. This is as safe as a power cut,
    since files of corpus and index are written atomically.
    """

    def __init__(
        self, app: ASGIApp, *, on_stop: Callable[[], object], shutdown_s: int, timeouts: Timeouts | None = None
    ) -> None:
        chosen = timeouts or Timeouts(connections=_most_connections())
        connection = type("Connection", (TimedConnection,), {"timeouts": chosen})
        super().__init__(uvicorn.Config(app, http=connection, **_options(chosen, shutdown_s)))
        self._on_stop = on_stop
        self._shutdown_s = shutdown_s

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Shut down gracefully; at a second signal, at once. Unlike with uvicorn, the exit code of a graceful shutdown is 0."""
        if self.should_exit:
            self.force_exit = True
            return
        self.should_exit = True
        _end_within(self._shutdown_s)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to accept connections. asyncio has told the system to hold no more than it accepts at a time."""
        await super().startup(sockets)
        for listening in sockets or ():
            listening.listen(_UNACCEPTED)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop the changes, then wait for requests, including those sent just before the signal."""
        self._on_stop()
        await asyncio.sleep(_ARRIVING_S)
        await super().shutdown(sockets)


def _options(timeouts: Timeouts, shutdown_s: int) -> dict[str, Any]:
    """uvicorn's options, whose values are of every type."""
    return {
        "ws": "none",
        # The root logger logs as JSON. No access log: addresses contain questions.
        "log_config": None,
        "access_log": False,
        # serve.http.clients identifies the client; it knows how many proxies to trust.
        "proxy_headers": False,
        "server_header": False,
        "h11_max_incomplete_event_size": _HEAD_BYTES,
        "timeout_keep_alive": timeouts.idle_s,
        # asyncio accepts so many before the first of them counts as a connection, and logs an error for each without a file.
        "backlog": max(1, timeouts.connections // 2),
        "timeout_graceful_shutdown": max(1, int(shutdown_s * _SHARE_OF_REQUESTS)),
    }


def _end_within(seconds: float) -> None:
    """End the process by then, whatever its threads do."""

    def end() -> None:
        threading.Event().wait(seconds)
        log.error("shutdown_forced", threads=sorted({thread.name for thread in threading.enumerate()}))
        end_process(1)

    threading.Thread(target=end, name="coopbot-end", daemon=True).start()
    # In case a thread blocks the interpreter: this ends the process from outside it.
    faulthandler.dump_traceback_later(seconds + 1, exit=True, file=open(os.devnull, "w"))  # noqa: SIM115  # for the rest of the process


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


def run_http(
    service: HttpService,
    sockets: list[socket.socket],
    *,
    telegram: BackgroundBot | None = None,
    shutdown_s: int,
    timeouts: Timeouts | None = None,
) -> None:
    """Serve on sockets from `listen`, until SIGINT or SIGTERM.

    If a question, a change or the bot does not end in time, the process exits instead of returning. Raises the error that ended
    the bot in `telegram`, if one did.
    """
    app, stop = _app(service, telegram, shutdown_s)
    Server(app, on_stop=stop, shutdown_s=shutdown_s, timeouts=timeouts).run(sockets=sockets)
    if telegram and telegram.failure:
        raise telegram.failure
    still_changing = service.changes is not None and service.changes.still_running
    if service.admission.working or still_changing or (telegram and telegram.service.stuck):
        end_process(0)


def run_workers(
    open_service: Callable[[], Opened],
    sockets: list[socket.socket],
    count: int,
    *,
    shutdown_s: int,
    hung_s: int = _HUNG_S,
) -> int:
    """Serve with `count` equal processes, which uvicorn restarts when they end. Returns the exit code.

    open_service: called in each process; a module's function, or a partial of one, so that it can be pickled. If it raises a
    CoopbotError, all processes end, since it would do so again.
    """
    config = uvicorn.Config(
        partial(_worker_app, open_service, shutdown_s),
        factory=True,
        workers=count,
        http="coopbot.serve.http.connections:TimedConnection",
        timeout_worker_healthcheck=hung_s,
        **_options(Timeouts(connections=_most_connections()), shutdown_s),
    )
    with tempfile.TemporaryDirectory(prefix="coopbot-") as counters:
        # prometheus_client reads it on import, which may happen before a worker's first line runs.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = counters
        workers = Multiprocess(config, sockets)
        workers.run()
    return STARTUP_FAILURE if any(worker.exitcode == STARTUP_FAILURE for worker in workers.processes) else 0


def _worker_app(open_service: Callable[[], Opened], shutdown_s: int) -> ASGIApp:
    """The application of a worker process, which ends in time after a signal, and when the process that started it is gone."""
    share_memory_pools()
    log_as_json()
    parent = multiprocessing.parent_process()
    assert parent is not None

    def end_with_parent() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=end_with_parent, name="coopbot-parent", daemon=True).start()
    try:
        service, telegram = open_service()
    except CoopbotError as exc:
        print(f"coopbot: {exc}", file=sys.stderr, flush=True)
        sys.exit(STARTUP_FAILURE)
    app, stop = _app(service, telegram, shutdown_s)
    TimedConnection.timeouts = Timeouts(connections=_most_connections())
    uvicorns = signal.getsignal(signal.SIGTERM)

    def on_signal(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # both the first process and systemd send one
        stop()
        _end_within(shutdown_s)
        assert callable(uvicorns)
        uvicorns(number, frame)

    signal.signal(signal.SIGTERM, on_signal)
    # A signal from the keyboard goes to the first process too, which ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return app


def _app(service: HttpService, telegram: BackgroundBot | None, shutdown_s: float) -> tuple[ASGIApp, Callable[[], None]]:
    """The application, and what stops the parts that run beside it, without waiting."""
    log_as_json()
    if service.reader is None:
        log.warning("reader_off", reason="no model reads the passages, so more answers are wrong; unset COOPBOT_READER")
    if telegram:
        bot = telegram.service
        background = [*service.background, telegram]
        service = replace(service, background=background, deliver=bot.deliver, alive=lambda: bot.alive)

    def stop() -> None:
        service.admission.stop(shutdown_s * _SHARE_OF_QUESTIONS)
        for part in (service.changes, telegram and telegram.service):
            if part:
                part.stop()

    return create_app(service), stop


def share_memory_pools() -> None:
    """Let threads share their pools of free memory, where the system's C library is glibc. Call it before threads start."""
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        library.mallopt(_M_ARENA_MAX, _POOLS)


def run_watch(changes: Changes, following: AbstractContextManager[object]) -> None:
    """Run `changes`, and `following` from `follow`, which adds to them, until SIGINT or SIGTERM. Call it in the main thread."""
    log_as_json()
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    with changes, following:
        stopping.wait()
        changes.stop()
    if changes.still_running:
        end_process(0)
