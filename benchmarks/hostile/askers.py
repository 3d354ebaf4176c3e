"""What many clients cost in memory: while all ask at once, and after they have gone."""

from __future__ import annotations

import threading
import time

import httpx

from benchmarks.figure import Figure
from benchmarks.memory import reset_peak, resident_mib
from benchmarks.samples import QUESTIONS
from benchmarks.server import Server
from coopbot.index.model.conversion import Step

_CLIENTS = 64
_ASKING_S = 120.0
_IDLE_S = 10.0


def measure_askers(server: Server, on_step: Step) -> list[Figure]:
    """All figures; none where the system does not report memory. The server must trust one proxy, as for fairness."""
    before_mib = resident_mib(server.pid)
    if before_mib is None:
        return []
    on_step(f"{_CLIENTS} clients asking at once")
    reset_peak(server.pid)
    refused = _ask_at_once(server)
    peak_mib = server.peak_mib() or 0.0
    time.sleep(_IDLE_S)
    grown_mib = (resident_mib(server.pid) or 0.0) - before_mib
    return [
        Figure(name=f"memory while {_CLIENTS} clients ask", value=peak_mib, unit="MiB", goal="<= 700"),
        Figure(name="memory not given back afterwards", value=grown_mib, unit="MiB", goal="<= 100"),
        Figure(name="their questions that were refused", value=refused, unit="", goal="0"),
    ]


def _ask_at_once(server: Server) -> int:
    """How many questions of `_CLIENTS`, each asking one after another, got no answer."""
    until, refused, lock = time.monotonic() + _ASKING_S, 0, threading.Lock()

    def ask(client: int) -> None:
        nonlocal refused
        number = client
        with httpx.Client(base_url=server.client.base_url, timeout=120, trust_env=False) as http:
            while time.monotonic() < until:
                question = {"question": QUESTIONS[number % len(QUESTIONS)]}
                reply = http.post("/v1/ask", json=question, headers={"X-Forwarded-For": f"192.0.2.{client}"})
                number += 1
                with lock:
                    refused += reply.status_code != 200

    threads = [threading.Thread(target=ask, args=(client,)) for client in range(_CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused
