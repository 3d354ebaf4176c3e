"""Ten minutes of sixteen clients that ask while the index is replaced every two seconds: no errors, no growth, no queue."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from benchmarks.hostile.run import copied_settings
from benchmarks.memory import resident_mib
from benchmarks.samples import QUESTIONS
from benchmarks.server import Server, served, server_environ, submit_article, wait_for_job
from coopbot.settings import load_settings
from coopbot.wiring import open_embedder, rebuild

pytestmark = [pytest.mark.soak, pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="measures by /proc")]

# SOAK_S makes it shorter, to try it.
_SOAK_S = float(os.environ.get("SOAK_S", "600"))
_CLIENTS, _SWAP_EVERY_S, _IDLE_S = 16, 2.4, 15.0
_LEFT_MIB, _P99_TO_P50 = 100, 4


@dataclass(slots=True)
class _Seen:
    times_s: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    swaps: int = 0


@contextmanager
def _asked(server: Server, seen: _Seen) -> Iterator[None]:
    """Clients, each at an address of its own, that ask one question after another within the block."""
    lock, stopped = threading.Lock(), threading.Event()

    def ask(client: int) -> None:
        number = client
        with httpx.Client(base_url=server.client.base_url, timeout=60, trust_env=False) as http:
            while not stopped.is_set():
                start, number = time.monotonic(), number + 1
                # A filter of its own, since equal questions are joined, and then most take no time at all.
                filters = {"published_to": f"2099-01-{client + 1:02}"}
                question = {"question": QUESTIONS[number % len(QUESTIONS)], "filters": filters}
                try:
                    reply = http.post("/v1/ask", json=question, headers={"X-Forwarded-For": f"192.0.2.{client}"})
                    failed = [] if reply.status_code == 200 else [f"status {reply.status_code}"]
                except httpx.TransportError as error:
                    failed = [type(error).__name__]
                with lock:
                    seen.times_s.append(time.monotonic() - start)
                    seen.failed += failed

    threads = [threading.Thread(target=ask, args=(client,)) for client in range(_CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopped.set()
        for thread in threads:
            thread.join()


def _replace_until(server: Server, until_s: float, seen: _Seen) -> None:
    while time.monotonic() < until_s:
        begun_s, seen.swaps = time.monotonic(), seen.swaps + 1
        text = f"The Ust-Ochsenfurt ferry carried {10_000 + seen.swaps} passengers in May."
        article = {"title": "A ferry", "text": text, "publisher": "Bench", "url": "https://news.example/ust-ochsenfurt-ferry"}
        wait_for_job(server.client, submit_article(server.client, article))
        time.sleep(max(0.0, begun_s + _SWAP_EVERY_S - time.monotonic()))


def _files(server: Server) -> int:
    return len(list(Path(f"/proc/{server.pid}/fd").iterdir()))


def test_ten_minutes_under_load_leave_nothing_behind(tmp_path: Path) -> None:
    settings = copied_settings(load_settings(), tmp_path)
    rebuild(settings, open_embedder(settings))
    with served({**server_environ(settings), "COOPBOT_TRUSTED_PROXIES": "1"}) as server:
        # What the first questions and the first change load is no growth.
        _replace_until(server, time.monotonic() + 1, _Seen(swaps=-1_000))
        with _asked(server, _Seen()):
            time.sleep(_IDLE_S)
        time.sleep(_IDLE_S)
        before_mib, files, seen = resident_mib(server.pid), _files(server), _Seen()
        with _asked(server, seen):
            _replace_until(server, time.monotonic() + _SOAK_S, seen)
        time.sleep(_IDLE_S)
        after_mib = resident_mib(server.pid)
        assert before_mib is not None
        assert after_mib is not None
        times_s = sorted(seen.times_s)
        p50_s, p99_s = times_s[len(times_s) // 2], times_s[len(times_s) * 99 // 100]
        print(f"{len(times_s)} questions, {seen.swaps} changes, p50 {p50_s:.2f} s, p99 {p99_s:.2f} s")
        print(f"resident {before_mib:.0f} MiB before and {after_mib:.0f} after, files {files} and {_files(server)}")
        assert seen.failed == []
        assert p99_s <= _P99_TO_P50 * p50_s
        assert after_mib <= before_mib + _LEFT_MIB
        assert _files(server) <= files + 2 * _CLIENTS
