from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.base import AxeResults
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.page.conftest import PATIENCE_S, Visit, ask, serving
from tests.page.corpus import ARTICLES
from tests.page.service import ADMIN_TOKEN

KEY = "a-key-for-reading-0123"
LINKED = "How%20much%20was%20the%20dry%20port%20in%20Hunchun%20to%20cost%3F&in=gone&is=other"


def test_a_place_on_the_map_limits_the_articles(visit: Visit) -> None:
    page = visit("/#sources")
    expect(page.locator("#overview .count")).to_have_text(re.compile("^8 articles$"))
    page.locator(".map .place", has=page.locator("title", has_text="Hunchun")).click()
    expect(page.locator("#overview .count")).to_have_text(re.compile("^2 of 8 articles$"))
    expect(page.locator(".recent a")).to_have_text(["The price of a dry port", "A dry port is planned"])
    expect(page.locator(".places [aria-pressed=true]")).to_contain_text("Hunchun")
    page.get_by_role("button", name="All places").click()
    expect(page.locator("#overview .count")).to_have_text(re.compile("^8 articles$"))


@pytest.mark.parametrize(("locale", "name"), [("en-GB", "Hunchun"), ("zh-CN", "珲春"), ("ru-RU", "Хуньчунь")])
def test_a_place_on_the_map_limits_the_next_question_until_its_chip_is_removed(visit: Visit, locale: str, name: str) -> None:
    page = visit("/#sources", locale=locale)
    page.locator(".map .place", has=page.locator("title", has_text=name)).click()
    page.locator(".views a[href='#ask']").click()
    chip = page.locator(".chips button:not(.quiet)")
    expect(chip).to_have_text(re.compile(name))
    ask(page, "When did the Tongjiang railway bridge open to freight?")
    expect(page.locator(".turn .title").first).to_be_visible()
    ours = {article.title for article in ARTICLES if "Hunchun" in article.text}
    assert set(page.locator(".turn .title").all_inner_texts()) <= ours
    chip.click()
    expect(chip).to_have_count(0)
    ask(page, "When did the Tongjiang railway bridge open to freight?")
    expect(page.locator(".turn").last.locator(".title").first).to_have_text("A railway bridge over the Amur")


def test_a_year_on_the_timeline_limits_the_articles_and_opens_its_months(visit: Visit) -> None:
    page = visit("/#sources")
    page.get_by_role("button", name="2015: 1").click()
    expect(page.locator(".recent a")).to_have_text(["The price of a dry port"])
    expect(page.locator(".bars li")).to_have_count(12)
    page.get_by_role("button", name="Nov 2015: 1").click()
    expect(page.locator(".recent a")).to_have_text(["The price of a dry port"])
    page.get_by_role("button", name="All years").click()
    expect(page.locator(".recent a")).to_have_count(8)


def test_a_new_article_opens_beside_the_list(visit: Visit) -> None:
    page = visit("/#sources")
    page.get_by_role("link", name="黑河公路大桥").click()
    expect(page.locator("#reader .text")).to_contain_text("大桥连接黑河与布拉戈维申斯克")


def test_examples_are_only_questions_that_are_answered(visit: Visit) -> None:
    page = visit()
    example = page.locator(".examples button").first
    asked = example.inner_text()
    example.click()
    expect(page.locator("h2.asked")).to_have_text(asked)
    expect(page.locator(".claim").first).to_be_visible()


@pytest.fixture
def articles_stay(page_service: str) -> Iterator[None]:
    """Articles that a test adds are removed, so that others find those of `corpus.py` alone."""
    admin = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    with httpx.Client(base_url=page_service, headers=admin, timeout=PATIENCE_S, trust_env=False) as client:
        yield
        listed = client.get("/v1/articles").raise_for_status().json()["articles"]
        added = {article["article_id"] for article in listed} - {article.article_id for article in ARTICLES}
        for article_id in added:
            job_id = client.delete(f"/v1/articles/{article_id}").raise_for_status().json()["job_id"]
            deadline = time.monotonic() + PATIENCE_S
            while (state := client.get(f"/v1/index/jobs/{job_id}").raise_for_status().json()["state"]) != "done":
                assert state != "failed"
                assert time.monotonic() < deadline
                time.sleep(0.05)


@pytest.mark.usefixtures("articles_stay")
def test_an_admin_adds_a_file_and_it_answers(visit: Visit, tmp_path: Path) -> None:
    note = tmp_path / "ferry.txt"
    note.write_text("The ferry at Poyarkovo carried 71 lorries in 2019.", encoding="utf-8")
    page = visit("/#add")
    page.get_by_label("Admin token").fill(ADMIN_TOKEN)
    page.get_by_label("or a file").set_input_files(str(note))
    page.locator("#add").get_by_role("button", name="Add").click()
    expect(page.locator(".jobs li")).to_have_class("done")
    expect(page.locator(".jobs li")).to_contain_text("added")
    page.get_by_role("link", name="Ask", exact=True).click()
    ask(page, "How many lorries did the ferry at Poyarkovo carry in 2019?")
    expect(page.locator(".claim").first).to_contain_text("71 lorries")


