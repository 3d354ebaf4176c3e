"""What the page says when the service is gone, slow to let somebody in, or stops in the middle of an answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import Visit, ask, serving

BRIDGE = "When did the Tongjiang railway bridge open to freight?"
RETRIEVED = 'event: retrieved\ndata: {"passages": 12}\n\n'


def submit(page: Page) -> None:
    page.locator("#question").fill(BRIDGE)
    page.locator("#question").press("Enter")


def answer_with(page: Page, body: str, status: int = 200, **headers: str) -> None:
    """What the service says to the next question."""
    kind = "text/event-stream" if status == 200 else "application/problem+json"
    page.route("**/v1/ask", lambda route: route.fulfill(status=status, body=body, content_type=kind, headers=headers), times=1)


def test_a_service_that_is_gone_is_said_to_be_and_can_be_asked_again(visit: Visit) -> None:
    page = visit()
    page.route("**/v1/ask", lambda route: route.abort(), times=1)
    submit(page)
    expect(page.locator(".turn .error")).to_contain_text("The service cannot be reached.")
    expect(page.locator("#status")).to_contain_text("cannot be reached")
    page.get_by_role("button", name="Ask again").click()
    expect(page.locator(".claim").first).to_contain_text("16 November 2022")


def test_a_connection_that_reaches_no_service_is_no_connection(visit: Visit) -> None:
    page = visit()
    page.route("**/v1/**", lambda route: route.abort())
    page.reload()
    expect(page.locator("#offline")).to_have_text("No connection to the service: only the answers in History can be read.")
    expect(page.locator("#overview .error")).to_contain_text("The service cannot be reached.")
    page.unroute("**/v1/**")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".map")).to_be_visible()
    expect(page.locator("#offline")).to_be_hidden()


def test_the_page_notices_by_itself_that_the_service_is_back(visit: Visit) -> None:
    page = visit()
    page.locator(".map").wait_for()
    page.route("**/v1/ask", lambda route: route.abort(), times=1)
    submit(page)
    expect(page.locator("#offline")).to_be_visible()
    expect(page.locator("#offline")).to_be_hidden()


@pytest.mark.parametrize(
    "cut",
    [
        RETRIEVED,
        RETRIEVED + "event: claims\ndata: {",
        RETRIEVED + 'event: read\ndata: {"passages": 3}\n\nevent: do',
        "",
    ],
)
def test_an_answer_that_stops_in_the_middle_is_no_answer(visit: Visit, cut: str) -> None:
    page = visit()
    answer_with(page, cut)
    submit(page)
    expect(page.locator(".turn .error")).to_contain_text("cannot be reached")
    expect(page.locator(".claim")).to_have_count(0)
    ask(page, BRIDGE)


def test_who_has_to_wait_sees_how_many_are_before(visit: Visit) -> None:
    page = visit(locale="ru-RU")
    page.evaluate(
        """const event = new TextEncoder().encode('event: waiting\\ndata: {"questions": 3}\\n\\n');
        window.fetch = async () => new Response(new ReadableStream({start: (events) => events.enqueue(event)}));"""
    )
    submit(page)
    expect(page.locator(".working")).to_have_text("В очереди. Вопросов перед вашим: 3.")


def test_who_comes_while_too_many_ask_learns_when_to_come_back(visit: Visit) -> None:
    page = visit()
    answer_with(page, json.dumps({"status": 503, "detail": "x"}), 503, **{"Retry-After": "15"})
    submit(page)
    expect(page.locator(".turn .error")).to_contain_text("Many people are asking right now. Please ask again in 15 seconds.")


@pytest.mark.parametrize(
    ("status", "text"),
    [(500, "something went wrong"), (503, "cannot reach my sources"), (422, "too long for me")],
)
def test_problems_are_in_words(visit: Visit, status: int, text: str) -> None:
    page = visit()
    answer_with(page, json.dumps({"status": status, "detail": "in technical terms"}), status)
    submit(page)
    expect(page.locator(".turn .error")).to_contain_text(text)
    expect(page.locator(".turn .error")).not_to_contain_text("technical")


def test_an_error_event_is_a_problem_too(visit: Visit) -> None:
    page = visit()
    answer_with(page, RETRIEVED + 'event: error\ndata: {"status": 503, "detail": "x"}\n\n')
    submit(page)
    expect(page.locator(".turn .error")).to_contain_text("cannot reach my sources")


@pytest.fixture(scope="module")
def strict(page_service: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service that lets nobody ask often."""
    with serving(tmp_path_factory.mktemp("strict"), rate_limit="4/hour") as address:
        yield address


def test_who_asks_too_often_learns_when_to_come_back(visit: Visit, strict: str) -> None:
    page = visit(address=strict)  # two requests of its own
    page.locator(".map").wait_for()
    page.wait_for_load_state("networkidle")
    for _ in range(3):
        submit(page)
        page.locator(".turn").last.locator(".tools, .error").wait_for()
    expect(page.locator(".turn").last.locator(".error")).to_contain_text(
        re.compile(r"Too many questions at once. Please try again in \d+ (sec|min)s?\.")
    )
