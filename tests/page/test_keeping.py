"""What is kept and handed on: links to answers, history, feedback, a new conversation undone, the page without a connection."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import PATIENCE_S, Visit, ask, serving
from tests.page.corpus import ARTICLES
from tests.page.service import ADMIN_TOKEN

BRIDGE = "When did the Tongjiang railway bridge open to freight?"
DRY_PORT = "How much was the dry port in Hunchun to cost?"
CARGO = "How much cargo did the Tongjiang railway bridge carry in 2023?"
CLIPBOARD = ["clipboard-read", "clipboard-write"]


def link_to_last(page: Page) -> str:
    """The link that the last answer's menu copies, without the address of the service."""
    tools = page.locator(".turn").last.locator(".tools")
    tools.locator(".copy summary").click()
    tools.get_by_role("button", name="Link to this answer").click()
    expect(tools.locator(".note")).to_have_text("✓ Copied.")
    return str(page.evaluate("navigator.clipboard.readText()")).partition("/#")[2]


def open_history(page: Page) -> None:
    page.locator(".views a[href='#history']").click()


def test_a_link_shares_the_answer_of_a_follow_up(visit: Visit) -> None:
    page = visit(permissions=CLIPBOARD)
    ask(page, CARGO)
    ask(page, "and in 2024?")
    answer = page.locator(".turn").last.locator(".claim").first.inner_text()
    other = visit(f"/#{link_to_last(page)}")
    other.locator(".turn .tools").wait_for()
    assert other.locator(".claim").first.inner_text() == answer
    expect(other.locator("h2.asked")).to_contain_text("Tongjiang railway bridge")
    expect(other.locator(".since")).to_have_count(0)  # nothing has changed


def test_a_link_has_the_filters_and_asks_with_them_alone(visit: Visit) -> None:
    page = visit(permissions=CLIPBOARD)
    page.locator("#filters summary").click()
    page.get_by_label("Russian").check()
    page.get_by_label("From").fill("2019-01-01")
    ask(page, BRIDGE)
    link = link_to_last(page)
    other = visit(f"/#{link}")
    expect(other.locator(".chips button:not(.quiet)")).to_have_text([re.compile("Russian"), re.compile(r"1\sJanuary\s2019")])
    other.locator(".turn .tools").wait_for()
    assert {title.get_attribute("lang") for title in other.locator(".turn .title").all()} <= {"ru"}


@pytest.mark.parametrize(("mark", "line"), [("", "and so has the answer"), ("same", "the answer is the same")])
def test_a_link_to_a_snapshot_that_is_gone_says_so(visit: Visit, mark: str, line: str) -> None:
    page = visit(permissions=CLIPBOARD)
    ask(page, BRIDGE)
    link = re.sub(r"in=[^&]*", "in=gone", link_to_last(page))
    other = visit(f"/#{link if mark else re.sub(r'is=[^&]*', 'is=other', link)}")
    expect(other.locator(".since")).to_contain_text(line)
    expect(other.locator(".claim mark").first).to_have_text("16 November")


@pytest.mark.parametrize("link", ["q=", "q=%20", "q=x&in=&from=yesterday", "q=a&languages=tlh&places=atlantis"])
def test_a_broken_link_breaks_nothing(visit: Visit, link: str) -> None:
    page = visit(f"/#{link}")
    expect(page.locator("#question")).to_be_visible()
    page.wait_for_load_state("networkidle")
    expect(page.locator(".working")).to_have_count(0)


def test_what_was_answered_is_found_again_in_the_history(visit: Visit) -> None:
    page = visit()
    for question in (BRIDGE, DRY_PORT):
        ask(page, question)
    open_history(page)
    expect(page.locator(".kept h2")).to_have_text([DRY_PORT, BRIDGE])
    page.get_by_label("Search").fill("tongjiang 16")
    expect(page.locator(".kept h2")).to_have_text([BRIDGE])
    page.locator(".kept summary").first.click()
    expect(page.locator(".kept .claim mark").first).to_have_text("16 November")
    page.reload()
    expect(page.locator(".kept h2")).to_have_text([DRY_PORT, BRIDGE])


def test_a_deletion_can_be_undone(visit: Visit) -> None:
    page = visit()
    for question in (BRIDGE, DRY_PORT):
        ask(page, question)
    open_history(page)
    page.get_by_role("button", name=f"Delete: {BRIDGE}").click()
    expect(page.locator(".kept h2")).to_have_text([DRY_PORT])
    expect(page.locator("#toast")).to_contain_text("Deleted: 1.")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".kept h2")).to_have_text([DRY_PORT, BRIDGE])
    page.get_by_role("button", name="Delete all").click()
    expect(page.locator(".kept h2")).to_have_count(0)
    page.reload()
    expect(page.locator("#kept .count")).to_have_text("Nothing is kept yet.")


