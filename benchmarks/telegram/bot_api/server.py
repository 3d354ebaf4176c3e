"""The account over HTTP, with faults on demand; and updates delivered to a webhook."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

import httpx

from benchmarks.telegram.bot_api.account import Account
from benchmarks.telegram.bot_api.checks import RefusedError
from benchmarks.telegram.bot_api.flood import Flood
from benchmarks.telegram.bot_api.updates import JsonObject

Fault = Literal["drop before", "drop after", "error before", "error after", "slow"]
"""What goes wrong with a call: dropped or answered with 502, before or after it takes effect; or answered late."""

_SLOW_S = 0.5
_RETRY_S = 0.05


class BotApi(Account):
    """An account behind a running server.

    fault: what goes wrong with the next call of a method. webhook_base: the address to which updates for the webhook are sent.
    """

    def __init__(self, flood: Flood | None = None) -> None:
        super().__init__(flood)
        self.url = ""
        self.fault: Callable[[str], Fault | None] = lambda method: None
        self.webhook_base = ""


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """A killed bot breaks its connections; report only other errors."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def bot_api(flood: Flood | None = None) -> Iterator[BotApi]:
    """A server on a free port."""
    api = BotApi(flood)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or each answer would wait 40 ms for an acknowledgement

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            body = self.rfile.read(length).decode()
            if len(body) < length:  # the bot was killed while sending; its requests are ASCII
                self.close_connection = True
                return
            _, _, token_and_method = self.path.partition("/bot")
            token, _, method = token_and_method.partition("/")
            fault = api.fault(method)
            if fault in ("drop before", "error before"):
                self._fail(fault)
                return
            status, content = _answered(api, token, method, dict(parse_qsl(body, keep_blank_values=True)))
            if fault in ("drop after", "error after"):
                self._fail(fault)
                return
            if fault == "slow":
                time.sleep(_SLOW_S)
            self._answer(status, json.dumps(content).encode())

        def do_GET(self) -> None:
            file_id = self.path.rpartition("/")[2]
            found = api.files.get(file_id)
            self._answer(404 if found is None else 200, found or b"")

        def _fail(self, fault: Fault) -> None:
            if fault.startswith("drop"):
                self.close_connection = True
            else:
                self._answer(502, b"<html>Bad Gateway</html>")

        def _answer(self, status: int, payload: bytes) -> None:
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)
            except ConnectionError:
                self.close_connection = True  # the bot ended a poll

        def log_message(self, format: str, *args: object) -> None:
            pass

    with _Quiet(("127.0.0.1", 0), Handler) as server:
        api.url = f"http://127.0.0.1:{server.server_port}"
        threads = [
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}),
            threading.Thread(target=_deliver_to_webhook, args=(api,)),
        ]
        for thread in threads:
            thread.start()
        try:
            yield api
        finally:
            api.close()
            server.shutdown()
            for thread in threads:
                thread.join()


def _answered(api: BotApi, token: str, method: str, params: dict[str, str]) -> tuple[int, JsonObject]:
    try:
        return 200, {"ok": True, "result": api.call(token, method, params)}
    except RefusedError as refusal:
        if refusal.code == 400:
            api.refused.append(refusal.description)
        given = {"retry_after": refusal.retry_after_s, "migrate_to_chat_id": refusal.migrate_to_chat_id}
        parameters = {name: value for name, value in given.items() if value is not None}
        failure: JsonObject = {"ok": False, "error_code": refusal.code, "description": refusal.description}
        return refusal.code, failure | ({"parameters": parameters} if parameters else {})


def _deliver_to_webhook(api: BotApi) -> None:
    """Deliver one update after another, each until the bot accepts it."""
    with httpx.Client(trust_env=False) as client:
        while not api.closed:
            update = api.next_delivery(timeout_s=0.1)
            if update is None:
                continue
            address = api.webhook_base + urlsplit(api.webhook["url"]).path
            headers = {"X-Telegram-Bot-Api-Secret-Token": api.webhook["secret_token"]}
            try:
                accepted = client.post(address, json=update, headers=headers).is_success
            except httpx.TransportError:
                accepted = False
            if accepted:
                api.delivered()
            else:
                time.sleep(_RETRY_S)
