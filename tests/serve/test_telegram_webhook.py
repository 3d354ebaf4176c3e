"""The bot within the HTTP service, by polling and by webhook: real connections both ways, one process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from benchmarks.telegram.bot_api.checks import RefusedError
from benchmarks.telegram.bot_api.server import BotApi
from benchmarks.telegram.bot_api.updates import TOKEN
from benchmarks.telegram.bot_api.updates import message as incoming

_PROGRAM = """
import os, signal, sys
from pathlib import Path
from coopbot.errors import CoopbotError
from coopbot.serve.http.webhook import WEBHOOK_PATH
from coopbot.serve.admission import Admission
from coopbot.serve.http.service import HttpService
from coopbot.serve.run import listen, run_http
from coopbot.serve.telegram.context import Backend
from coopbot.state import State
from coopbot.serve.telegram.service import BackgroundBot, BotProcess, BotService
from coopbot.sections import BotSettings
from tests.serve.telegram_bot import NO_LIMITS, QUICK, FakeAnswers, make_index

token, api_url, folder, port, webhook = sys.argv[1:]
index, answers = make_index(Path(folder) / "index"), FakeAnswers()
settings = BotSettings(token=token, api_url=api_url, webhook_url="https://coopbot.example" if webhook else None)
process = BotProcess(heartbeat=Path(folder) / "heartbeat", shutdown_s=10, webhook_path=WEBHOOK_PATH, lease_s=1.0,
                     patience=QUICK, quota=NO_LIMITS)
backend = Backend(answerer=answers, index=index, admission=Admission())
service = BotService(backend, settings, process, State(Path(folder) / "state.sqlite"))
bot = BackgroundBot(service, lambda: os.kill(os.getpid(), signal.SIGTERM))
try:
    run_http(HttpService(answerer=answers, index=index), listen("127.0.0.1", int(port)), telegram=bot, shutdown_s=5)
except CoopbotError as error:
    print(type(error).__name__)
    sys.exit(1)
"""


@contextmanager
def _served(api: BotApi, folder: Path, port: int, *, webhook: bool) -> Iterator[subprocess.Popen[bytes]]:
    root = Path(__file__).parents[2]
    api.webhook_base = f"http://127.0.0.1:{port}"
    arguments = [TOKEN, api.url, str(folder), str(port), "yes" if webhook else ""]
    environ = os.environ | {"PYTHONPATH": f"{root / 'src'}{os.pathsep}{root}"}
    process = subprocess.Popen([sys.executable, "-c", _PROGRAM, *arguments], stdout=subprocess.PIPE, env=environ)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.process
@pytest.mark.parametrize("webhook", [True, False])
def test_questions_are_answered_within_the_http_service(api: BotApi, tmp_path: Path, free_port: int, webhook: bool) -> None:
    with _served(api, tmp_path, free_port, webhook=webhook) as process:
        for number in range(5):
            api.deliver(incoming(f"question {number}?"))
        api.wait_for_sent(5, 60)
        assert httpx.get(f"http://127.0.0.1:{free_port}/healthz").status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    assert bool(api.called("getUpdates")) != webhook
    assert api.unconfirmed == 0


@pytest.mark.process
def test_updates_without_the_secret_are_refused(api: BotApi, tmp_path: Path, free_port: int) -> None:
    url = f"http://127.0.0.1:{free_port}/telegram/webhook"
    with _served(api, tmp_path, free_port, webhook=True):
        api.wait_until(lambda: bool(api.webhook), 60)
        update = {"update_id": 5, "message": incoming("forged?", message_id=1)}
        secret = api.webhook["secret_token"]
        for wrong in (None, "", "x" * len(secret), secret[:-1], "ü"):
            headers = {} if wrong is None else {b"X-Telegram-Bot-Api-Secret-Token": wrong.encode()}
            assert httpx.post(url, json=update, headers=headers).status_code == 403
        right = {"X-Telegram-Bot-Api-Secret-Token": secret}
        no_chat = {**incoming("real?"), "chat": {"type": "private"}}
        deep = b"[" * 50_000 + b"]" * 50_000
        # Telegram repeats what is not accepted, so that it would come for ever.
        for body in (
            b"",
            b"[]",
            b"{}",
            b'{"update_id": "x"}',
            b"\xff",
            b'{"update_id": 1e99}',
            b'{"update_id": %d}' % 2**80,
            deep,
        ):
            assert httpx.post(url, content=body, headers=right).status_code == 200
        assert httpx.post(url, json={"update_id": 6, "message": no_chat}, headers=right).status_code == 200
        large = {"update_id": 7, "message": {**incoming("large?", message_id=2), "unknown": "y" * 200_000}}
        assert httpx.post(url, json=large, headers=right).status_code == 200
        api.wait_for_sent(1)
        api.deliver(incoming("real?"))
        api.wait_for_sent(2)
    assert len(api.sent) == 2


@pytest.mark.process
def test_a_bot_that_telegram_refuses_ends_the_service_with_an_error(api: BotApi, tmp_path: Path, free_port: int) -> None:
    for _ in range(20):
        api.refuse_next("getUpdates", RefusedError(401, "Unauthorized"))
    with _served(api, tmp_path, free_port, webhook=False) as process:
        output, _ = process.communicate(timeout=60)
    assert (process.returncode, output) == (1, b"Misconfigured\n")
