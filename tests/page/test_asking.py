from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.page.conftest import Visit, ask
from tests.page.corpus import ARTICLES, HOSTILE_TITLE

BRIDGE = "When did the Tongjiang railway bridge open to freight?"
DRY_PORT = "How much was the dry port in Hunchun to cost?"


def say(page: Page, text: str) -> None:
    """What gets no quotes has no tools below it to wait for."""
    page.locator("#question").fill(text)
    page.locator("#send").click()


def test_an_answer_has_its_words_marked_and_its_source_under_a_number(visit: Visit) -> None:
    page = visit()
    ask(page, BRIDGE)
    claim = page.locator(".claim p").first
    expect(claim).to_contain_text("opened to freight on 16 November 2022.")
    expect(claim.locator("mark").first).to_have_text("16 November")
    expect(claim.locator(".cite").first).to_have_text("1")
    expect(page.locator(".sources li").first).to_contain_text("A railway bridge over the Amur")
    expect(page.locator(".sources li").first).to_contain_text("River News · 20 January 2025")
    assert "#:~:text=" in str(page.locator(".sources a[target=_blank]").first.get_attribute("href"))
    expect(page.locator("#status")).to_have_text("The answer is here.")


def test_hover_shows_the_quotation_and_click_opens_the_article_at_it(visit: Visit) -> None:
    page = visit()
    ask(page, "How much cargo did the Tongjiang railway bridge carry?")
    number = page.locator(".cite").first
    number.hover()
    expect(page.locator("#peek")).to_be_visible()
    expect(page.locator("#peek blockquote")).to_contain_text("carried 5.1 million tonnes")
    expect(page.locator("#peek mark")).to_have_text("5.1 million")
    page.locator("h2.asked").hover()
    expect(page.locator("#peek")).to_be_hidden()
    number.click()
    mark = page.locator("#reader mark")
    expect(mark).to_have_text("The Tongjiang railway bridge carried 5.1 million tonnes of cargo in 2024.")
    expect(mark).to_be_in_viewport()  # thousands of characters down
    expect(page.locator("#reader .text")).to_contain_text("Wagons wait on both banks")
    expect(page.locator("#reader h3")).to_have_text(["Traffic", "Cargo"])
    expect(page.locator("#ask .claim")).to_be_visible()  # beside it
    page.keyboard.press("Escape")
    expect(page.locator("#reader")).to_be_hidden()


def test_sources_that_differ_stand_side_by_side_newest_first(visit: Visit) -> None:
    page = visit()
    ask(page, DRY_PORT)
    expect(page.locator(".differ .figure")).to_have_text([re.compile("470"), re.compile("300")])
    expect(page.locator(".differ figcaption").first).to_contain_text("Coast Daily · 19 November 2015")


def test_on_a_phone_the_numbers_of_sources_that_differ_look_like_all_others(visit: Visit) -> None:
    page = visit(viewport={"width": 320, "height": 640}, has_touch=True, is_mobile=True)
    ask(page, DRY_PORT)
    heights = [page.locator(f"{place} .cite").first.evaluate("one => one.offsetHeight") for place in (".claim", ".differ")]
    assert heights[0] == heights[1]
    expect(page.locator("#question")).to_have_attribute("placeholder", "Ask a follow-up")
    # Which has room beside the button.
    assert page.locator("#question").evaluate("one => one.scrollWidth <= one.clientWidth")


def test_an_old_quotation_says_of_when_it_is(visit: Visit) -> None:
    page = visit()
    ask(page, DRY_PORT)
    notes = page.locator(".claim .time")
    expect(notes).to_have_count(2)
    assert sorted(notes.all_inner_texts()) == [" (as of 19\u00a0November\u00a02015)", " (as of 3\u00a0October\u00a02014)"]


def test_small_talk_gets_a_line(visit: Visit) -> None:
    page = visit()
    say(page, "你好！")
    expect(page.locator(".notice")).to_have_text("您好！关于中俄地方合作，您想了解什么？")
    expect(page.locator("#status")).to_have_text("您好！关于中俄地方合作，您想了解什么？")
    assert page.locator(".turn li").count() == 0  # the questions to begin with are in another language


