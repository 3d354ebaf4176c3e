"""Shows whether Telegram responds to the bot: a file touched at each response, and a health check over HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

# Several polls long, so that a single failure is no reason to restart.
_SILENT_AFTER_S = 120.0


class Heartbeat:
    """Records when Telegram last responded. Safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._beat_at_s = time.monotonic()

    def beat(self) -> None:
        """Record a response from Telegram."""
        self._beat_at_s = time.monotonic()
        with suppress(OSError):  # the health check does not need the file
            self._path.touch()

    @property
    def alive(self) -> bool:
        """Whether Telegram responded within _SILENT_AFTER_S."""
        return time.monotonic() - self._beat_at_s < _SILENT_AFTER_S


@asynccontextmanager
async def healthz(port: int | None, heartbeat: Heartbeat) -> AsyncIterator[None]:
    """A context in which `GET /healthz` on loopback answers 200 while Telegram responds, else 503. port: None for no server."""
    if port is None:
        yield
        return

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(5):
                request = await reader.readline()
                status = "200 OK" if heartbeat.alive else "503 Service Unavailable"
                if b" /healthz " not in request:
                    status = "404 Not Found"
                writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
                await writer.drain()
        except (OSError, ValueError, TimeoutError):
            pass  # the client is gone, or does not speak HTTP
        finally:
            writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", port):
        yield
