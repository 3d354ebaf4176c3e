"""HTTP/1.1 connections with deadlines, which uvicorn lacks, against clients that send or read slowly."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from coopbot.serve.http.layers import SECURITY_HEADERS
from coopbot.serve.http.problems import problem_response


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long a client may take.

    head_s: to send the head of a request, from its first byte or, for the first request, from connecting. body_s: to send the
    body, plus one second for each `body_bytes_per_s` received. idle_s: between a response and the next request. write_s: to
    read what is buffered of a response. connections: the most that may be open.
    """

    head_s: float = 10.0
    body_s: float = 20.0
    body_bytes_per_s: int = 100_000
    idle_s: int = 5
    write_s: float = 20.0
    connections: int = 500


_Part = Literal["head", "body"]


class TimedConnection(H11Protocol):
    """A connection that is closed when its client exceeds `timeouts`. An incomplete request gets 408."""

    timeouts = Timeouts()

    _awaited: _Part | None = None
    _awaited_since_s = 0.0
    _body_bytes = 0
    _read_timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn narrows it
        """Start the deadline of the first head."""
        super().connection_made(transport)
        self._await("head")
        if len(self.connections) > self.timeouts.connections:
            # Drop the one that has been without a request for longest, which may be this one.
            ours = [
                other for other in self.connections if isinstance(other, TimedConnection) and not other.transport.is_closing()
            ]
            idle = [other for other in ours if other._awaited == "head" or other.timeout_keep_alive_task is not None]
            if len(ours) > self.timeouts.connections:
                min(idle, key=lambda other: other._awaited_since_s).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timers."""
        self._await(None)
        self._stop_write_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Process received data, then set the deadline of what is still missing."""
        super().data_received(data)
        self._body_bytes += len(data)
        self._look()

    def on_response_complete(self) -> None:
        """Set the deadline of the next request, which may have arrived already."""
        super().on_response_complete()
        self._look()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, even if its client has not read the last answer."""
        super().timeout_keep_alive_handler()
        self._start_write_timer()

    def shutdown(self) -> None:
        """Shut down: drop a request whose body is incomplete; answer any other before closing the connection."""
        if self.cycle is not None and not self.cycle.response_complete and self.cycle.more_body:
            self.transport.abort()
        else:
            super().shutdown()

    def pause_writing(self) -> None:
        """The client reads too slowly: start the deadline."""
        super().pause_writing()
        self._start_write_timer()

    def resume_writing(self) -> None:
        """The client has caught up: stop the deadline."""
        super().resume_writing()
        self._stop_write_timer()

    def send_400_response(self, msg: str) -> None:
        """Respond to data that is not HTTP."""
        self._end(HTTPStatus.BAD_REQUEST, "this is not a valid HTTP request; send HTTP/1.1")

    def _look(self) -> None:
        """Set the deadline according to what the client has to send next."""
        state = self.conn.their_state
        if self.transport.is_closing():
            self._await(None)
            self._start_write_timer()
        elif state is h11.SEND_BODY:
            self._await("body")
        elif state is h11.IDLE and self.conn.trailing_data[0]:
            self._await("head")
        elif state is not h11.IDLE or self.cycle is not None:
            # Either the service has to answer, or the connection is idle, for which uvicorn has a timer.
            self._await(None)

    def _await(self, part: _Part | None) -> None:
        """Start the deadline for a part of the request. Waiting for the same part again does not restart it."""
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
        return self._awaited_since_s + self.timeouts.body_s + self._body_bytes / self.timeouts.body_bytes_per_s

    def _check(self) -> None:
        if self._due_s() > self.loop.time():  # more of the body has arrived since
            self._read_timer = self.loop.call_at(self._due_s(), self._check)
            return
        self._end(HTTPStatus.REQUEST_TIMEOUT, f"the {self._awaited} of the request took too long; send it faster")

    def _end(self, status: HTTPStatus, detail: str) -> None:
        """Close the connection, with a problem document if no response has started."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            problem = problem_response(status, detail)
            problem.headers.update({**SECURITY_HEADERS, "connection": "close"})
            answer = h11.Response(status_code=status, headers=problem.raw_headers, reason=status.phrase)
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
