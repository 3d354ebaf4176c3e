"""The worst requests that a stranger may send: size of the reply, processor time and memory of the server, and its health."""

from __future__ import annotations

import json
import os
import statistics
import time
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
# As many errors in a row as make a service that counts them look ill, and more.
_ODD = 10


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


_CHAT = "/v1/chat/completions"


def _chat(messages: object) -> bytes:
    return _compact({"model": "coopbot", "messages": messages})


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
_CHATS: dict[str, bytes] = {
    "1,000 messages of 88 wrong parts": _chat([{"role": "user", "content": [{"text": 1}] * 88}] * 1000),
    "wrong parts, as many as fit": _chat([{"role": "user", "content": [{"text": 1}] * 40}] * 1000),
    "right parts, as many as are taken": _chat([{"role": "user", "content": [{"type": ""}] * 20}] * 1000),
    "wrong messages, as many as fit": _chat([1] * 249_000),
    "empty lists, as many as fit": _compact({"model": "coopbot", "x": [[]] * 160_000, "messages": [1]}),
    "halves of characters": _chat([{"role": "user", "content": "\ud83d" * 80_000}]),
}
# To each route that reads a body, what is worst for it.
_SENT = [*(("/v1/ask", name, body) for name, body in _BODIES.items()), *((_CHAT, name, body) for name, body in _CHATS.items())]
_SENT += [(path, "as deep as fits", _BODIES["as deep as fits"]) for path in ("/mcp", "/ask", "/v1/articles")]


def measure_bodies(server: Server) -> list[Figure]:
    """All figures. Those of processor time and memory only where the system reports them."""
    reply_kb = max(len(_send(server, path, body).content) for path, _, body in _SENT) / 1000
    health_ms = max(_slowest_health_ms(server, path, body) for path, _, body in _SENT)
    figures = [
        Figure(name="largest reply to a hostile body", value=reply_kb, unit="kB", goal="<= 16"),
        Figure(name=f"slowest /healthz while {_AT_ONCE} hostile bodies arrive", value=health_ms, unit="ms", goal="<= 100"),
        Figure(name="times /readyz was refused after questions in odd characters", value=_unready(server), unit="", goal="0"),
    ]
    empty_ms = _processor_ms(server, "/v1/ask", _EMPTY)
    if empty_ms is None:
        return figures
    extra_ms = {f"{name}, to {path}": (_processor_ms(server, path, body) or 0.0) - empty_ms for path, name, body in _SENT}
    worst = max(extra_ms, key=extra_ms.__getitem__)
    name = f"processor time for the worst body ({worst}), beyond that for an empty question"
    figures.append(Figure(name=name, value=extra_ms[worst], unit="ms", goal="<= 50"))
    grown_mib = max(_growth_mib(server, path, body) for path, _, body in _SENT)
    name = f"memory added by {_AT_ONCE} hostile bodies at once, most"
    return [*figures, Figure(name=name, value=grown_mib, unit="MiB", goal="<= 50")]


def _unready(server: Server) -> int:
    """How often the server is not ready after a chat that has a half of a character in it."""
    unready = 0
    for _ in range(_ODD):
        server.client.post(_CHAT, content=_chat([{"role": "user", "content": "\ud800 bridge"}]))
        unready += server.client.get("/readyz").status_code != 200
    return unready


def _send(server: Server, path: str, body: bytes) -> httpx.Response:
    kind = "application/x-www-form-urlencoded" if path == "/ask" else "application/json"
    response = server.client.post(path, content=body, headers={"content-type": kind, "accept": "application/json"})
    if response.status_code not in (400, 401, 413, 422):
        raise RuntimeError(f"a hostile body to {path} got status {response.status_code}, not a refusal")
    return response


def _slowest_health_ms(server: Server, path: str, body: bytes) -> float:
    """The longest that /healthz takes while the server replies to many of them at once."""
    times_s = []
    with (
        ThreadPoolExecutor(_AT_ONCE) as pool,
        httpx.Client(base_url=server.client.base_url, timeout=60, trust_env=False) as client,
    ):
        client.get("/healthz").raise_for_status()
        sent = [pool.submit(_send, server, path, body) for _ in range(_AT_ONCE)]
        while not all(one.done() for one in sent):
            start = time.monotonic()
            client.get("/healthz").raise_for_status()
            times_s.append(time.monotonic() - start)
        for one in sent:
            one.result()
    return max(times_s, default=0.0) * 1000


def _processor_ms(server: Server, path: str, body: bytes) -> float | None:
    """Processor time of the server for one request, median of some rounds."""
    times_ms = []
    for _ in range(_ROUNDS):
        before_s = _processor_s(server.pid)
        for _ in range(_REPEATS):
            _send(server, path, body)
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


def _growth_mib(server: Server, path: str, body: bytes) -> float:
    """How far memory rises while the server replies to many of them at once."""
    before_mib = resident_mib(server.pid) or 0.0
    reset_peak(server.pid)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(partial(_send, server, path), [body] * _AT_ONCE))
    return (peak_mib(server.pid) or 0.0) - before_mib
