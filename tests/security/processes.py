"""A service in a process of its own, and connections to it that do not behave."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]
# How long anything may take that is not what a test is about: machines are busy.
_PATIENCE_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A service that is ready."""

    process: subprocess.Popen[str]
    port: int
    client: httpx.Client
    log: Path

    def connect(self, data: bytes = b"") -> socket.socket:
        """A connection over which so much was sent."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=_PATIENCE_S)
        connection.sendall(data)
        return connection

    def stop(self, within_s: float) -> int:
        """The exit code after SIGTERM. Raises subprocess.TimeoutExpired."""
        self.process.terminate()
        return self.process.wait(within_s)

    def logged(self) -> list[dict[str, Any]]:
        """The lines of its log, each of which must be JSON."""
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]


@contextmanager
def running(folder: Path, **options: Any) -> Iterator[Running]:
    """A service over an index in this folder, which is built if it is not there."""
    options = {"index_dir": str(folder / "index"), **options}
    command = [sys.executable, "-m", "tests.security.service", json.dumps(options)]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
    log = folder / "log"
    with log.open("w") as stderr:
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=stderr, text=True)
    assert process.stdout is not None
    try:
        port = int(process.stdout.readline())
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=_PATIENCE_S, trust_env=False) as client:
            _wait_until_ready(client)
            yield Running(process=process, port=port, client=client, log=log)
    finally:
        process.kill()
        process.wait(_PATIENCE_S)
        process.stdout.close()


def _wait_until_ready(client: httpx.Client) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            client.get("/healthz").raise_for_status()
            return
        except httpx.TransportError:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def received(connection: socket.socket) -> bytes:
    """Everything that is sent until the other side closes. Raises TimeoutError if it does not."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)
