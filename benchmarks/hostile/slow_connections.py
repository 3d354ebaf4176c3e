"""Slow connections, kept open for a minute: whether other clients notice them, and whether the server closes them."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx
import numpy as np

from benchmarks.figure import Figure
from benchmarks.server import Server
from coopbot.index.model.conversion import Step

_CONNECTIONS = 300
_HOLD_S = 60.0
_QUIET_S = 30.0
_CLIENTS = 4
# Longer than any timeout of the server.
_CLOSE_WITHIN_S = 40.0
_DRIP_S = 1.0

_QUESTION = {"question": "When did the Heihe-Blagoveshchensk highway bridge open to freight?"}
_PARTIAL_HEAD = b"GET /v1/index HTTP/1.1\r\nHost: localhost\r\nX-Slow: "


def measure_slow_connections(server: Server, on_step: Step) -> list[Figure]:
    """All figures: `_CLIENTS` ask, first alone, then beside the slow connections."""
    on_step("asking without slow connections")
    with _asking(server.client) as quiet_s:
        time.sleep(_QUIET_S)
    on_step(f"asking beside {_CONNECTIONS} slow connections")
    with _asking(server.client) as busy_s:
        slow = _SlowConnections(server.address)
        slow.hold(_HOLD_S)
    still_open = slow.wait_until_closed(_CLOSE_WITHIN_S)
    quiet_ms, busy_ms = (float(np.percentile(times_s, 99)) * 1000 for times_s in (quiet_s, busy_s))
    return [
        Figure(name=f"slow connections opened within a minute, {_CONNECTIONS} at once", value=slow.opened, unit=""),
        Figure(name="slow connections that the server did not close", value=still_open, unit="", goal="0"),
        Figure(name="99th percentile without slow connections", value=quiet_ms, unit="ms"),
        Figure(name="99th percentile beside slow connections", value=busy_ms, unit="ms"),
        Figure(name="99th percentile with and without them, ratio", value=busy_ms / quiet_ms, unit="x", goal="<= 1.5"),
    ]


@contextmanager
def _asking(client: httpx.Client) -> Iterator[list[float]]:
    """`_CLIENTS` that ask within the block, and the seconds that each answer took. A failed request ends the measurement."""
    times_s: list[float] = []
    stop = threading.Event()

    def ask_until_stopped() -> None:
        while not stop.is_set():
            start = time.perf_counter()
            client.post("/v1/ask", json=_QUESTION).raise_for_status()
            times_s.append(time.perf_counter() - start)

    threads = [threading.Thread(target=ask_until_stopped) for _ in range(_CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield times_s
    finally:
        stop.set()
        for thread in threads:
            thread.join()


class _SlowConnections:
    """Connections that send part of a request head, then a byte a second. A closed one is replaced while they are kept open."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._open: set[socket.socket] = set()
        self._selector = selectors.DefaultSelector()
        self.opened = 0

    def hold(self, seconds: float) -> None:
        """Keep `_CONNECTIONS` open for so long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            while len(self._open) < _CONNECTIONS:
                self._connect()
            self._drip()
            self._drop_closed(_DRIP_S)

    def wait_until_closed(self, within_s: float) -> int:
        """How many are still open when all are closed or the time is over."""
        until = time.monotonic() + within_s
        while self._open and time.monotonic() < until:
            self._drip()
            self._drop_closed(_DRIP_S)
        return len(self._open)

    def _connect(self) -> None:
        connection = socket.create_connection(self._address, timeout=10)
        connection.sendall(_PARTIAL_HEAD)
        connection.setblocking(False)
        self._open.add(connection)
        self._selector.register(connection, selectors.EVENT_READ)
        self.opened += 1

    def _drip(self) -> None:
        for connection in self._open:
            with suppress(OSError):
                connection.send(b"a")

    def _drop_closed(self, within_s: float) -> None:
        until = time.monotonic() + within_s
        while (left_s := until - time.monotonic()) > 0:
            for key, _ in self._selector.select(left_s):
                connection = key.fileobj
                assert isinstance(connection, socket.socket)
                if _is_closed(connection):
                    self._selector.unregister(connection)
                    self._open.remove(connection)
                    connection.close()


def _is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(65536) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
