"""Binds the address of a service. Imports little, because the process that starts workers needs nothing else."""

from __future__ import annotations

import socket

from coopbot.errors import Misconfigured


def listen(host: str, port: int) -> list[socket.socket]:
    """Bind the address, before anything slow is done. Raises Misconfigured if it is in use or not on this machine."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        taken = socket.socket(family, kind, protocol)
        try:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(address)
        except OSError:
            taken.close()
            raise
    except OSError as exc:
        raise Misconfigured(
            f"cannot listen on {host}:{port} ({exc.strerror}); set COOPBOT_HOST and COOPBOT_PORT to a free address"
        ) from exc
    return [taken]
