"""A real `coopbot serve` to measure, in a process of its own on a free port, and how to change its corpus."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from benchmarks.memory import peak_mib
from coopbot.settings import Settings

_ADMIN_TOKEN = "only-for-measuring-on-this-machine"
_START_TIMEOUT_S = 120.0
_POLL_S = 0.02

ADMIN_HEADERS = {"Authorization": f"Bearer {_ADMIN_TOKEN}"}
"""Lets a request change the corpus of a server that was started with `server_environ`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that is ready, and a client for it. `client` may be used from several threads."""

    client: httpx.Client
    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        """The id of its process."""
        return self.process.pid

    @property
    def address(self) -> tuple[str, int]:
        """(host, port)."""
        return self.client.base_url.host, self.client.base_url.port or 80

    def peak_mib(self) -> float | None:
        """The most memory that was resident so far. None where the system does not report it."""
        return peak_mib(self.pid)


def server_environ(settings: Settings) -> Mapping[str, str]:
    """The environment of a server with the corpus and index of `settings`, which accepts changes."""
    return {
        **os.environ,
        "COOPBOT_CORPUS_DIR": str(settings.corpus_dir),
        "COOPBOT_INDEX_DIR": str(settings.index_dir),
        "COOPBOT_ADMIN_TOKEN": _ADMIN_TOKEN,
    }


@contextmanager
def served(environ: Mapping[str, str], *options: str) -> Iterator[Server]:
    """A server with this environment and these options, stopped afterwards."""
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


def submit_article(client: httpx.Client, article: Mapping[str, str]) -> str:
    """Add an article. The id of the job that indexes it."""
    response = client.post("/v1/articles", json=dict(article), headers=ADMIN_HEADERS)
    return str(response.raise_for_status().json()["job_id"])


def submit_file(client: httpx.Client, name: str, content: bytes) -> str:
    """Add a document. The id of the job that reads and indexes it."""
    response = client.post("/v1/articles", files={"file": (name, content)}, headers=ADMIN_HEADERS)
    return str(response.raise_for_status().json()["job_id"])


# `Any`: JSON.
def get_job(client: httpx.Client, job_id: str) -> dict[str, Any]:
    """A job as it is now; its `state` is `queued`, `running`, `done` or `failed`."""
    job: dict[str, Any] = client.get(f"/v1/index/jobs/{job_id}", headers=ADMIN_HEADERS).raise_for_status().json()
    return job


def wait_for_job(client: httpx.Client, job_id: str) -> dict[str, Any]:
    """A job once it is done. Raises RuntimeError if it failed."""
    while (job := get_job(client, job_id))["state"] != "done":
        if job["state"] == "failed":
            raise RuntimeError(f"a change failed while measuring: {job['error']}")
        time.sleep(_POLL_S)
    return job


def _wait_until_ready(client: httpx.Client) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while True:
        try:
            client.get("/readyz").raise_for_status()
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return
