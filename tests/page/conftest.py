"""A service in a process of its own, and a real browser that looks at its page."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright

ROOT = Path(__file__).parents[2]
# How long anything may take that is not what a test is about: machines are busy.
PATIENCE_S = 60
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

expect.set_options(timeout=PATIENCE_S * 1000)

# Opens a page: `visit(path, **options of the browser's context)`.
Visit = Callable[..., Page]


@contextmanager
def serving(index_dir: Path, **access: Any) -> Iterator[str]:
    """The address of a service over the articles of `corpus.py`."""
    command = [sys.executable, "-m", "tests.page.service", str(index_dir), json.dumps(access)]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
    process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        address = f"http://127.0.0.1:{int(process.stdout.readline())}"
        _wait_until_ready(address)
        yield address
    finally:
        process.kill()
        process.wait(PATIENCE_S)
        process.stdout.close()


def _wait_until_ready(address: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    with httpx.Client(base_url=address, trust_env=False) as client:
        while True:
            try:
                client.get("/healthz").raise_for_status()
                return
            except httpx.TransportError:
                assert time.monotonic() < deadline
                time.sleep(0.05)


@pytest.fixture(scope="package")
def page_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("page"), rate_limit="off") as address:
        yield address


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium as the system has it, or the one that `python -m playwright install chromium` brings.

    Not for the session: while Playwright runs, other tests of this worker could not run an event loop of their own.
    """
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        # The sandbox of Chromium needs rights that root in a container has not.
        chromium = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser: Browser, page_service: str) -> Iterator[Visit]:
    """Pages that fail the test when a script fails, the policy refuses something, or another host is asked."""
    faults: list[str] = []
    with ExitStack() as contexts:

        def visited(path: str = "/", *, address: str = page_service, **options: Any) -> Page:
            settings = {
                "locale": "en-GB",
                "viewport": {"width": 1280, "height": 800},
                "reduced_motion": "reduce",
                "service_workers": "block",
                **options,
            }
            context: BrowserContext = browser.new_context(**settings)
            contexts.callback(context.close)
            context.set_default_timeout(PATIENCE_S * 1000)
            page = context.new_page()
            page.on("pageerror", lambda error: faults.append(f"script: {error}"))
            page.on("console", lambda message: _note(faults, message.type, message.text))
            context.on("request", lambda request: _foreign(faults, request, address))
            page.goto(f"{address}{path}")
            return page

        yield visited
    assert faults == []


def _note(faults: list[str], kind: str, text: str) -> None:
    # An answer with an error status is logged by the browser; those are what some tests are about. Only tests that ask for
    # service workers have them: what they fetch cannot be intercepted.
    if kind in ("error", "warning") and not re.search("Failed to load resource|Service Worker registration blocked", text):
        faults.append(f"console: {text}")


def _foreign(faults: list[str], request: Request, address: str) -> None:
    if urlsplit(request.url).netloc != urlsplit(address).netloc:
        faults.append(f"another host: {request.url}")


def ask(page: Page, question: str) -> None:
    """Type a question and wait for the whole of its answer."""
    turns = page.locator(".turn").count()
    page.locator("#question").fill(question)
    page.locator("#question").press("Enter")
    page.locator(".turn").nth(turns).locator(".tools").wait_for()