def test_whoever_asks_what_can_be_asked_is_offered_questions(visit: Visit) -> None:
    page = visit()
    say(page, "What can you answer?")
    expect(page.locator(".next h3")).to_have_text("For example, the sources can answer:")
    page.locator(".next button").first.click()
    expect(page.locator(".turn").last.locator(".claim mark").first).to_be_visible()


def test_articles_that_are_asked_for_are_listed_and_open(visit: Visit) -> None:
    page = visit()
    say(page, "What do you know about Hunchun?")
    expect(page.locator("h3.notice")).to_have_text("Articles on this subject, closest first:")
    listed = page.locator(".listed li")
    expect(listed).to_have_count(2)
    expect(listed.filter(has_text="A dry port is planned")).to_contain_text(
        "Harbour Post (based on Wire One, Wire Two) · 3 October 2014"
    )
    listed.locator("a", has_text="A dry port is planned").click()
    expect(page.locator("#reader .text")).to_contain_text("was to cost 300 million dollars")


def test_what_the_sources_do_not_say_comes_with_what_is_nearest(visit: Visit) -> None:
    page = visit()
    ask(page, "Who painted the famous ceiling?")
    expect(page.locator(".no_evidence")).to_have_text("The articles here give no clear answer.")
    expect(page.locator(".nearest blockquote").first).to_be_visible()
    expect(page.locator(".claim")).to_have_count(0)


def test_a_follow_up_leans_on_the_question_before_even_after_a_reload(visit: Visit) -> None:
    page = visit()
    ask(page, "How much cargo did the Tongjiang railway bridge carry in 2023?")
    page.reload()
    expect(page.locator(".turn")).to_have_count(1)
    ask(page, "and in 2024?")
    expect(page.locator(".turn").last.locator("q")).to_contain_text("Tongjiang railway bridge")
    expect(page.locator(".turn").last.locator(".claim").first).to_contain_text("5.1 million tonnes")
    page.locator("#new").click()
    expect(page.locator(".turn")).to_have_count(0)


def test_a_follow_up_can_be_asked_by_itself(visit: Visit) -> None:
    page = visit()
    ask(page, "How much cargo did the Tongjiang railway bridge carry in 2023?")
    expect(page.get_by_role("button", name="Ask this by itself")).to_have_count(0)
    ask(page, "and in 2024?")
    with page.expect_request("**/v1/ask") as sent:
        page.get_by_role("button", name="Ask this by itself").click()
    assert "conversation_id" not in str(sent.value.post_data)
    page.locator(".turn").nth(2).locator(".tools").wait_for()
    assert page.locator(".turn").last.locator("q").count() == 0


def test_a_refusal_under_filters_offers_to_ask_without_them(visit: Visit) -> None:
    page = visit()
    page.locator("#filters summary").click()
    page.get_by_role("checkbox", name="English").check()
    ask(page, "Who painted the famous ceiling?")
    page.get_by_role("button", name="Ask without filters").click()
    expect(page.locator(".turn")).to_have_count(2)
    page.locator(".turn").last.locator(".tools").wait_for()
    expect(page.locator(".chips")).to_have_count(0)
    expect(page.get_by_role("button", name="Ask without filters")).to_have_count(1)


def test_a_long_question_is_counted_and_not_cut(visit: Visit) -> None:
    page = visit()
    page.locator("#question").fill("x" * 400)
    expect(page.locator("#chars")).to_be_empty()
    page.locator("#question").fill("🌉" * 501)
    expect(page.locator("#chars")).to_have_text("501 / 500")
    page.locator("#question").press("Enter")
    expect(page.locator(".turn")).to_have_count(0)
    assert page.locator("#question").input_value() == "🌉" * 501


