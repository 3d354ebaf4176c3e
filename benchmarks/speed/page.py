"""How soon the web page is usable and shows an answer, in a browser on this machine."""

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

# Runs before the page's own scripts and records when they have taken over the form.
_RECORD_USABLE = """
new MutationObserver((_, observer) => {
  if (!document.querySelector('.views:not([hidden])')) return;
  window.usableMs = performance.now();
  observer.disconnect();
}).observe(document, {subtree: true, childList: true, attributes: true});
"""
# Milliseconds until the API has answered a question, and until the page has drawn the answer.
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
    if (!document.querySelector('.turn .claim, .turn .no_evidence')) return;
    observer.disconnect();
    requestAnimationFrame(() => resolve(performance.now() - start));
  }).observe(document.getElementById('turns'), {subtree: true, childList: true});
  document.getElementById('form').requestSubmit();
})
"""


def run_page(settings: Settings, on_step: Step = lambda _: None) -> list[Figure]:
    """All figures, with the index of `settings`. Raises Misconfigured if there is no Chromium or no Playwright."""
    on_step("serving")
    environ = {**os.environ, "COOPBOT_INDEX_DIR": str(settings.index_dir)}
    with served(environ) as server, _browser() as browser:
        address = str(server.client.base_url)
        on_step("opening the page")
        usable_ms, loaded_bytes = zip(*(_open(browser, address) for _ in range(_ROUNDS)), strict=True)
        on_step("asking in the page")
        delay_ms = _delay_after_api_ms(browser, address)
    return [
        Figure(
            name="page usable with an empty cache, median", value=statistics.median(usable_ms) / 1000, unit="s", goal="<= 1"
        ),
        Figure(name="files that the browser loads for it", value=max(loaded_bytes) / 1000, unit="kB", goal="< 170"),
        Figure(name="delay from the answer of the API to that on the page, median", value=delay_ms, unit="ms", goal="<= 100"),
    ]


def _open(browser: Browser, address: str) -> tuple[float, int]:
    """With an empty cache: milliseconds from navigation until the page is usable, and the bytes of its files."""
    with _page(browser) as page:
        page.add_init_script(_RECORD_USABLE)
        files = []
        page.on("response", lambda response: files.append(response) if "/v1/" not in response.url else None)
        page.goto(address)
        page.wait_for_function("window.usableMs !== undefined")
        page.wait_for_load_state("networkidle")
        usable_ms = float(page.evaluate("window.usableMs"))
        return usable_ms, sum(len(response.body()) for response in files)


def _delay_after_api_ms(browser: Browser, address: str) -> float:
    """Median difference in milliseconds between page and API, which get each question in turn."""
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
    """The Chromium of the system, or else Playwright's."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as exc:
        raise Misconfigured('Playwright is not installed; run: pip install -e ".[dev]"') from exc
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        except Error as exc:
            raise Misconfigured("there is no Chromium; run: make browser") from exc
        try:
            yield browser
        finally:
            browser.close()
