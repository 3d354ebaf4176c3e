"""Runs the HTTP service until it is told to stop."""

from __future__ import annotations

import logging
import socket
from importlib.metadata import version

import structlog
import uvicorn

from coopbot.ask.answerer import Answerer
from coopbot.errors import Misconfigured
from coopbot.index.live import LiveIndex
from coopbot.serve.http.app import create_app


def listen(host: str, port: int) -> list[socket.socket]:
    """Take the address before anything slow is done. Raises Misconfigured if it is in use or not ours."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        taken = socket.socket(family, kind, protocol)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(address)
    except OSError as exc:
        raise Misconfigured(
            f"cannot listen on {host}:{port} ({exc.strerror}); set COOPBOT_HOST and COOPBOT_PORT to a free address"
        ) from exc
    return [taken]


def run_http(answerer: Answerer, index: LiveIndex, sockets: list[socket.socket]) -> None:
    """Serve on sockets from `listen`. Access lines are left to our own log: uvicorn's would show the questions in URLs."""
    logging.basicConfig(level=logging.WARNING)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        cache_logger_on_first_use=True,
    )
    service = create_app(answerer, index, version=version("coopbot"))
    uvicorn.Server(uvicorn.Config(service, access_log=False, log_level="warning")).run(sockets=sockets)
