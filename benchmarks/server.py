"""A real `coopbot serve` to measure: a process of its own on a free port."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that is ready, and a client for it. `client` may be used from several threads."""

    client: httpx.Client
    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self.process.pid

    def peak_mib(self) -> float | None:
        """Peak resident memory so far, where the system tells it."""
        return peak_mib(self.pid)


@contextmanager
def served(environ: Mapping[str, str], *options: str) -> Iterator[Server]:
    """A server with these settings and options, stopped afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = {"COOPBOT_RATE_LIMIT": "off", **environ, "COOPBOT_HOST": "127.0.0.1", "COOPBOT_PORT": str(port)}
    command = [sys.executable, "-m", "coopbot", "serve", *options]
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False, limits=limits) as client:
            _wait_until_ready(client)
            yield Server(client=client, process=process)
    finally:
        process.terminate()
        process.wait(timeout=60)


def _wait_until_ready(client: httpx.Client, limit_s: float = 120) -> None:
    deadline = time.monotonic() + limit_s
    while True:
        try:
            client.get("/readyz").raise_for_status()
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def peak_mib(pid: int | Literal["self"]) -> float | None:
    """Peak resident memory of a process, where the system tells it."""
    return _memory_mib(pid, "VmHWM")


def resident_mib(pid: int | Literal["self"]) -> float | None:
    """Resident memory of a process now, where the system tells it."""
    return _memory_mib(pid, "VmRSS")


def own_memory_mib(pid: int) -> float | None:
    """Memory that no other process uses as well, where the system tells it."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return None
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def children(pid: int) -> list[int]:
    """Processes that this one started, where the system tells it."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def restart_peak(pid: int) -> None:
    """Let the peak of a process begin at what it has now, where the system can."""
    with suppress(OSError):
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def _memory_mib(pid: int | Literal["self"], name: str) -> float | None:
    status = Path(f"/proc/{pid}/status")
    if not status.is_file():
        return None
    line = next(line for line in status.read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024
