"""SIGTERM in the middle of everything, again and again: how soon the server is gone, and whether anything is lost."""

from __future__ import annotations

import random
import socket
import subprocess
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from benchmarks.figure import Figure
from benchmarks.server import Server, served
from benchmarks.speed.arrival import authorised, submit
from coopbot.domain import Article
from coopbot.errors import CoopbotError
from coopbot.index.live import LiveIndex
from coopbot.index.model.conversion import Step
from coopbot.settings import Settings
from coopbot.wiring import open_corpus

_CLIENTS = 8
_ARTICLES = 5
_PAGES = 200
_STREAM_BYTES = 2_000_000
_DONE_WITHIN_S = 300.0
_QUESTION = {"question": "When did the Heihe-Blagoveshchensk highway bridge open to freight?"}
_HALF_A_BODY = b"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"


@dataclass(slots=True)
class _Seen:
    """What was seen over all rounds. `accepted`: titles of the articles that were."""

    stops_s: list[float] = field(default_factory=list)
    answered: int = 0
    unanswered: int = 0
    damaged: int = 0
    accepted: list[str] = field(default_factory=list)


def measure_stops(place: Settings, environ: Mapping[str, str], fingerprint: str, rounds: int, on_step: Step) -> list[Figure]:
    """Figures of so many stops, each under load, with an unfinished body and articles just accepted.

    In every other round a document is being read that takes minutes, in the others the articles are being indexed.
    """
    seen = _Seen()
    for number in range(rounds):
        on_step(f"stopping under load, {number + 1} of {rounds}")
        with served(environ) as server:
            _stop_once(server, number, place.shutdown_s, seen)
        seen.damaged += _is_damaged(place, fingerprint)
        _forget_documents(place)
    on_step("looking for what was accepted")
    with served(environ) as server:
        lost = len(set(seen.accepted) - _titles_when_done(server.client, place))
    limit_s = place.shutdown_s + 2
    return [
        Figure(name="stops under load", value=rounds, unit=""),
        Figure(name="stops in time", value=sum(took_s <= limit_s for took_s in seen.stops_s), unit="", goal=f"{rounds}"),
        Figure(name="longest stop", value=max(seen.stops_s), unit="s", goal=f"<= {limit_s}"),
        Figure(name="questions answered meanwhile", value=seen.answered, unit=""),
        Figure(name="questions in flight that were not answered", value=seen.unanswered, unit="", goal="0"),
        Figure(name="articles accepted before a stop", value=len(seen.accepted), unit=""),
        Figure(name="accepted articles that were lost", value=lost, unit="", goal="0"),
        Figure(name="stops that left index or corpus damaged", value=seen.damaged, unit="", goal="0"),
    ]


def slow_document() -> bytes:
    """A PDF of 30 kB whose pages share one stream of megabytes: reading it takes minutes."""
    stream = zlib.compress(b"BT /F1 12 Tf (A harbour on the Amur. ) Tj ET\n" * (_STREAM_BYTES // 45))
    kids = b" ".join(b"%d 0 R" % (5 + page) for page in range(_PAGES))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (_PAGES, kids),
        b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        *[b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 3 0 R/Resources<</Font<</F1 4 0 R>>>>>>"] * _PAGES,
    ]
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    trailer = b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(body))
    return body + head + table + trailer


def _stop_once(server: Server, number: int, shutdown_s: int, seen: _Seen) -> None:
    with _unfinished_body(server), _asking(server, seen) as stopped:
        if number % 2 == 0:
            files = {"file": (f"hostile-{number}.pdf", slow_document())}
            reading = server.client.post("/v1/articles", files=files, headers=authorised()).raise_for_status().json()["job_id"]
            _wait_until_begun(server.client, reading)
        for one in range(_ARTICLES):
            title = f"Ferry {one} of round {number}"
            text = f"{title} carried {48_000 + 100 * number + one} passengers to the island in its season."
            submit(server.client, {"title": title, "text": text, "publisher": "Bench"})
            seen.accepted.append(title)
        # At another point of what follows each time.
        time.sleep(random.Random(number).uniform(0, 1.5))
        stopped.set()
        start = time.monotonic()
        server.process.terminate()
        try:
            server.process.wait(shutdown_s + 30)
        except subprocess.TimeoutExpired:
            server.process.kill()
        seen.stops_s.append(time.monotonic() - start)


def _wait_until_begun(client: httpx.Client, job_id: str) -> None:
    until = time.monotonic() + 60
    while client.get(f"/v1/index/jobs/{job_id}", headers=authorised()).json()["state"] == "queued":
        if time.monotonic() > until:
            raise RuntimeError("a document was not begun within a minute")
        time.sleep(0.05)


@contextmanager
def _unfinished_body(server: Server) -> Iterator[None]:
    address = (server.client.base_url.host, server.client.base_url.port or 80)
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(_HALF_A_BODY)
        yield


@contextmanager
def _asking(server: Server, seen: _Seen) -> Iterator[threading.Event]:
    """Clients that ask until the event is set; a question that was sent before then and is not answered is noted."""
    lock, stopped = threading.Lock(), threading.Event()

    def ask_on() -> None:
        while not stopped.is_set():
            try:
                # A connection each, as strangers have.
                reply = httpx.post(f"{server.client.base_url}/v1/ask", json=_QUESTION, timeout=60, trust_env=False)
                answered = reply.status_code == 200
            except httpx.TransportError:
                answered = False
            with lock:
                seen.answered += answered
                seen.unanswered += not answered

    threads = [threading.Thread(target=ask_on) for _ in range(_CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield stopped
    finally:
        stopped.set()
        for thread in threads:
            thread.join()


def _forget_documents(place: Settings) -> None:
    """Take the documents out of what the next server goes on with, so that it comes to the articles."""
    for content in _pending(place).glob("*.data"):
        content.with_suffix(".json").unlink(missing_ok=True)
        content.unlink()


def _titles_when_done(client: httpx.Client, place: Settings) -> set[str]:
    """The titles of all articles of the index once nothing is left to do."""
    until = time.monotonic() + _DONE_WITHIN_S
    while any(_pending(place).glob("*.json")) and time.monotonic() < until:
        time.sleep(0.1)
    titles: set[str] = set()
    offset: int | None = 0
    while offset is not None:
        page = client.get("/v1/articles", params={"offset": offset, "limit": 200}).raise_for_status().json()
        titles.update(article["title"] for article in page["articles"])
        offset = page["next_offset"]
    return titles


def _pending(place: Settings) -> Path:
    return place.index_dir / "pending"


def _is_damaged(place: Settings, fingerprint: str) -> bool:
    """Whether the index in force fails its checksums, or a file of the corpus cannot be read."""
    try:
        if LiveIndex(place.index_dir, fingerprint).fault:
            return True
    except CoopbotError:
        return True
    return not all(isinstance(found, Article) for found in open_corpus(place))