def test_a_wrong_token_and_an_unreachable_address_are_explained(visit: Visit) -> None:
    page = visit("/#add")
    page.get_by_label("Web address").fill("https://nowhere.example/a")
    page.get_by_label("Admin token").fill("not-the-token-at-all")
    page.locator("#add").get_by_role("button", name="Add").click()
    expect(page.locator(".jobs li").first).to_contain_text("not added: this is not the admin token")
    page.get_by_label("Web address").fill("https://nowhere.example/a")
    page.get_by_label("Admin token").fill(ADMIN_TOKEN)
    page.locator("#add").get_by_role("button", name="Add").click()
    expect(page.locator(".jobs li").first).to_contain_text("answered 404")


@pytest.fixture(scope="module")
def locked(page_service: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service that needs a key."""
    with serving(tmp_path_factory.mktemp("locked"), api_keys=[KEY], rate_limit="off") as address:
        yield address


def test_where_keys_are_needed_the_page_asks_for_one(visit: Visit, locked: str) -> None:
    page = visit(address=locked)
    page.locator("#question").fill("When did the Tongjiang railway bridge open?")
    page.locator("#question").press("Enter")
    expect(page.locator(".turn form.key")).to_contain_text("requires an API key")
    page.locator(".turn").get_by_label("API key").fill("not-this-one-0123")
    page.locator(".turn").get_by_role("button", name="Continue").click()
    expect(page.locator(".turn form.key")).to_contain_text("not valid")
    page.locator(".turn").get_by_label("API key").fill(KEY)
    page.locator(".turn").get_by_role("button", name="Continue").click()
    page.locator(".turn .tools").wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en-GB", "zh-CN", "ru-RU"])
def test_axe_finds_no_violation(visit: Visit, locale: str, theme: str) -> None:
    page = visit(locale=locale, color_scheme=theme)
    page.locator(".map").wait_for()
    found = {"landing": Axe().run(page)}
    page.locator("#filters summary").click()
    ask(page, "How much was the dry port in Hunchun to cost?")
    ask(page, "Who painted the famous ceiling?")
    page.locator(".copy summary").first.click()
    found["answers"] = Axe().run(page)
    page.locator(".turn .title").last.click()
    page.locator("#reader .text p").first.wait_for()
    found["article"] = Axe().run(page)
    page.keyboard.press("Escape")
    for view in ("sources", "add"):
        page.evaluate("view => { location.hash = view }", view)
        found[view] = Axe().run(page)
    path = page.evaluate("document.querySelector('.recent a').getAttribute('href')")
    page.goto(page.url.partition("#")[0].rstrip("/") + path)
    found["page of an article"] = Axe().run(page)
    _no_violation(found)


def _no_violation(found: dict[str, AxeResults]) -> None:
    violations = {
        name: [(one["id"], [node["target"] for node in one["nodes"]]) for one in results.response["violations"]]
        for name, results in found.items()
    }
    assert not any(violations.values()), json.dumps(violations, indent=1)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("locale", "width"), [("en-GB", 320), ("zh-CN", 320), ("ru-RU", 320), ("en-GB", 1280), ("ru-RU", 700)])
def test_axe_finds_no_violation_in_what_is_kept_and_handed_on(visit: Visit, locale: str, width: int, theme: str) -> None:
    phone = {"has_touch": True, "is_mobile": True} if width < 1000 else {}
    page = visit("/#q=" + LINKED, locale=locale, color_scheme=theme, viewport={"width": width, "height": 740}, **phone)
    page.locator(".since").wait_for()
    page.locator(".next button").first.wait_for()
    page.locator(".verdict.bad").last.click()
    found = {"feedback, and questions to ask next": Axe().run(page)}
    page.locator("#filters summary").click()
    page.locator("input[name=languages][value=zh]").check()
    ask(page, "When did the Tongjiang railway bridge open to freight?")
    page.locator(".filtered").wait_for()
    found["a refusal because of filters"] = Axe().run(page)
    page.locator("#new").click()
    found["undo"] = Axe().run(page)
    page.evaluate("location.hash = 'history'")
    page.locator(".kept summary").last.click()
    page.locator(".kept .claim").first.wait_for()
    found["history"] = Axe().run(page)
    page.context.set_offline(True)
    page.evaluate("location.hash = 'ask'")
    page.locator("#offline").wait_for()
    found["without a connection"] = Axe().run(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    _no_violation(found)