def test_filters_limit_the_answer_and_are_taken_away_one_by_one(visit: Visit) -> None:
    page = visit()
    page.locator("#filters summary").click()
    page.get_by_label("Russian").check()
    page.get_by_label("Publisher").fill("Амурский вестник")
    page.get_by_label("Publisher").press("Tab")
    page.get_by_label("From").fill("2019-01-01")
    page.locator("select[name=places]").select_option("Heihe")
    expect(page.locator(".chips button:not(.quiet)")).to_have_text(
        [re.compile("Russian"), re.compile("Амурский"), re.compile("Heihe"), re.compile("2019")]
    )
    ask(page, BRIDGE)
    page.locator("#filters summary").click()
    panel, form = page.locator(".fields").bounding_box(), page.locator("#form").bounding_box()
    assert panel is not None
    assert form is not None
    assert panel["width"] > form["width"] - 20  # not squeezed beside "New conversation"
    assert {quote.get_attribute("lang") for quote in page.locator(".turn .title").all()} <= {"ru"}
    page.get_by_role("button", name="Clear all filters").click()
    expect(page.get_by_label("Russian")).not_to_be_checked()
    ask(page, BRIDGE)
    expect(page.locator(".turn").last.locator(".title").first).to_have_attribute("lang", "en")


@pytest.mark.parametrize(
    ("locale", "language", "heading", "question", "quoted"),
    [
        ("zh-CN", "zh", "您想了解什么？", "黑河公路大桥什么时候开通货运？", "2022年6月10日"),
        ("ru-RU", "ru", "Что вы хотите узнать?", "Когда начали строить мост Благовещенск — Хэйхэ?", "24 декабря 2016"),
    ],
)
def test_the_page_speaks_the_languages_of_the_browser(
    visit: Visit, locale: str, language: str, heading: str, question: str, quoted: str
) -> None:
    page = visit(locale=locale)
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator("#heading")).to_have_text(heading)
    ask(page, question)
    expect(page.locator(".claim, .nearest").first).to_contain_text(quoted)


def test_a_language_and_colours_that_were_chosen_are_remembered(visit: Visit) -> None:
    page = visit(color_scheme="light")
    ask(page, BRIDGE)
    page.get_by_role("link", name="Русский").click()
    expect(page.locator("#heading")).to_have_text("Что вы хотите узнать?")
    expect(page.locator("h2.asked")).to_have_text(BRIDGE)  # the conversation goes on
    theme = page.locator("#theme")
    theme.click()
    theme.click()
    expect(theme).to_have_attribute("aria-label", "Оформление: тёмное")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert _brightness(page) < 80
    expect(page.locator("html")).to_have_attribute("lang", "ru")


def test_a_language_is_carried_by_the_address_where_no_cookie_is_kept(visit: Visit) -> None:
    page = visit()
    page.add_init_script("Object.defineProperty(Document.prototype, 'cookie', { get: () => '', set() {} });")
    page.goto(f"{page.url.partition('#')[0]}?language=ru")
    page.context.clear_cookies()
    ask(page, BRIDGE)
    assert "language=ru" in str(page.locator(".turn .title").first.get_attribute("href"))
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "ru")


def test_an_address_without_a_use_is_tidied(visit: Visit) -> None:
    page = visit("/?language=zh")
    expect(page.locator("html")).to_have_attribute("lang", "zh")
    assert "language" not in page.url


def test_publishers_are_loaded_when_filters_are_opened(visit: Visit) -> None:
    page = visit()
    expect(page.locator("#overview .count")).to_have_text("8 articles")
    expect(page.locator("#publishers option")).to_have_count(0)
    page.locator("#filters summary").click()
    expect(page.locator("#publishers option[value='River News']")).to_have_count(1)


def test_a_date_does_not_break_across_lines(visit: Visit) -> None:
    page = visit()
    ask(page, BRIDGE)
    assert "20\u00a0January\u00a02025" in page.locator(".sources .meta").first.evaluate("one => one.textContent")
    assert "16\u00a0November\u00a02022" in page.locator(".claim").first.evaluate("one => one.textContent")


def _brightness(page: Page) -> int:
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return max(int(part) for part in re.findall(r"\d+", colour)[:3])


