"""The interactive documentation of the HTTP interface, in a browser: it is drawn from the schema by a script."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.page.conftest import Visit


def test_the_documentation_shows_every_route(visit: Visit) -> None:
    page = visit("/docs")
    expect(page.locator(".opblock-summary-path", has_text="/v1/ask")).to_have_count(1)
    expect(page.locator(".opblock")).not_to_have_count(0)
    expect(page.get_by_text("Unable to render this definition")).to_have_count(0)
    page.locator(".opblock", has_text="/v1/search").first.click()
    expect(page.get_by_role("button", name="Try it out").first).to_be_visible()
