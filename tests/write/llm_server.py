"""A server on loopback that speaks OpenAI's protocol as badly as a test wants."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any


class Request(BaseHTTPRequestHandler):
    """What a script is given: it writes whatever it likes. `asked` is the body that came."""

    protocol_version = "HTTP/1.1"
    server: Server
    asked: dict[str, Any]

    def do_POST(self) -> None:
        self.asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.asked.append(self.asked)
        self.close_connection = True
        with suppress(OSError):  # the client has gone, as it should
            self.server.script(self)

    def log_message(self, format: str, *args: object) -> None:
        pass

    def start(self, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"content-type": kind, "connection": "close", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def say(self, text: str) -> None:
        """The answer, in pieces of a few characters."""
        self.start()
        for start in range(0, len(text), 7):
            self.chunk(text[start : start + 7])
        self.wfile.write(b"data: [DONE]\n\n")

    def chunk(self, text: str) -> None:
        choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
        event = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
        self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
        self.wfile.flush()

    def pause(self, seconds: float) -> None:
        """Wait, but not past the end of the test."""
        self.server.ended.wait(seconds)


Script = Callable[[Request], None]


class Server(ThreadingHTTPServer):
    """Follows `script`, which may be exchanged, and keeps what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.script: Script = lambda request: request.say("")
        self.asked: list[dict[str, Any]] = []
        self.ended = Event()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request: object, client_address: object) -> None:
        pass


@contextmanager
def scripted() -> Iterator[Server]:
    """A server that is gone afterwards."""
    with Server() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.ended.set()
            server.shutdown()
            thread.join()


def sends_slowly(request: Request) -> None:
    """A byte now and then, for ever."""
    request.start()
    while not request.server.ended.is_set():
        request.wfile.write(b"d")
        request.wfile.flush()
        request.pause(0.05)


def sends_a_slow_head(request: Request) -> None:
    """A header that never ends."""
    request.wfile.write(b"HTTP/1.1 200 OK\r\nx-long: ")
    while not request.server.ended.is_set():
        request.wfile.write(b"a")
        request.wfile.flush()
        request.pause(0.05)


def never_ends(request: Request) -> None:
    """One word after another."""
    request.start()
    while not request.server.ended.is_set():
        request.chunk("word " * 50)


def sends_one_line(request: Request) -> None:
    """More than memory should hold, without a line break."""
    request.start()
    request.wfile.write(b"data: ")
    until = time.monotonic() + 60
    while time.monotonic() < until and not request.server.ended.is_set():
        request.wfile.write(b"x" * 1_000_000)
