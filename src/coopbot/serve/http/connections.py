"""HTTP/1.1 connections with deadlines, which uvicorn lacks: for clients that send slowly or do not read their answers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from coopbot.serve.http.headers import SECURITY_HEADERS
from coopbot.serve.http.problems import problem_response

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long a client may take.

    head_s: for the whole head of a request, from its first byte or, of the first request, from the connection. body_s: for the
    body, and another second for each `body_bytes_a_s` received. idle_s: from an answer to the next request. write_s: to take
    in what is buffered of an answer. connections: how many there may be at once.
    """

    head_s: float = 10.0
    body_s: float = 20.0
    body_bytes_a_s: int = 100_000
    idle_s: int = 5
    write_s: float = 20.0
    connections: int = 500


_Part = Literal["head", "body"]


class TimedConnection(H11Protocol):
    """A connection that ends when its client does not keep to `timeouts`. A late request is answered with 408."""

    timeouts = Timeouts()

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any], _loop: Any = None) -> None:
        """As uvicorn calls it. `Any`: a state and a loop of uvicorn's choosing."""
        super().__init__(config, server_state, app_state, _loop)
        self._awaited: _Part | None = None
        self._awaited_since_s = 0.0
        self._body_bytes = 0
        self._read_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn narrows it
        """Await the first head."""
        super().connection_made(transport)
        self._await("head")
        if len(self.connections) > self.timeouts.connections:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timers."""
        self._await(None)
        self._stop_write_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, and see what is missing now."""
        super().data_received(data)
        self._body_bytes += len(data)
        self._look()

    def on_response_complete(self) -> None:
        """The next request may be there already, or on its way."""
        super().on_response_complete()
        self._look()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, even if its client has not read the last answer."""
        super().timeout_keep_alive_handler()
        self._start_write_timer()

    def shutdown(self) -> None:
        """The server ends: drop a request whose body is not complete; others are answered before the connection is closed."""
        if self.cycle is not None and not self.cycle.response_complete and self.cycle.more_body:
            self.transport.abort()
        else:
            super().shutdown()

    def pause_writing(self) -> None:
        """More is buffered than the client reads."""
        super().pause_writing()
        self._start_write_timer()

    def resume_writing(self) -> None:
        """It has caught up."""
        super().resume_writing()
        self._stop_write_timer()

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP."""
        self._end(HTTPStatus.BAD_REQUEST, "this is not a valid HTTP request; send one")

    def _make_room(self) -> None:
        """Drop the connection that has sent no request for longest; this one if all others have."""
        ours = [other for other in self.connections if isinstance(other, TimedConnection) and not other.transport.is_closing()]
        idle = [other for other in ours if other._awaited == "head" or other.timeout_keep_alive_task is not None]
        if len(ours) > self.timeouts.connections:
            min(idle, key=lambda other: other._awaited_since_s).transport.abort()

    def _look(self) -> None:
        """Set the timer by what the client has to send now."""
        state = self.conn.their_state
        if self.transport.is_closing():
            self._await(None)
            self._start_write_timer()
        elif state is h11.SEND_BODY:
            self._await("body")
        elif state is h11.IDLE and self.conn.trailing_data[0]:
            self._await("head")
        elif state is not h11.IDLE or self.cycle is not None:
            # We are to answer, or the next request may come, for which uvicorn has a timer.
            self._await(None)

    def _await(self, part: _Part | None) -> None:
        """To await the same part again does not start the timer anew."""
        if part == self._awaited:
            return
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None
        self._awaited, self._awaited_since_s, self._body_bytes = part, self.loop.time(), 0
        if part is not None:
            self._read_timer = self.loop.call_at(self._due_s(), self._check)

    def _due_s(self) -> float:
        if self._awaited == "head":
            return self._awaited_since_s + self.timeouts.head_s
        return self._awaited_since_s + self.timeouts.body_s + self._body_bytes / self.timeouts.body_bytes_a_s

    def _check(self) -> None:
        if self._due_s() > self.loop.time():  # more of the body has come
            self._read_timer = self.loop.call_at(self._due_s(), self._check)
            return
        self._end(HTTPStatus.REQUEST_TIMEOUT, f"the {self._awaited} of the request took too long; send it faster")

    def _end(self, status: HTTPStatus, detail: str) -> None:
        """Close the connection, with a problem document where no answer has begun."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            problem = problem_response(status, detail)
            headers = [*problem.raw_headers, *SECURITY_HEADERS, (b"connection", b"close")]
            answer = h11.Response(status_code=status, headers=headers, reason=status.phrase)
            for event in (answer, h11.Data(data=bytes(problem.body)), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
        self._start_write_timer()

    def _start_write_timer(self) -> None:
        if self._write_timer is None:
            self._write_timer = self.loop.call_later(self.timeouts.write_s, self.transport.abort)

    def _stop_write_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
