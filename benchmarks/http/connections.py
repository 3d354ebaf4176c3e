"""A thousand connections at once: whether each is answered or closed, and whether their memory is freed."""

from __future__ import annotations

import socket
import sys
import time
from contextlib import ExitStack

from benchmarks.figure import Figure
from benchmarks.memory import resident_mib
from benchmarks.server import Server

CONNECTIONS = 1000
_TIMEOUT_S = 60.0
_SETTLE_S = 6.0
_REQUEST = b"GET /v1/search?q=bridge&top_k=3 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def measure_connections(server: Server) -> list[Figure]:
    """All figures. A first round is not measured, since the server keeps some memory of it for good."""
    ask_at_once(server.address)
    time.sleep(_SETTLE_S)
    before_mib = resident_mib(server.pid)
    outcomes = ask_at_once(server.address)
    time.sleep(_SETTLE_S)
    after_mib = resident_mib(server.pid)
    server.client.get("/readyz").raise_for_status()
    figures = [
        Figure(name=f"{CONNECTIONS} connections at once, answered", value=outcomes.count("answered"), unit=""),
        Figure(name="closed without an answer", value=outcomes.count("closed"), unit=""),
        Figure(name="neither answered nor closed within a minute", value=outcomes.count("hanging"), unit="", goal="0"),
    ]
    if before_mib is not None and after_mib is not None:
        figures.append(Figure(name="memory not freed after them", value=after_mib - before_mib, unit="MiB", goal="<= 10"))
    return figures


def ask_at_once(address: tuple[str, int], connections: int = CONNECTIONS) -> list[str]:
    """Open all connections, then send a request on each. For each: `answered`, `closed` or `hanging`."""
    _allow_files(connections + 200)
    with ExitStack() as opened:
        waiting = [opened.enter_context(socket.create_connection(address, timeout=_TIMEOUT_S)) for _ in range(connections)]
        for connection in waiting:
            _send(connection)
        deadline = time.monotonic() + _TIMEOUT_S
        return [_outcome(connection, deadline) for connection in waiting]


def _send(connection: socket.socket) -> None:
    try:
        connection.sendall(_REQUEST)
    except OSError:  # closed already, which reading will show
        return


def _outcome(connection: socket.socket, deadline: float) -> str:
    connection.settimeout(max(0.01, deadline - time.monotonic()))
    try:
        return "answered" if connection.recv(65536).startswith(b"HTTP/1.1 200") else "closed"
    except TimeoutError:
        return "hanging"
    except OSError:
        return "closed"


def _allow_files(count: int) -> None:
    """Let this process open so many files, where the system limits them."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < count:
        most = count if hard == resource.RLIM_INFINITY else min(count, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
