"""Runs the service until SIGINT or SIGTERM, and ends in time, whatever clients and threads do."""

from __future__ import annotations

import asyncio
import faulthandler
import os
import socket
import sys
import threading
from collections.abc import Callable
from types import FrameType

import structlog
import uvicorn
from starlette.types import ASGIApp

from coopbot.serve.http.connections import TimedConnection, Timeouts

# Share of the shutdown time for which the server waits for requests in flight.
_SHARE_OF_REQUESTS = 0.7
# After the signal, connections are accepted for this long: requests sent before it may not have been read yet.
_ARRIVING_S = 0.25
# The longest request head accepted.
_HEAD_BYTES = 16_384

log = structlog.get_logger()


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
        """Shut down in order; at a second signal, at once. Unlike with uvicorn, the exit code of an orderly shutdown is 0.

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
    """The default, or half of the files that the process may open, if that is less: the index needs files too."""
    usual = Timeouts().connections
    if sys.platform == "win32":
        return usual
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return usual if limit == resource.RLIM_INFINITY else min(usual, limit // 2)
