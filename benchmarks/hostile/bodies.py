"""The worst request that a stranger may send: size of the reply, processor time and memory of the server."""

from __future__ import annotations

import json
import os
import statistics
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx

from benchmarks.figure import Figure
from benchmarks.memory import peak_mib, reset_peak, resident_mib
from benchmarks.server import Server

_EMPTY = json.dumps({"question": ""}).encode()
_ROUNDS = 5
# Requests for one measurement of processor time, which the system counts in ticks of a hundredth of a second.
_REPEATS = 20
_AT_ONCE = 64


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


_BODIES: dict[str, bytes] = {
    "480,000 wrong elements": _compact({"question": "a", "filters": {"languages": [1] * 480_000}}),
    "wrong elements, as many as fit": _compact({"question": "a", "filters": {"languages": [1] * 32_000}}),
    "wrong publishers, as many as fit": _compact({"question": "a", "filters": {"publishers": [1] * 32_000}}),
    "unknown fields, as many as fit": _compact({"question": "a", **{f"f{n}": 1 for n in range(6_000)}}),
    "unknown filters, as many as fit": _compact({"question": "a", "filters": {f"f{n}": 1 for n in range(6_000)}}),
    "one name as long as fits": _compact({"question": "a", "x" * 65_000: 1}),
    "as deep as fits": b'{"question":' + b"[" * 65_000,
    "a number as long as fits": b'{"question":' + b"9" * 65_000 + b"}",
    "escapes, as many as fit": b'{"question":"' + b"\\u0416" * 10_800 + b'"}',
}


def measure_bodies(server: Server) -> list[Figure]:
    """All figures. Those of processor time and memory only where the system reports them."""
    reply_kb = max(len(_send(server, body).content) for body in _BODIES.values()) / 1000
    figures = [Figure(name="largest reply to a hostile body", value=reply_kb, unit="kB", goal="<= 16")]
    empty_ms = _processor_ms(server, _EMPTY)
    if empty_ms is None:
        return figures
    extra_ms = {name: (_processor_ms(server, body) or 0.0) - empty_ms for name, body in _BODIES.items()}
    worst = max(extra_ms, key=extra_ms.__getitem__)
    name = f"processor time for the worst body ({worst}), beyond that for an empty question"
    figures.append(Figure(name=name, value=extra_ms[worst], unit="ms", goal="<= 50"))
    grown_mib = max(_growth_mib(server, body) for body in _BODIES.values())
    name = f"memory added by {_AT_ONCE} hostile bodies at once, most"
    return [*figures, Figure(name=name, value=grown_mib, unit="MiB", goal="<= 50")]


def _send(server: Server, body: bytes) -> httpx.Response:
    response = server.client.post("/v1/ask", content=body, headers={"content-type": "application/json"})
    if response.status_code not in (400, 413, 422):
        raise RuntimeError(f"a hostile body got status {response.status_code}, not 400, 413 or 422")
    return response


def _processor_ms(server: Server, body: bytes) -> float | None:
    """Processor time of the server for one request, median of some rounds."""
    times_ms = []
    for _ in range(_ROUNDS):
        before_s = _processor_s(server.pid)
        for _ in range(_REPEATS):
            _send(server, body)
        after_s = _processor_s(server.pid)
        if before_s is None or after_s is None:
            return None
        times_ms.append((after_s - before_s) / _REPEATS * 1000)
    return statistics.median(times_ms)


def _processor_s(pid: int) -> float | None:
    stat = Path(f"/proc/{pid}/stat")
    if not stat.is_file():
        return None
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _growth_mib(server: Server, body: bytes) -> float:
    """How far memory rises while the server replies to many of them at once."""
    before_mib = resident_mib(server.pid) or 0.0
    reset_peak(server.pid)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(partial(_send, server), [body] * _AT_ONCE))
    return (peak_mib(server.pid) or 0.0) - before_mib
