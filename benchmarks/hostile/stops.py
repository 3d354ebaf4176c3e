"""SIGTERM under load, again and again: how soon the server ends, and whether anything is lost."""

from __future__ import annotations

import random
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from benchmarks.figure import Figure
from benchmarks.hostile.bombs import pdf_bomb
from benchmarks.server import Server, get_job, served, server_environ, submit_article, submit_file
from coopbot.domain import Article
from coopbot.errors import CoopbotError
from coopbot.index.live import LiveIndex
from coopbot.index.model.conversion import Step
from coopbot.settings import Settings
from coopbot.state import State
from coopbot.wiring import open_corpus

_CLIENTS = 40
_ARTICLES = 5
_PAGES, _STREAM_BYTES = 200, 2_000_000
_DONE_WITHIN_S = 300.0
_QUESTION = {"question": "When did the Heihe-Blagoveshchensk highway bridge open to freight?"}
_PARTIAL_BODY = b"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"


_UNFINISHED = "SELECT COUNT(*) FROM changes WHERE state IN ('queued', 'running')"


@dataclass(slots=True)
class _Seen:
    """What was seen in all rounds. told: questions that got 503 and when to retry. accepted: the titles of the articles that
    the server accepted. damaged: how often index or corpus was.
    """

    stops_s: list[float] = field(default_factory=list)
    answered: int = 0
    told: int = 0
    unanswered: int = 0
    damaged: int = 0
    accepted: list[str] = field(default_factory=list)


def measure_stops(copied: Settings, fingerprint: str, rounds: int, on_step: Step) -> list[Figure]:
    """All figures, over a corpus and an index that may be changed. fingerprint: of the model of the index.

    Each stop comes under load, with an unfinished request and articles just accepted. In every other round the server reads a
    document that takes minutes; in the others it indexes the articles.
    """
    environ = server_environ(copied)
    seen = _Seen()
    for number in range(rounds):
        on_step(f"stopping under load, {number + 1} of {rounds}")
        with served(environ) as server:
            _stop_once(server, number, copied.shutdown_s, seen)
        seen.damaged += _is_damaged(copied, fingerprint)
        _drop_documents(copied)
    on_step("looking for the accepted articles")
    with served(environ) as server:
        lost = len(set(seen.accepted) - _titles_when_done(server.client, copied))
    limit_s = copied.shutdown_s + 2
    return [
        Figure(name="stops under load", value=rounds, unit=""),
        Figure(name="stops in time", value=sum(took_s <= limit_s for took_s in seen.stops_s), unit="", goal=f"{rounds}"),
        Figure(name="longest stop", value=max(seen.stops_s), unit="s", goal=f"<= {limit_s}"),
        Figure(name="questions answered meanwhile", value=seen.answered, unit=""),
        Figure(name="questions told to come back", value=seen.told, unit=""),
        Figure(name="questions in flight that were neither answered nor told so", value=seen.unanswered, unit="", goal="0"),
        Figure(name="articles accepted before a stop", value=len(seen.accepted), unit=""),
        Figure(name="accepted articles that were lost", value=lost, unit="", goal="0"),
        Figure(name="stops that left index or corpus damaged", value=seen.damaged, unit="", goal="0"),
    ]


def _stop_once(server: Server, number: int, shutdown_s: int, seen: _Seen) -> None:
    with _unfinished_body(server), _asking(server, seen) as stopped:
        if number % 2 == 0:
            job_id = submit_file(server.client, f"hostile-{number}.pdf", pdf_bomb(_PAGES, _STREAM_BYTES))
            _wait_until_begun(server.client, job_id)
        for one in range(_ARTICLES):
            title = f"Ferry {one} of round {number}"
            text = f"{title} carried {48_000 + 100 * number + one} passengers to the island in its season."
            submit_article(server.client, {"title": title, "text": text, "publisher": "Bench"})
            seen.accepted.append(title)
        # Each round stops the server at another point of its work.
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
    until = time.monotonic() + _DONE_WITHIN_S
    while get_job(client, job_id)["state"] == "queued":
        if time.monotonic() > until:
            raise RuntimeError("the server did not begin to read a document within minutes")
        time.sleep(0.05)


@contextmanager
def _unfinished_body(server: Server) -> Iterator[None]:
    with socket.create_connection(server.address, timeout=10) as connection:
        connection.sendall(_PARTIAL_BODY)
        yield


@contextmanager
def _asking(server: Server, seen: _Seen) -> Iterator[threading.Event]:
    """Clients that ask until the event is set. Counts how their questions fared."""
    lock, stopped = threading.Lock(), threading.Event()

    def ask_until_stopped() -> None:
        while not stopped.is_set():
            try:
                # A new connection for each question, as strangers have.
                reply = httpx.post(f"{server.client.base_url}/v1/ask", json=_QUESTION, timeout=60, trust_env=False)
                answered = reply.status_code == 200
                told = reply.status_code == 503 and "retry-after" in reply.headers
            except httpx.TransportError:
                answered = told = False
            with lock:
                seen.answered += answered
                seen.told += told
                seen.unanswered += not (answered or told)

    threads = [threading.Thread(target=ask_until_stopped) for _ in range(_CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield stopped
    finally:
        stopped.set()
        for thread in threads:
            thread.join()


def _drop_documents(copied: Settings) -> None:
    """Remove the documents from the queue that the next server continues, so that it gets to the articles."""
    state = _state(copied)
    state.execute("DELETE FROM changes WHERE subject LIKE 'hostile-%'")
    state.close()


def _titles_when_done(client: httpx.Client, copied: Settings) -> set[str]:
    """The titles of all articles in the index, once its queue is empty."""
    until = time.monotonic() + _DONE_WITHIN_S
    state = _state(copied)
    while state.number(_UNFINISHED) and time.monotonic() < until:
        time.sleep(0.1)
    state.close()
    titles: set[str] = set()
    offset: int | None = 0
    while offset is not None:
        page = client.get("/v1/articles", params={"offset": offset, "limit": 200}).raise_for_status().json()
        titles.update(article["title"] for article in page["articles"])
        offset = page["next_offset"]
    return titles


def _state(copied: Settings) -> State:
    return State(copied.index_dir / "state.sqlite")


def _is_damaged(copied: Settings, fingerprint: str) -> bool:
    """Whether the current index fails its checksums, or a file of the corpus cannot be read."""
    try:
        if LiveIndex(copied.index_dir, fingerprint).fault:
            return True
    except CoopbotError:
        return True
    return not all(isinstance(found, Article) for found in open_corpus(copied))