def test_the_history_is_exported_as_markdown(visit: Visit) -> None:
    page = visit()
    for question in (BRIDGE, DRY_PORT):
        ask(page, question)
    open_history(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as Markdown").click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert download.value.suggested_filename.endswith(".md")
    assert "The Tongjiang railway bridge opened to freight on 16 November 2022. [1]" in text
    assert text.count("/#q=") == 2
    expect(page.locator("#toast")).to_have_text("Saved as a file.")


def test_nothing_is_kept_if_the_reader_does_not_want_it(visit: Visit) -> None:
    page = visit()
    open_history(page)
    page.get_by_label("Keep answers").uncheck()
    page.reload()
    page.locator(".views a[href='#ask']").click()
    ask(page, BRIDGE)
    open_history(page)
    expect(page.get_by_label("Keep answers")).not_to_be_checked()
    expect(page.locator("#kept .count")).to_have_text("Nothing is kept yet.")


# Puts entries into the database of the page, which has opened it.
_FILL = """
(count) => new Promise((resolve, reject) => {
  const request = indexedDB.open("coopbot", 1);
  request.onsuccess = () => {
    const transaction = request.result.transaction(["entries", "answers"], "readwrite");
    for (let n = 0; n < count; n++) {
      const id = String(1000 + n).padStart(15, "0") + "-x";
      transaction.objectStore("entries").put({ id, at: 1000 + n, question: `Question ${n}`, first: "words ".repeat(40) });
      transaction.objectStore("answers").put({ id, turn: { question: "", answer: null } });
    }
    transaction.oncomplete = () => resolve(true);
    transaction.onabort = reject;
  };
})
"""


def test_five_thousand_answers_are_listed_and_the_oldest_makes_room(visit: Visit) -> None:
    page = visit()
    open_history(page)
    expect(page.locator("#kept .count")).to_have_text("Nothing is kept yet.")
    page.evaluate(_FILL, 5000)
    page.locator(".views a[href='#ask']").click()
    ask(page, BRIDGE)
    open_history(page)
    expect(page.locator("#kept .count")).to_have_text("5,000 of 5,000")
    expect(page.locator(".kept h2")).to_have_count(50)
    page.get_by_label("Search").fill("question 4999")
    expect(page.locator(".kept h2")).to_have_text(["Question 4999"])
    page.get_by_label("Search").fill("question 0 words")
    assert "Question 0" not in page.locator(".kept h2").all_inner_texts()


_FULL = """
const put = IDBObjectStore.prototype.put;
IDBObjectStore.prototype.put = function (...given) {
  const request = put.apply(this, given);
  const { transaction } = this;
  const error = new DOMException("full", "QuotaExceededError");
  Object.defineProperty(transaction, "error", { get: () => error, configurable: true });
  request.addEventListener("success", () => transaction.abort());
  return request;
};
"""
_FORBIDDEN = "indexedDB.open = () => { throw new DOMException('no', 'SecurityError'); };"


@pytest.mark.parametrize(
    ("fault", "line"), [(_FULL, "storage of this browser is full"), (_FORBIDDEN, "does not let the page keep")]
)
def test_where_nothing_can_be_kept_the_history_says_why_and_asking_works(visit: Visit, fault: str, line: str) -> None:
    page = visit("/docs")
    page.add_init_script(fault)
    page.goto(page.url.removesuffix("docs"))
    ask(page, BRIDGE)
    expect(page.locator(".claim mark").first).to_have_text("16 November")
    open_history(page)
    expect(page.locator("#kept .error")).to_contain_text(line)
    page.locator(".views a[href='#ask']").click()
    ask(page, DRY_PORT)


# As Chromium does it where a reader allows no data of sites.
_ALL_FORBIDDEN = f"""
for (const name of ["localStorage", "sessionStorage"]) {{
  Object.defineProperty(window, name, {{ get() {{ throw new DOMException("no", "SecurityError"); }} }});
}}
{_FORBIDDEN}
"""


def test_where_no_storage_is_allowed_at_all_asking_and_follow_ups_work(visit: Visit) -> None:
    page = visit("/docs")
    page.add_init_script(_ALL_FORBIDDEN)
    page.goto(page.url.removesuffix("docs"))
    ask(page, CARGO)
    ask(page, "and in 2024?")
    expect(page.locator(".turn").last.locator("q")).to_contain_text("Tongjiang railway bridge")
    open_history(page)
    expect(page.get_by_label("Keep answers")).not_to_be_checked()
    expect(page.locator("#kept .error")).to_contain_text("does not let the page keep")


def test_a_new_conversation_can_be_undone(visit: Visit) -> None:
    page = visit()
    ask(page, CARGO)
    page.locator("#new").click()
    expect(page.locator(".turn")).to_have_count(0)
    expect(page.locator("#toast")).to_contain_text("A new conversation has begun.")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("h2.asked")).to_have_text(CARGO)
    ask(page, "and in 2024?")
    expect(page.locator(".turn").last.locator("q")).to_contain_text("Tongjiang railway bridge")  # the conversation goes on


