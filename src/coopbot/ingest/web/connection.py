"""One HTTP request to addresses already checked, with a deadline that holds whatever the server does. Only it imports httpcore.

Not httpx's client: that resolves host names itself, and follows proxies from the environment, cookies and redirects.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

import httpcore

from coopbot.errors import Unreachable
from coopbot.ingest.web.hosts import Address

if TYPE_CHECKING:
    from httpx import URL

_Answer = TypeVar("_Answer")

# Short enough to leave time for the next address when one does not answer.
_CONNECT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """`ends_s` is in the clock's time; errors name the request as `source`."""

    source: str
    limit_s: float
    ends_s: float
    clock: Callable[[], float]

    def left_s(self) -> float:
        """Seconds left, more than 0. Raises Unreachable when time is up."""
        left = self.ends_s - self.clock()
        if left <= 0:
            raise self.passed()
        return left

    def passed(self) -> Unreachable:
        """The error for an operation that used up `left_s`."""
        return Unreachable(
            self.source, f"took longer than {self.limit_s:g} s; try again later, or save the page and add the file"
        )

    def within(self, call: Callable[[], _Answer]) -> _Answer:
        """The call's result, or the OSError it raises. Abandons a call without a timeout of its own when time is up."""
        answer: Future[_Answer] = Future()

        def run() -> None:
            try:
                answer.set_result(call())
            except OSError as error:
                answer.set_exception(error)

        left = self.left_s()
        Thread(target=run, daemon=True).start()  # not a pool: the program would wait for it on exit
        try:
            return answer.result(left)
        except TimeoutError as error:
            raise self.passed() from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A response. Header names are in lower case; `chunks` reads from the network lazily."""

    status: int
    headers: dict[str, str]
    chunks: Iterator[bytes]


@contextmanager
def sent(
    place: URL,
    headers: Sequence[tuple[bytes, bytes]],
    addresses: Sequence[Address],
    tls: ssl.SSLContext | None,
    deadline: Deadline,
) -> Iterator[Reply]:
    """The reply to a GET request, open until the block ends. Raises Unreachable if there is none or it breaks off.

    The certificate must be that of the host in `place`, at whichever of the addresses it answers.
    """
    url = httpcore.URL(scheme=place.raw_scheme, host=place.raw_host, port=place.port, target=place.raw_path)
    try:
        with (
            httpcore.ConnectionPool(ssl_context=tls, network_backend=_Pinned(addresses, deadline)) as pool,
            pool.stream("GET", url, headers=[(b"Host", place.netloc), *headers]) as response,
        ):
            given: dict[str, str] = {}
            for raw_name, raw_value in response.headers:
                # Non-ASCII addresses in Location are UTF-8.
                name, value = raw_name.decode("ascii").lower(), raw_value.decode("utf-8", "replace")
                given[name] = f"{given[name]}, {value}" if name in given else value
            yield Reply(status=response.status, headers=given, chunks=iter(response.iter_stream()))
    except httpcore.TimeoutException as error:
        raise deadline.passed() from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise Unreachable(deadline.source, _reason(error)) from error


def _reason(error: Exception) -> str:
    cause = error.args[0] if error.args else None  # httpcore removes it from the exception chain
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not valid ({cause.verify_message}); check the address, or save the page and add the file"
    if isinstance(cause, ssl.SSLError):
        return f"cannot connect securely ({cause.reason}); check the address, or save the page and add the file"
    if isinstance(error, httpcore.ConnectError):
        return "does not take connections; check the address, or try again later"
    return "the answer breaks off or is not HTTP; try again later, or save the page and add the file"


class _Pinned(httpcore.NetworkBackend):
    """Connects only to the given addresses, whatever the host name resolves to now."""

    def __init__(self, addresses: Sequence[Address], deadline: Deadline) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError("no address")
        for others, address in zip(range(len(self._addresses) - 1, -1, -1), self._addresses, strict=True):
            limit_s = min(self._deadline.left_s(), _CONNECT_S if others else self._deadline.limit_s)
            try:
                stream = self._backend.connect_tcp(str(address), port, limit_s, local_address, socket_options)
                return _Stream(stream, self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


class _Stream(httpcore.NetworkStream):
    """A connection on which every operation is bound by the request's deadline, so that a slow-drip server cannot extend it."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left_s())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left_s())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, self._deadline.left_s()), self._deadline)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)
