"""What another client's answers cost while one asks long questions, within its limit, and hangs up on each."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from itertools import count, islice

import httpx

from benchmarks.figure import Figure
from benchmarks.server import Server
from coopbot.index.model.conversion import Step

# Ten a second is what the default rate limit allows.
_FLOOD_EACH_S = 1 / 9.5
_HANG_UP_AFTER_S = 0.1
_WARM_UP_S = 10.0
_ASKED = 100
# Each as a limit of dates that no other question has, since answers to equal questions are kept.
_DAYS = (date(2099, 1, 1) + timedelta(number) for number in count())
_MODEST = "When did the Heihe-Blagoveshchensk highway bridge open to freight?"
_FLOODS = {
    "ordinary long questions": (
        "How much cargo did the railway bridge between Tongjiang and Nizhneleninskoye carry in its first full year, which "
        "goods were most of it, how long is the bridge, when was it opened to traffic, and what did both sides expect of it?"
    ),
    "questions of much processor time": "а в 2024? " * 49,
}


def measure_fairness(server: Server, on_step: Step) -> list[Figure]:
    """All figures. The server must trust one proxy, which is how the two clients are told apart."""
    on_step("asking while nobody else does")
    quiet_s = _p99_s(server)
    figures = [Figure(name="p99 of a client that is alone", value=quiet_s * 1000, unit="ms")]
    for name, question in _FLOODS.items():
        on_step(f"asking while another sends {name}")
        with _flooded(server, question):
            time.sleep(_WARM_UP_S)
            ratio = _p99_s(server) / quiet_s
        figures.append(Figure(name=f"p99 beside a client of {name}, as a multiple", value=ratio, unit="x", goal="<= 3"))
    return figures


def _p99_s(server: Server) -> float:
    times_s = []
    for day in islice(_DAYS, _ASKED):
        body = {"question": _MODEST, "filters": {"published_to": f"{day}"}}
        start = time.monotonic()
        reply = server.client.post("/v1/ask", json=body, headers={"X-Forwarded-For": "192.0.2.1"})
        reply.raise_for_status()
        times_s.append(time.monotonic() - start)
    return sorted(times_s)[math.ceil(0.99 * _ASKED) - 1]


@contextmanager
def _flooded(server: Server, question: str) -> Iterator[None]:
    """Questions at a steady pace, each of which is hung up on."""
    stopped = threading.Event()

    def ask_and_hang_up(number: int) -> None:
        with suppress(httpx.TransportError):
            httpx.post(
                f"{server.client.base_url}/v1/ask",
                # Each another one, since equal questions could be joined.
                json={"question": f"{question[:490]} {number}"},
                headers={"X-Forwarded-For": "192.0.2.2"},
                timeout=_HANG_UP_AFTER_S,
                trust_env=False,
            )

    def flood() -> None:
        start = time.monotonic()
        for number in count():
            if stopped.wait(max(0.0, start + number * _FLOOD_EACH_S - time.monotonic())):
                return
            threading.Thread(target=ask_and_hang_up, args=(number,), daemon=True).start()

    flooding = threading.Thread(target=flood)
    flooding.start()
    try:
        yield
    finally:
        stopped.set()
        flooding.join()