def test_feedback_is_sent_only_after_the_reader_has_seen_what_goes_along(visit: Visit) -> None:
    page = visit()
    sent: list[dict[str, object]] = []
    page.on(
        "request", lambda request: sent.append(json.loads(request.post_data or "{}")) if "/feedback" in request.url else None
    )
    ask(page, BRIDGE)
    page.get_by_role("button", name="Bad answer").click()
    expect(page.locator(".judging")).to_contain_text("Sent with this: your question")
    assert sent == []
    page.locator(".judging textarea").fill("It was the 17th.")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#toast")).to_have_text("Sent. Thank you.")
    expect(page.get_by_role("button", name="Bad answer")).to_have_attribute("aria-pressed", "true")
    assert (sent[0]["verdict"], sent[0]["comment"], sent[0]["question"]) == ("bad", "It was the 17th.", BRIDGE)
    page.get_by_role("button", name="Good answer").click()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "true")
    assert sent[1]["feedback_id"] == sent[0]["feedback_id"]  # which replaces it


def test_feedback_that_is_too_long_or_too_much_is_explained(visit: Visit) -> None:
    page = visit()
    ask(page, BRIDGE)
    page.get_by_role("button", name="Wrong language").click()
    page.locator(".judging textarea").fill("字" * 10_001)
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".judging .error")).to_contain_text("10,000 characters or fewer")
    page.locator(".judging textarea").fill("字" * 10_000)
    page.route("**/v1/feedback", lambda route: route.fulfill(status=429, json={"detail": "x"}), times=1)
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".judging .error")).to_contain_text("send more in an hour")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#toast")).to_have_text("Sent. Thank you.")


def test_sharing_uses_the_menu_of_the_system_or_copies_the_link(visit: Visit) -> None:
    page = visit(permissions=CLIPBOARD)
    ask(page, BRIDGE)
    page.evaluate("() => { delete Navigator.prototype.share }")
    page.get_by_role("button", name="Share").click()
    expect(page.locator(".tools .note")).to_have_text("✓ Copied.")
    assert "/#q=" in page.evaluate("navigator.clipboard.readText()")
    page.evaluate("() => { navigator.share = async (shared) => { window.shared = shared } }")
    page.get_by_role("button", name="Share").click()
    expect(page.locator("#toast")).to_have_text("Shared.")
    assert page.evaluate("window.shared.title") == BRIDGE


def test_copying_that_is_not_allowed_is_not_said_to_have_worked(visit: Visit) -> None:
    page = visit()
    page.evaluate("() => { navigator.clipboard.writeText = async () => { throw new DOMException('no', 'NotAllowedError') } }")
    ask(page, BRIDGE)
    page.locator(".copy summary").click()
    page.locator(".copy").get_by_role("button", name="Plain text").click()
    expect(page.locator("#toast")).to_have_text("The browser did not allow copying.")
    expect(page.locator(".tools .note")).to_have_count(0)


def test_without_a_connection_the_page_opens_and_its_history_can_be_read(visit: Visit) -> None:
    page = visit(service_workers="allow")
    ask(page, BRIDGE)
    page.wait_for_function("navigator.serviceWorker.getRegistration().then((one) => Boolean(one?.active))")
    page.wait_for_function("caches.open('page').then((seen) => seen.keys()).then((keys) => keys.length > 10)")
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("#offline")).to_have_text("No connection to the service: only the answers in History can be read.")
    open_history(page)
    page.locator(".kept summary").first.click()
    expect(page.locator(".kept .claim mark").first).to_have_text("16 November")
    page.locator(".views a[href='#ask']").click()
    page.locator("#question").fill(DRY_PORT)
    page.locator("#question").press("Enter")
    expect(page.locator(".turn").last.locator(".error")).to_contain_text("cannot be reached")
    page.context.set_offline(False)
    expect(page.locator("#offline")).to_be_hidden()
    page.get_by_role("button", name="Ask again").click()
    expect(page.locator(".differ")).to_be_visible()


