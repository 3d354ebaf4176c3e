"""A web server on loopback, real HTTP, that misbehaves as told; and a network that knows it as `news.example`."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Protocol

from coopbot.ingest.web.fetch import Network
from coopbot.ingest.web.hosts import Address

HOST = "news.example"
LOOPBACK = ip_address("127.0.0.1")


class Out(Protocol):
    def write(self, data: bytes, /) -> object: ...


Route = Callable[[Out], None]
"""Writes a whole reply, status line and all."""


def reply(
    body: bytes = b"",
    *,
    status: int = 200,
    content_type: str | None = "text/html; charset=utf-8",
    length: bool = True,
    **headers: str,
) -> Route:
    """A reply as it should be; `headers` by their names with underscores."""
    lines = [f"HTTP/1.1 {status} X", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += [f"Content-Type: {content_type}"] if content_type is not None else []
    lines += [f"Content-Length: {len(body)}"] if length else []
    return raw("\r\n".join(lines).encode() + b"\r\n\r\n", body)


def redirect(location: str, status: int = 302) -> Route:
    return reply(status=status, Location=location)


def raw(*pieces: bytes) -> Route:
    def write(out: Out) -> None:
        for piece in pieces:
            out.write(piece)

    return write


@dataclass(frozen=True, slots=True)
class Site:
    """What the server answers by path, and what it was asked."""

    port: int
    scheme: str = "http"
    routes: dict[str, Route] = field(default_factory=dict)
    asked: list[tuple[str, Message]] = field(default_factory=list)

    def url(self, path: str, host: str = HOST) -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def network(self, **changes: object) -> Network:
        """The server's own address is permitted, and no other."""
        given: dict[str, object] = {
            "resolve": names({HOST: (LOOPBACK,)}),
            "permitted": LOOPBACK.__eq__,
            "ports": {self.port},
            "limit_s": 10.0,
        }
        return Network(**{**given, **changes})  # type: ignore[arg-type]  # the names are Network's, the values of any field


def names(known: Mapping[str, tuple[Address, ...]]) -> Callable[[str], tuple[Address, ...]]:
    """A resolver that knows some names, and no others but addresses themselves."""

    def resolve(host: str) -> tuple[Address, ...]:
        if host in known:
            return known[host]
        try:
            return (ip_address(host),)
        except ValueError as error:
            raise OSError("no such name") from error

    return resolve


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    site: Site

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append((self.path, self.headers))
            with suppress(OSError):  # who was asked for less hangs up
                site.routes.get(self.path, reply(status=404))(self.wfile)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass  # a client that refuses the certificate

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    site = Site(port=server.server_address[1], scheme="https" if tls else "http")
    thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.01), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