def test_everything_can_be_done_from_the_keyboard(visit: Visit) -> None:
    page = visit()
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Escape")
    page.locator(".brand").focus()
    page.keyboard.press("/")
    expect(page.locator("#question")).to_be_focused()
    page.keyboard.type(BRIDGE)
    page.keyboard.press("Enter")
    page.locator(".turn .tools").wait_for()
    page.locator("#question").press("Shift+Tab")
    for _ in range(20):
        if page.evaluate("document.activeElement.classList.contains('cite')"):
            break
        page.keyboard.press("Shift+Tab")
    expect(page.locator("#peek")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#reader mark").first).to_be_in_viewport()
    expect(page.locator("#reader-title")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#reader")).to_be_hidden()
    assert page.evaluate("document.activeElement.classList.contains('cite')")


def test_on_a_phone_nothing_is_wider_than_it_and_a_tap_shows_the_quotation(visit: Visit) -> None:
    page = visit(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    ask(page, BRIDGE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.locator(".cite").first.tap()
    expect(page.locator("#peek blockquote")).to_be_visible()
    page.locator("#peek button").tap()
    expect(page.locator("#reader mark").first).to_be_in_viewport()
    box = page.locator("#reader").bounding_box()
    assert box is not None
    assert box["width"] == 360
    page.locator("#reader .close").tap()
    page.wait_for_function("() => history.state === null")  # the step back is done
    page.goto(f"{page.url.partition('#')[0]}#sources")
    expect(page.locator(".map")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_on_a_phone_the_way_back_leads_from_the_article_to_the_answer(visit: Visit) -> None:
    page = visit(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    ask(page, BRIDGE)
    answer = page.url
    for leave in (page.go_back, page.locator("#reader .close").tap, lambda: page.keyboard.press("Escape")):
        page.locator(".sources .title").first.tap()
        expect(page.locator("#reader mark").first).to_be_in_viewport()
        leave()
        expect(page.locator("#reader")).to_be_hidden()
        page.wait_for_function("() => history.state === null")  # no step back is left over
        assert page.url == answer
        expect(page.locator(".claim").first).to_be_visible()


def test_the_way_back_leads_to_where_the_answer_was_read(visit: Visit) -> None:
    page = visit(viewport={"width": 360, "height": 500}, has_touch=True, is_mobile=True)
    for question in (BRIDGE, DRY_PORT, BRIDGE):
        ask(page, question)
    page.locator(".turn").last.locator(".sources .title").first.tap()
    expect(page.locator("#reader mark").first).to_be_in_viewport()
    before = page.evaluate("scrollY")
    page.go_back()
    expect(page.locator("#reader")).to_be_hidden()
    page.wait_for_function("() => history.scrollRestoration === 'auto'")
    assert page.evaluate("scrollY") == before


def test_a_hostile_article_is_shown_and_does_nothing(visit: Visit) -> None:
    page = visit()
    ask(page, "How many visitors did the turnip festival in Kimkan draw?")
    expect(page.locator(".claim").first).to_contain_text("<b onclick=window.harmed=1>4,200 visitors</b>")
    expect(page.locator(".sources .title").first).to_have_text(HOSTILE_TITLE)
    page.locator(".cite").first.click()
    expect(page.locator("#reader .text")).to_contain_text("[link](javascript:window.harmed=1)")
    assert page.locator("#reader a, .sources a[target=_blank]").count() == 0  # its address is no web address
    path = str(page.locator(".turn .title").first.get_attribute("href"))
    page.goto(page.url.partition("#")[0].rstrip("/") + path)
    expect(page.locator("h1")).to_have_text(HOSTILE_TITLE)
    expect(page.locator("#quote")).to_contain_text("4,200 visitors")
    assert page.evaluate("window.harmed") is None
    assert page.locator("iframe, base, .text svg, .text b").count() == 0


def test_a_link_to_a_question_asks_it(visit: Visit) -> None:
    page = visit("/#q=When%20did%20the%20Tongjiang%20railway%20bridge%20open%3F")
    expect(page.locator("h2.asked")).to_have_text("When did the Tongjiang railway bridge open?")
    page.locator(".turn .tools").wait_for()


def test_a_question_can_be_stopped_and_asked_again(visit: Visit) -> None:
    page = visit()
    page.locator("#question").fill("How slowly did the Tongjiang railway bridge open to freight?")
    page.locator("#question").press("Enter")
    expect(page.locator(".working")).to_contain_text("passages")  # retrieval was reported
    page.locator("#send").click()
    expect(page.locator(".turn .note")).to_contain_text("Stopped.")
    page.get_by_role("button", name="Ask again").click()
    page.locator(".turn .tools").wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_print_has_the_answer_and_none_of_the_controls(visit: Visit, theme: str) -> None:
    page = visit(color_scheme=theme)
    ask(page, BRIDGE)
    page.emulate_media(media="print", color_scheme="light")
    expect(page.locator(".claim").first).to_be_visible()
    expect(page.locator("#form")).to_be_hidden()
    expect(page.locator(".views")).to_be_hidden()
    assert _brightness(page) == 255


def test_an_answer_is_copied_in_four_styles(visit: Visit) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    ask(page, BRIDGE)
    today = page.evaluate("new Date().toISOString().slice(0, 10)")
    dotted = ".".join(reversed(today.split("-")))
    url = ARTICLES[0].url
    wanted = {
        "Plain text": "[1] A railway bridge over the Amur. River News, 20 January 2025.",
        "Markdown": f"1. [A railway bridge over the Amur](<{url}#:~:text=",
        "GOST R 7.0.5": f"1. A railway bridge over the Amur // River News. 2025. 20.01. URL: {url} (дата обращения: {dotted}).",
        "GB/T 7714": f"[1] River News. A railway bridge over the Amur[EB/OL]. (2025-01-20)[{today}]. {url}.",
    }
    for style, line in wanted.items():
        page.locator(".copy summary").click()
        page.locator(".copy").get_by_role("button", name=style).click()
        page.wait_for_function("line => navigator.clipboard.readText().then(text => text.includes(line))", arg=line)
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith(BRIDGE), style
        assert "opened to freight on 16 November 2022. [1]" in copied, style


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN", "ru-RU"])
def test_without_javascript_asking_and_reading_work(visit: Visit, locale: str) -> None:
    page = visit(java_script_enabled=False, locale=locale)
    for part in page.locator(".scripted").all():
        expect(part).to_be_hidden()
    page.locator("#question").fill(BRIDGE)
    page.locator("#send").click()
    expect(page.locator(".claim mark").first).to_have_text("16 November")
    sizes = "one => getComputedStyle(one).fontSize"
    assert page.locator("a.quiet").evaluate(sizes) == page.locator("#filters summary").evaluate(sizes)  # they stand in one line
    page.locator(".cite").first.click()
    expect(page.locator("#quote")).to_contain_text("opened to freight on 16 November 2022.")
    page.go_back()
    page.locator("#question").fill("and where?")
    page.locator("#send").click()
    expect(page.locator(".turn h2")).to_have_text("and where?")
    page.locator("#filters summary").click()
    page.locator("select[name=places]").select_option(value="hunchun")
    page.locator("#question").fill(BRIDGE)
    page.locator("#send").click()
    expect(page.locator(".turn h2")).to_have_text(BRIDGE)
    ours = {article.title for article in ARTICLES if "Hunchun" in article.text}
    assert set(page.locator(".turn .title").all_inner_texts()) <= ours


def test_escape_closes_the_article_wherever_the_keyboard_is(visit: Visit) -> None:
    page = visit()
    ask(page, BRIDGE)
    page.locator(".cite").first.click()
    expect(page.locator("#reader mark").first).to_be_visible()
    page.locator("#question").click()
    page.keyboard.press("Escape")
    expect(page.locator("#reader")).to_be_hidden()


def test_marks_of_direction_in_a_quotation_end_with_it(visit: Visit) -> None:
    page = visit()
    ask(page, "How many visitors did the turnip festival in Kimkan draw?")
    quote, number = page.locator(".claim bdi").first.bounding_box(), page.locator(".claim .cite").first.bounding_box()
    assert quote is not None
    assert number is not None
    assert number["y"] + number["height"] > quote["y"] + quote["height"] - 5  # on the last line
    last = page.evaluate(
        "() => { const rects = document.querySelector('.claim bdi').getClientRects(); return rects[rects.length - 1].right }"
    )
    assert number["x"] >= last - 1


def test_copying_works_without_encryption_too(visit: Visit) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    page.evaluate("() => { window.kept = navigator.clipboard }")
    ask(page, BRIDGE)
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.locator(".copy summary").click()
    page.locator(".copy").get_by_role("button", name="Plain text").click()
    expect(page.locator("#status")).to_have_text("Copied.")
    expect(page.locator(".tools .note")).to_have_text("✓ Copied.")
    assert BRIDGE in page.evaluate("window.kept.readText()")


def test_the_sources_of_a_brief_are_listed_with_it(visit: Visit) -> None:
    page = visit()
    ask(page, DRY_PORT)
    page.get_by_role("link", name="A dry port is planned", exact=True).click()
    page.locator("#reader .origins summary").click()
    expect(page.locator("#reader .origins a")).to_have_attribute("href", "https://wire.example/1")
    expect(page.locator("#reader .origins li")).to_have_text(
        [re.compile("Wire One: The plan.*2\u00a0October\u00a02014", re.S), "Wire Two"]
    )


def test_what_a_claim_puts_in_other_words_is_quoted_with_its_source(visit: Visit) -> None:
    """As a language model may write it."""
    page = visit()

    def reworded(route: Route) -> None:
        lines = route.fetch().text().split("\n")
        for place, line in enumerate(lines):
            if '"blocks"' in line:
                data = json.loads(line.removeprefix("data: "))
                quote, *_, sources = data["blocks"]
                sources["articles"][0]["quotes"] = [
                    {"label": "", "words": quote["words"], "note": "", "number": 1, "age": "", "said": [], "read_in": ""}
                ]
                quote["words"] = {"text": "In other words, it opened.", "language": "en", "answer": None}
                lines[place] = f"data: {json.dumps(data)}"
        route.fulfill(body="\n".join(lines), content_type="text/event-stream")

    page.route("**/v1/ask", reworded)
    ask(page, BRIDGE)
    expect(page.locator(".claim").first).to_contain_text("In other words, it opened.")
    expect(page.locator(".sources blockquote mark").first).to_have_text("16 November")


def test_questions_to_ask_next_are_offered_and_answered(visit: Visit) -> None:
    page = visit()
    ask(page, BRIDGE)
    offered = page.locator(".next button")
    expect(offered.first).to_be_visible()
    assert BRIDGE not in offered.all_inner_texts()
    text = offered.first.inner_text()
    offered.first.click()
    expect(page.locator("h2.asked").last).to_have_text(text)
    expect(page.locator(".turn").last.locator(".claim").first).to_be_visible()
    expect(page.locator(".turn").first.locator(".next")).to_have_count(0)  # only below the last answer


def test_a_refusal_says_if_filters_were_the_reason(visit: Visit) -> None:
    page = visit()
    page.locator("#filters summary").click()
    page.get_by_role("checkbox", name="Chinese").check()
    ask(page, BRIDGE)
    expect(page.locator(".filtered")).to_contain_text("Without the filters there is an answer.")
    page.get_by_role("button", name="Ask without filters").click()
    expect(page.locator(".turn").last.locator(".claim mark").first).to_have_text("16 November")


def test_the_placeholder_follows_the_last_question(visit: Visit) -> None:
    page = visit()
    expect(page.locator("#question")).to_have_attribute("placeholder", "Ask a question")
    ask(page, "How much cargo did the Tongjiang railway bridge carry in 2024?")
    expect(page.locator("#question")).to_have_attribute("placeholder", "And in 2023?")
    ask(page, "How much cargo did the Tongjiang railway bridge carry in 2024 and in 2023?")
    expect(page.locator("#question")).to_have_attribute("placeholder", "And in 2022?")
    ask(page, DRY_PORT)
    expect(page.locator("#question")).to_have_attribute("placeholder", "Ask a follow-up")


def test_what_is_done_with_an_answer_is_large_enough_for_a_finger(visit: Visit) -> None:
    page = visit(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    ask(page, BRIDGE)
    for button in page.locator(".tools button:visible, .tools summary").all():
        box = button.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 43.5, button.inner_text()


def test_a_finger_that_misses_a_citation_number_or_a_dot_by_little_still_hits_it(visit: Visit) -> None:
    page = visit(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    ask(page, DRY_PORT)
    numbers = page.locator(".claim .cite").all()
    assert len(numbers) > 1
    for number in numbers:
        number.scroll_into_view_if_needed()
        box = number.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        for dx, dy in ((-21, 0), (21, 0), (0, -21), (0, 21)):
            hit = page.evaluate("([x, y]) => document.elementFromPoint(x, y)?.closest('.cite')?.textContent", [x + dx, y + dy])
            assert hit == number.inner_text(), (dx, dy)
    page.evaluate("location.hash = 'sources'")
    dot = page.locator(".map .place", has=page.locator("title", has_text="Hunchun"))
    dot.scroll_into_view_if_needed()
    box = dot.bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2 + 20)
    expect(page.locator(".places [aria-pressed=true]")).to_contain_text("Hunchun")
    small = page.evaluate(
        "() => [...document.querySelectorAll('#sources button, .top a, .top button')].filter((one) => one.offsetParent)"
        ".filter((one) => one.getBoundingClientRect().height < 44).map((one) => one.outerHTML)"
    )
    assert small == []


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN", "ru-RU"])
def test_enlarged_to_400_percent_nothing_lies_over_the_answer(visit: Visit, locale: str) -> None:
    page = visit(viewport={"width": 320, "height": 200}, locale=locale)
    ask(page, BRIDGE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    mark = page.locator(".claim mark").first
    mark.scroll_into_view_if_needed()
    point = mark.evaluate(
        "one => { const { left, top, height } = one.getClientRects()[0]; return [left + 5, top + height / 2] }"
    )
    assert page.evaluate("([x, y]) => document.elementFromPoint(x, y)?.closest('mark') !== null", point)
    page.locator(".claim .cite").first.click()  # which no popup hides
    quote = page.locator("#reader mark")
    expect(quote).to_be_in_viewport(ratio=1)
    page.locator("#reader").get_by_role("button", name=re.compile("^(Close|关闭|Закрыть)$")).click()
    page.wait_for_function("() => history.state === null")  # the step back is done
    for view in ("history", "sources", "add"):
        page.evaluate("view => { location.hash = view }", view)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, view


def test_text_from_right_to_left_keeps_its_direction(visit: Visit) -> None:
    page = visit()
    ask(page, "How many metres is the gate of Harbin?")
    assert page.locator(".claim bdi").first.evaluate("one => getComputedStyle(one).direction") == "rtl"
    page.locator(".claim .cite").first.click()
    page.locator("#reader mark").wait_for()
    assert page.locator("#reader .text p").first.evaluate("one => getComputedStyle(one).direction") == "rtl"
    assert page.locator("#reader .text p").last.evaluate("one => getComputedStyle(one).direction") == "ltr"


def test_a_foreign_quote_links_to_a_page_that_browsers_translate(visit: Visit) -> None:
    page = visit()
    page.locator("#filters summary").click()
    page.get_by_role("checkbox", name="Chinese").check()
    ask(page, "黑河公路大桥什么时候开通货运？")
    expect(page.locator(".claim").first).to_contain_text("2022年6月10日")
    expect(page.get_by_role("link", name="which your browser can translate")).to_have_count(0)  # it is no foreign one
    page.locator(".turn .title").first.click()
    with page.context.expect_page() as opened:
        page.locator("#reader").get_by_role("link", name="Article page").click()
    expect(opened.value.locator("html")).to_have_attribute("lang", "zh")
    expect(opened.value.locator("main .note")).to_contain_text("This article is in Chinese")


def test_the_passage_under_a_number_is_not_cut_within_a_word(visit: Visit) -> None:
    page = visit()
    ask(page, "How much cargo did the Tongjiang railway bridge carry?")
    page.locator(".cite").first.hover()
    around = page.locator("#peek .around").first.inner_text()
    words = set(re.findall(r"[A-Za-z]+", ARTICLES[0].text))
    assert set(re.findall(r"[A-Za-z]+", around)) <= words


def test_print_keeps_the_marks(visit: Visit) -> None:
    page = visit()
    ask(page, BRIDGE)
    page.emulate_media(media="print")
    style = page.locator(".claim mark").first.evaluate(
        "one => [getComputedStyle(one).printColorAdjust, getComputedStyle(one).fontWeight]"
    )
    assert style == ["exact", "700"]


def test_who_said_it_and_when_stands_below_the_quote_and_its_age_above(visit: Visit) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    ask(page, "What does a ticket for the Ostrov ferry cost?")
    claim = page.locator(".claim").first
    expect(claim.locator(".age")).to_have_text("was to hold until 14 September 2025; no later report here")
    expect(claim.locator(".said")).to_have_text("People's Daily, August 2019 · in a coopbot brief")
    expect(claim.locator(".said a")).to_have_attribute("href", "https://people.example/ferry")
    for style, reference in (
        (
            "Plain text",
            "[1] People's Daily, Ferry tickets, August 2019, https://people.example/ferry. Read in: The ferry at Ostrov.",
        ),
        ("Markdown", "1. [People's Daily, Ferry tickets, August 2019](<https://people.example/ferry>). Read in: "),
        ("GOST R 7.0.5", "1. Ferry tickets // «Жэньминь жибао». 2019. 08. URL: https://people.example/ferry (дата обращения: "),
        ("GB/T 7714", "[1] 《人民日报》. Ferry tickets[EB/OL]. (2019-08)["),
    ):
        page.locator(".copy summary").click()
        page.locator(".copy").get_by_role("button", name=style).click()
        page.wait_for_function("line => navigator.clipboard.readText().then(text => text.includes(line))", arg=reference)


def test_the_page_says_how_far_its_articles_reach(visit: Visit) -> None:
    expect(visit().locator("#reaches")).to_have_text(re.compile(r"^The articles reach up to \d+\s\w+\s20\d\d\.$"))


def test_an_article_opened_at_a_quote_has_the_sources_of_all_its_sentences(visit: Visit) -> None:
    page = visit()
    ask(page, "What does a ticket for the Ostrov ferry cost?")
    page.locator(".claim .cite").first.click()
    expect(page.locator("#reader .origins summary")).to_have_text("Sources of this brief: 2")


def test_on_a_phone_the_bars_of_a_series_can_be_compared(visit: Visit) -> None:
    page = visit(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)

    def in_a_series(route: Route) -> None:
        lines = route.fetch().text().split("\n")
        for place, line in enumerate(lines):
            if '"blocks"' in line:
                data = json.loads(line.removeprefix("data: "))
                words = {"text": "31.12 billion cubic metres", "language": "en", "answer": None, "under": ""}
                row = {"time": "2025", "words": words, "restated": "", "share": 1, "number": 1, "line": "x"}
                data["blocks"] = [{"kind": "series", "heading": "Figures", "rows": [row, {**row, "share": 0.1}]}]
                lines[place] = f"data: {json.dumps(data)}"
        route.fulfill(body="\n".join(lines), content_type="text/event-stream")

    page.route("**/v1/ask", in_a_series)
    ask(page, BRIDGE)
    long, short = (bar.bounding_box() for bar in page.locator(".series rect").all())
    assert long is not None
    assert short is not None
    assert long["width"] > 250
    assert long["width"] > 9 * short["width"]
    for width in (360, 320):
        page.set_viewport_size({"width": width, "height": 740})
        table = page.locator(".series").bounding_box()
        assert table is not None
        assert table["x"] + table["width"] <= width
        text_height = (
            "one => { const r = document.createRange(); r.selectNodeContents(one); return r.getBoundingClientRect().height }"
        )
        assert page.locator(".series th").first.evaluate(text_height) < 40  # in one line
    page.goto(f"{page.url.partition('#')[0]}#history")
    expect(page.locator(".kept .first")).to_have_text("2025: 31.12 billion cubic metres · 2025: 31.12 billion cubic metres")


def test_many_numbers_of_one_source_stay_within_a_phone(visit: Visit) -> None:
    page = visit(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)

    def cited_often(route: Route) -> None:
        lines = route.fetch().text().split("\n")
        for place, line in enumerate(lines):
            if '"blocks"' in line:
                data = json.loads(line.removeprefix("data: "))
                data["blocks"][-1]["articles"][0]["numbers"] = [1] * 12
                lines[place] = f"data: {json.dumps(data)}"
        route.fulfill(body="\n".join(lines), content_type="text/event-stream")

    page.route("**/v1/ask", cited_often)
    ask(page, BRIDGE)
    expect(page.locator(".sources .cite")).to_have_count(12)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