@pytest.mark.parametrize(("language", "about"), [("en", "regions of China and Russia"), ("ru", "регионов"), ("zh", "中俄")])
def test_the_page_can_be_installed(page_service: str, language: str, about: str) -> None:
    with httpx.Client(base_url=page_service, trust_env=False, timeout=PATIENCE_S) as client:
        manifest = client.get("/manifest.webmanifest", headers={"Accept-Language": language})
        assert manifest.headers["content-type"] == "application/manifest+json"
        assert about in manifest.json()["description"]
        for icon in manifest.json()["icons"]:
            assert client.get(icon["src"]).headers["content-type"] == icon["type"]
        worker = client.get("/worker.js")
        assert worker.headers["content-type"].startswith("text/javascript")
        assert "connect-src 'self'" in worker.headers["content-security-policy"]


@pytest.fixture(scope="module")
def reading_only(page_service: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service without an admin token."""
    with serving(tmp_path_factory.mktemp("reading"), rate_limit="off", admin_token=None) as address:
        yield address


def test_adding_is_offered_only_where_it_is_on(visit: Visit, reading_only: str) -> None:
    page = visit("/#add", address=reading_only)
    expect(page.locator(".views a")).to_have_text(["Ask", "Sources", "History"])
    expect(page.locator("#ask")).to_be_visible()
    expect(visit().locator(".views a")).to_have_text(["Ask", "Sources", "History", "Add"])


@pytest.mark.parametrize(
    ("locale", "wrong", "unreachable"),
    [
        ("ru-RU", "не добавлена: это не токен администратора", "не добавлена: "),
        ("zh-CN", "未能添加：管理员令牌不正确", "未能添加："),
    ],
)
def test_errors_of_adding_are_in_the_readers_language(visit: Visit, locale: str, wrong: str, unreachable: str) -> None:
    page = visit("/#add", locale=locale)
    token, url = page.locator("#add [name=token]"), page.locator("#add [name=url]")
    token.fill("not-the-token-at-all")
    url.fill("https://nowhere.example/a")
    page.locator("#add button[type=submit]").click()
    expect(page.locator(".jobs .failed").first.locator("> span")).to_have_text(wrong)
    token.fill(ADMIN_TOKEN)
    url.fill("https://nowhere.example/a")
    page.locator("#add button[type=submit]").click()
    expect(page.locator(".jobs .failed")).to_have_count(2)
    failed = page.locator(".jobs .failed").first
    expect(failed.locator("> span")).to_contain_text(unreachable)
    expect(failed.locator("> span")).not_to_contain_text("404")
    failed.locator("summary").click()
    expect(failed.locator("[lang=en]")).to_contain_text("answered 404")


def test_articles_of_others_keep_their_own_language_for_the_browsers_translation(page_service: str) -> None:
    foreign = next(article for article in ARTICLES if article.language == "zh")
    with httpx.Client(base_url=page_service, trust_env=False, timeout=PATIENCE_S, headers={"Accept-Language": "ru"}) as client:
        page = client.get(f"/article/{foreign.article_id}").text
        assert '<html lang="zh">' in page
        assert '<header class="top" lang="ru" translate="no">' in page
        assert "браузер может перевести" in page
        assert '<html lang="ru">' in client.get("/article/ru/most").text


@pytest.mark.parametrize("viewport", [{"width": 360, "height": 740}, {"width": 1280, "height": 800}])
def test_a_line_on_what_was_done_lies_above_the_question(visit: Visit, viewport: dict[str, int]) -> None:
    page = visit(viewport=viewport, has_touch=viewport["width"] < 400)
    ask(page, BRIDGE)
    page.locator(".verdict.good").click()
    page.locator(".judging .main").click()
    page.locator("#toast span").wait_for()
    for top in ("0", "document.body.scrollHeight"):
        page.evaluate(f"window.scrollTo(0, {top})")
        said, box = page.locator("#toast").bounding_box(), page.locator(".box").bounding_box()
        assert said is not None
        assert box is not None
        assert said["y"] + said["height"] <= box["y"]
