"""The worst body that a stranger may send: how large the answer, how much processor time, how much memory."""

from __future__ import annotations

import json
import os
import statistics
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx

from benchmarks.figure import Figure
from benchmarks.server import Server, peak_mib, resident_mib, restart_peak

_EMPTY = json.dumps({"question": ""}).encode()
_ROUNDS = 5
# So many at once tell more of processor time than the clock ticks in which the system counts it.
_TOGETHER = 20
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
    """Figures of the worst of them; processor time and memory where the system gives them."""
    answer_kb = max(len(_send(server, body).content) for body in _BODIES.values()) / 1000
    figures = [Figure(name="largest answer to a hostile body", value=answer_kb, unit="kB", goal="<= 16")]
    empty_ms = _processor_ms(server, _EMPTY)
    if empty_ms is None:
        return figures
    more_ms = {name: (_processor_ms(server, body) or 0.0) - empty_ms for name, body in _BODIES.items()}
    worst = max(more_ms, key=more_ms.__getitem__)
    name = f"processor time of the worst ({worst}) more than of an empty question"
    figures.append(Figure(name=name, value=more_ms[worst], unit="ms", goal="<= 50"))
    grown_mib = max(_growth_mib(server, body) for body in _BODIES.values())
    name = f"memory grown by {_AT_ONCE} of the worst at once"
    return [*figures, Figure(name=name, value=grown_mib, unit="MiB", goal="<= 50")]


def _send(server: Server, body: bytes) -> httpx.Response:
    response = server.client.post("/v1/ask", content=body, headers={"content-type": "application/json"})
    if response.status_code not in (400, 413, 422):
        raise RuntimeError(f"a hostile body was answered with {response.status_code}")
    return response


def _processor_ms(server: Server, body: bytes) -> float | None:
    """Processor time of the server a request, median of some rounds."""
    found = []
    for _ in range(_ROUNDS):
        before_s = _processor_s(server.pid)
        for _ in range(_TOGETHER):
            _send(server, body)
        after_s = _processor_s(server.pid)
        if before_s is None or after_s is None:
            return None
        found.append((after_s - before_s) / _TOGETHER * 1000)
    return statistics.median(found)


def _processor_s(pid: int) -> float | None:
    stat = Path(f"/proc/{pid}/stat")
    if not stat.is_file():
        return None
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _growth_mib(server: Server, body: bytes) -> float:
    """What the server takes at its peak, while many of them are answered, more than before."""
    before_mib = resident_mib(server.pid) or 0.0
    restart_peak(server.pid)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(partial(_send, server), [body] * _AT_ONCE))
    return (peak_mib(server.pid) or 0.0) - before_mib
