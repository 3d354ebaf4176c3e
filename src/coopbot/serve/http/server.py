"""Runs the service until SIGINT or SIGTERM, and ends in time whatever clients and threads do."""

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

# What of the time for ending is left to requests in flight; their threads and the jobs share all of it.
_SHARE_OF_REQUESTS = 0.7
# For so long connections are still taken and read: what was sent before the signal may not have been seen yet.
_ARRIVING_S = 0.25
# A head of a request that is longer is refused.
_HEAD_BYTES = 16_384

log = structlog.get_logger()


class Server(uvicorn.Server):
    """A server that calls `on_stop` when it is to end, which must not wait, and is gone `shutdown_s` later.

    A request that is complete by then is answered. Where a thread can not be stopped, the process is ended around it: files
    of corpus and index are written whole or not at all, so that this is as safe as any power cut.
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
                # Everything is logged by the root logger, as JSON, and access not at all: addresses hold questions.
                log_config=None,
                access_log=False,
                # The client is told by serve.http.clients, which knows how many proxies to trust.
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
        """End in order; at a second signal, at once. Unlike uvicorn's, the process then ends with exit code 0.

        One of several workers ends in order all the same: the process that started it signals it, and systemd does so too.
        """
        if self.should_exit:
            self.force_exit = not self._one_of_several
            return
        self.should_exit = True
        threading.Thread(target=self._end_anyway, name="coopbot-end", daemon=True).start()
        # Should a thread hold the interpreter itself, this ends the process without asking it.
        faulthandler.dump_traceback_later(self._shutdown_s + 1, exit=True, file=open(os.devnull, "w"))  # noqa: SIM115  # for the rest of the process

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to stop the jobs, then let requests finish, those too that were sent when the signal came."""
        self._on_stop()
        await asyncio.sleep(_ARRIVING_S)
        await super().shutdown(sockets)

    def _end_anyway(self) -> None:
        threading.Event().wait(self._shutdown_s)
        log.error("shutdown_forced", threads=sorted({thread.name for thread in threading.enumerate()}))
        end_process(1)


def end_process(code: int) -> None:
    """End the process without waiting for its threads."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


def _most_connections() -> int:
    """As many as usual, or half of the files that the system lets the process open: the index needs some too."""
    usual = Timeouts().connections
    if sys.platform == "win32":
        return usual
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return usual if limit == resource.RLIM_INFINITY else min(usual, limit // 2)
