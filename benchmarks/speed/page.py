"""How soon the page can be used and shows an answer, in a real browser on this machine."""

from __future__ import annotations

import os
import shutil
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks.figure import Figure
from benchmarks.samples import QUESTIONS
from benchmarks.server import served
from coopbot.errors import Misconfigured
from coopbot.index.model.conversion import Step
from coopbot.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_ROUNDS = 5
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PATIENCE_MS = 120_000

# Runs before the page's own scripts: notes when they have taken over the form.
_NOTE_USABLE = """
new MutationObserver((_, observer) => {
  if (!document.querySelector('.views:not([hidden])')) return;
  window.usableMs = performance.now();
  observer.disconnect();
}).observe(document, {subtree: true, childList: true, attributes: true});
"""
# How long a question takes over the interface, and how long until its answer is drawn.
_TIME_API = """
async (question) => {
  const start = performance.now();
  const response = await fetch('/v1/ask', {
    method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({question}),
  });
  await response.json();
  return performance.now() - start;
}
"""
_TIME_PAGE = """
(question) => new Promise((resolve) => {
  document.getElementById('new').click();
  document.getElementById('question').value = question;
  const start = performance.now();
  new MutationObserver((_, observer) => {
    if (!document.querySelector('.turn .claims, .turn .none')) return;
    observer.disconnect();
    requestAnimationFrame(() => resolve(performance.now() - start));
  }).observe(document.getElementById('turns'), {subtree: true, childList: true});
  document.getElementById('form').requestSubmit();
})
"""


def run_page(settings: Settings, on_step: Step = lambda _: None) -> list[Figure]:
    """All figures, over the index of `settings`. Raises Misconfigured where there is no browser to drive."""
    on_step("serving")
    environ = {**os.environ, "COOPBOT_INDEX_DIR": str(settings.index_dir)}
    with served(environ) as server, _browser() as browser:
        address = str(server.client.base_url)
        on_step("opening the page")
        usable_ms, received_bytes = zip(*(_opened(browser, address) for _ in range(_ROUNDS)), strict=True)
        on_step("asking in the page")
        later_ms = _later_than_api(browser, address)
    return [
        Figure(
            name="page usable with an empty cache, median", value=statistics.median(usable_ms) / 1000, unit="s", goal="<= 1"
        ),
        Figure(name="what the browser loads for it", value=max(received_bytes) / 1000, unit="kB", goal="< 150"),
        Figure(name="answer shown later than over the interface, median", value=later_ms, unit="ms", goal="<= 100"),
    ]


def _opened(browser: Browser, address: str) -> tuple[float, int]:
    """Milliseconds from the navigation until the page can be used, and the bytes of its files; nothing is cached."""
    with _page(browser) as page:
        page.add_init_script(_NOTE_USABLE)
        files = []
        page.on("response", lambda response: files.append(response) if "/v1/" not in response.url else None)
        page.goto(address)
        page.wait_for_function("window.usableMs !== undefined")
        page.wait_for_load_state("networkidle")
        usable_ms = float(page.evaluate("window.usableMs"))
        return usable_ms, sum(len(response.body()) for response in files)


def _later_than_api(browser: Browser, address: str) -> float:
    """Median milliseconds, question by question, both asked in turn."""
    with _page(browser) as page:
        page.goto(address)
        page.wait_for_load_state("networkidle")
        differences: list[float] = []
        for question in QUESTIONS * _ROUNDS:
            api_ms = page.evaluate(_TIME_API, question)
            differences.append(page.evaluate(_TIME_PAGE, question) - api_ms)
        return statistics.median(differences)


@contextmanager
def _page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(_PATIENCE_MS)
    try:
        yield context.new_page()
    finally:
        context.close()


@contextmanager
def _browser() -> Iterator[Browser]:
    """Chromium as the system has it, or Playwright's own."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as exc:
        raise Misconfigured('the page is measured through Playwright; run: pip install "coopbot[dev]"') from exc
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        except Error as exc:
            raise Misconfigured("there is no Chromium to open the page in; run: make browser") from exc
        try:
            yield browser
        finally:
            browser.close()
