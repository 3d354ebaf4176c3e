from __future__ import annotations

import hashlib
import importlib.resources
import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from coopbot.ask.answer.answerer import Answerer
from coopbot.domain import INTERFACE_LANGUAGES, Source
from coopbot.index.build import build
from coopbot.index.filters import VALUE_FILTERS
from coopbot.index.live import LiveIndex
from coopbot.ingest.formats.readers import ENDINGS
from coopbot.serve.admission import Admission
from coopbot.serve.changes import Changes
from coopbot.serve.http.overview import Overview, OverviewIn
from coopbot.serve.http.page.rendering import Texts, article_blocks, load_texts, preferred_language
from coopbot.serve.http.suggestions import Suggestions
from coopbot.serve.messages import unbroken
from coopbot.state import State
from tests.fakes import BagOfWords, FigureReader, make_article
from tests.serve.fake_editor import FakeEditor
from tests.serve.small_service import access, service_over

FILES = importlib.resources.files("coopbot.serve.http.page")
BRIDGE = "The Tongjiang bridge carried 5.1 million tonnes of cargo in 2023."
QUESTION = "How much cargo did the Tongjiang bridge carry in 2023?"
KEY = "a-key-for-reading-0123"

ARTICLES = [
    make_article("en/bridge", f"{BRIDGE} Heihe is near.", title="Bridge", published=date(2024, 2, 1)),
    make_article(
        "en/port",
        "Hunchun has a dry port.",
        title="Port",
        publisher="Harbour Post",
        published=date(2014, 10, 3),
        sources=(Source(publisher="TASS"),),
    ),
    make_article("ru/port", "В Хуньчуне есть сухой порт.", language="ru", title="Порт", published=None),
    make_article("zh/port", "珲春有一个陆港，黑河有一座桥。", language="zh", title="陆港", published=date(2024, 12, 31)),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LiveIndex:
    folder, embedder = tmp_path_factory.mktemp("index"), BagOfWords()
    build(ARTICLES, embedder, folder, model="bag of words", precision="f32")
    return LiveIndex(folder, embedder.fingerprint)


def service(index: LiveIndex, **limits: Any) -> TestClient:
    answerer = Answerer(BagOfWords(), index.current, FigureReader())
    return TestClient(service_over(index, answerer, access=access(**limits)), raise_server_exceptions=False)


@pytest.fixture(scope="module")
def client(index: LiveIndex) -> Iterator[TestClient]:
    with service(index) as client:
        yield client


def test_the_page_runs_nothing_but_its_own_files(client: TestClient) -> None:
    pages = [client.get("/"), client.post("/ask", data={"question": QUESTION}), client.get("/article/en/bridge")]
    for page in pages:
        assert page.status_code == 200
        policy = page.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page.text)
        for attributes in re.findall(r"<script([^>]*)>", page.text):
            assert 'src="/page/' in attributes or 'type="application/json"' in attributes
        for address in re.findall(r'(?:src|href|action)="([^"]*)"', page.text):
            assert address.startswith(("/", "#", "https://news.example/a")), address
    for path in re.findall(r'(?:src|href)="(/page/[^"]*)"', pages[0].text):
        assert client.get(path).status_code == 200


def test_the_page_is_small() -> None:
    total_bytes = sum(
        path.stat().st_size for path in Path(str(FILES)).rglob("*") if path.suffix not in (".py", ".pyc") and path.is_file()
    )
    assert total_bytes < 170_000


def test_the_library_is_the_one_that_was_published() -> None:
    """lit-html 3.3.3 from npm, as it is."""
    content = FILES.joinpath("static", "lit-html.js").read_bytes()
    assert hashlib.sha256(content).hexdigest() == "b878e7f95dec8a9b6e9b217faca6b6a11bad82ebc44c0caa77419ed83edd81f2"
    assert "BSD-3-Clause" in content.decode()


def _blanks(texts: Texts) -> dict[str, set[str]]:
    """What is filled in, by name of the text."""
    return {name: set(re.findall(r"\{\w+\}", str(text))) for name, text in texts.items()}


def test_the_file_picker_offers_every_format_where_adding_is_on(client: TestClient, index: LiveIndex, tmp_path: Path) -> None:
    assert "data-accept" not in client.get("/").text
    changes = Changes(FakeEditor(tmp_path, BagOfWords(), []), State(None))
    with TestClient(service_over(index, access=access(admin_token="an-admin-token-0123"), changes=changes)) as adding:
        accepted = re.search(r'data-accept="([^"]*)"', adding.get("/").text)
    assert accepted is not None
    assert accepted[1].split(",") == list(ENDINGS)


def test_every_text_is_in_every_language() -> None:
    texts = load_texts()
    marks = {
        language: {name: set(re.findall(r"\{\w+\}", str(text))) for name, text in texts[language].items()}
        for language in INTERFACE_LANGUAGES
    }
    assert all(own == marks["en"] for own in marks.values())
    for language in INTERFACE_LANGUAGES:
        assert all(texts[language].values())
    named = {
        path: path.read_text()
        for path in Path(str(FILES)).rglob("*")
        if path.suffix in (".js", ".html") and "lit-html" not in path.name
    }
    used = {name for text in named.values() for name in re.findall(r"\bt\.([a-z_]+)\b", text)}
    assert used <= texts["en"].keys()
    by_code = {"from", "zh", "ru", "en", "name", "short_name", "question_empty", "question_too_long"}
    indexed = {name for name in texts["en"] if name.startswith(("job_", "failed_"))}
    indexed |= {"waiting", "retrieved", "read", "history_forbidden", "history_full"}
    indexed |= {name for one in VALUE_FILTERS for name in (one.option, f"{one.option}_hint")}
    assert texts["en"].keys() - used <= by_code | indexed


@pytest.mark.parametrize(
    ("chosen", "accepted", "language"),
    [
        (None, "", "en"),
        (None, "ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        (None, "fr, zh-TW;q=0.7, en;q=0.3", "zh"),
        (None, "en;q=0.2, ru;q=0.9", "ru"),
        (None, "ru;q=x;q=, zh;;;", "ru"),
        (None, "zh;q=²", "zh"),
        ("zh", "ru", "zh"),
        ("klingon", "ru", "ru"),
    ],
)
def test_which_language_a_browser_gets(chosen: str | None, accepted: str, language: str) -> None:
    assert preferred_language(chosen, accepted) == language


def test_a_language_that_was_chosen_is_kept_in_a_cookie(index: LiveIndex) -> None:
    with service(index) as client:
        assert '<html lang="ru"' in client.get("/?language=ru").text
        assert '<html lang="ru"' in client.get("/", headers={"Accept-Language": "zh"}).text
        assert client.get("/?language=xx").status_code == 422


def test_where_cookies_are_forbidden_links_and_form_carry_the_language(index: LiveIndex) -> None:
    with service(index) as client:
        pages = [client.get("/?language=ru").text]
        client.cookies.clear()
        form = re.search(r'action="(/ask[^"]*)"', pages[0])
        assert form
        pages.append(client.post(form[1], data={"question": QUESTION}).text)
        article = re.search(r'class="cite" href="([^"#]*)', pages[1])
        assert article
        pages.append(client.get(article[1].replace("&amp;", "&")).text)
        for page in pages[:2]:
            assert '<html lang="ru"' in page
        assert "Вернуться к вопросу" in pages[2]
        for page in pages:
            ours = re.findall(r'(?:href|action)="(/(?:ask|article)?[^"]*)"', page)
            links = [one for one in ours if not one.startswith(("/page/", "/v1/", "/docs", "/manifest"))]
            assert [one for one in links if "language=" not in one] == []
        client.cookies.set("language", "ru")
        assert 'action="/ask"' in client.get("/?language=ru").text


def test_a_form_is_answered_without_javascript(client: TestClient) -> None:
    page = client.post("/ask", data={"question": QUESTION}).text
    assert "<mark>5.1\u00a0million</mark>" in page
    place = re.search(r'class="cite" href="([^"]*)#quote"', page)
    assert place
    article = client.get(place[1].replace("&amp;", "&")).text
    assert f'<mark id="quote">{unbroken(BRIDGE)}</mark>' in article
    conversation = re.search(r'name="conversation_id" value="([^"]+)"', page)
    assert conversation
    follow_up = {"question": "and in 2024?", "conversation_id": conversation[1]}
    assert client.post("/ask", data=follow_up).status_code == 200


def test_the_filters_of_a_form_apply(client: TestClient) -> None:
    form = {"question": QUESTION, "languages": ["ru", "zh"], "publishers": "", "published_from": "", "published_to": ""}
    page = client.post("/ask", data=form).text
    assert set(re.findall(r'class="title" href="/article/(\w\w)/', page)) <= {"ru", "zh"}
    page = client.post("/ask", data={"question": QUESTION, "places": "hunchun"}).text
    assert set(re.findall(r'class="title" href="/article/(\w\w/\w+)', page)) <= {"en/port", "ru/port", "zh/port"}
    assert re.findall(r"<option[^>]* selected>([^<]*)<", page) == ["Hunchun"]


def test_a_refusal_under_filters_offers_to_ask_without_them(client: TestClient) -> None:
    unanswered = {"question": "Who painted the ceiling of the chapel?"}
    refused = client.post("/ask", data={**unanswered, "languages": "en"}).text
    assert '<p class="no_evidence">The articles here give no clear answer.</p>' in refused
    assert "<button>Ask without filters</button>" in refused.replace(' class="quiet"', "")
    assert "<button>Ask without" not in client.post("/ask", data=unanswered).text.replace(' class="quiet"', "")


def test_the_places_of_the_form_are_named_in_the_language_of_the_page(client: TestClient) -> None:
    page = client.get("/", headers={"Accept-Language": "ru"}).text
    options = re.findall(r'<option value="([^"]*)">([^<]*)<', page)
    assert options[0] == ("", "Все места")
    assert ("heihe", "Хэйхэ") in options
    assert [name for _, name in options[1:]] == sorted(name for _, name in options[1:])


@pytest.mark.parametrize(
    ("form", "status", "text"),
    [
        ({"question": "  "}, 422, "Please write a question."),
        ({}, 422, "Please write a question."),
        ({"question": "я" * 501}, 422, "too long"),
        ({"question": "Why?", "published_from": "yesterday"}, 422, "something went wrong"),
        ({"question": "Why?", "languages": "fr"}, 422, "something went wrong"),
        ({"question": "Why?", "places": "atlantis"}, 422, "something went wrong"),
        ({"question": "Why?", "conversation_id": "<script>"}, 422, "something went wrong"),
    ],
)
def test_an_invalid_form_is_explained(client: TestClient, form: dict[str, str], status: int, text: str) -> None:
    page = client.post("/ask", data=form)
    assert page.status_code == status
    assert text in page.text
    assert "<script>" not in page.text


def test_forms_are_bounded(client: TestClient) -> None:
    assert client.post("/ask", data={f"field{n}": "x" for n in range(100)}).status_code == 400
    assert client.post("/ask", data={"question": "x" * 70_000}).status_code == 413
    assert client.post("/ask", files={"question": ("a.txt", b"Why?")}).status_code == 400


def test_an_article_that_is_gone_is_a_404_page(client: TestClient) -> None:
    page = client.get("/article/en/none")
    assert page.status_code == 404
    assert "no longer among the sources" in page.text
    assert client.get("/article/en/bridge?start=-1").status_code == 422
    assert client.get("/article/en/bridge?start=70&end=9000000").status_code == 200


def test_routes_that_read_the_corpus_need_a_key_and_are_rate_limited(index: LiveIndex) -> None:
    with service(index, api_keys=(KEY,)) as client:
        assert client.get("/").status_code == 200
        assert client.get("/page/page.js").status_code == 200
        for path in ("/article/en/bridge", "/v1/overview", "/v1/suggestions"):
            assert client.get(path).status_code == 401
            assert client.get(path, headers={"Authorization": f"Bearer {KEY}"}).status_code == 200
        assert client.post("/ask", data={"question": QUESTION}).status_code == 401
        assert BRIDGE not in client.get("/").text
    with service(index, rate_limit="2/minute") as client:
        assert [client.post("/ask", data={"question": QUESTION}).status_code for _ in range(3)] == [200, 200, 429]
        assert client.get("/").status_code == 200


def test_the_overview_counts_articles(client: TestClient) -> None:
    found = client.get("/v1/overview").json()
    assert (found["total"], found["counted"], found["matching"]) == (4, 4, 4)
    assert found["languages"] == {"en": 2, "ru": 1, "zh": 1}
    assert found["months"] == {"2014-10": 1, "2024-02": 1, "2024-12": 1}
    assert [(place["place_id"], place["articles"]) for place in found["places"]] == [
        ("hunchun", 3),
        ("heihe", 2),
        ("tongjiang-bridge", 1),
    ]
    assert found["places"][0]["names"] == {"en": "Hunchun", "zh": "珲春", "ru": "Хуньчунь"}
    assert {"name": "TASS", "articles": 1, "names": {"en": "TASS", "zh": "塔斯社", "ru": "ТАСС"}} in found["publishers"]
    assert [article["article_id"] for article in found["recent"]] == ["zh/port", "en/bridge", "en/port", "ru/port"]
    assert found["newest"] == "2024-12-31"


def test_the_newest_in_the_readers_language_come_first(client: TestClient) -> None:
    found = client.get("/v1/overview", params={"language": "en", "recent": 3}).json()
    assert [article["article_id"] for article in found["recent"]] == ["en/bridge", "en/port", "zh/port"]


def test_the_newest_are_listed_without_their_sources_if_these_are_not_wanted(client: TestClient) -> None:
    sources = [
        [len(article["sources"]) for article in client.get("/v1/overview", params={"sources": wanted}).json()["recent"]]
        for wanted in ("true", "false", "true")
    ]
    assert sources == [[0, 0, 1, 0], [0, 0, 0, 0], [0, 0, 1, 0]]


@pytest.mark.parametrize(
    ("parameters", "ids"),
    [
        ({"places": ["heihe"]}, ["zh/port", "en/bridge"]),
        ({"places": "Хэйхэ"}, ["zh/port", "en/bridge"]),
        ({"places": ["heihe", "hunchun"], "languages": "en"}, ["en/bridge", "en/port"]),
        ({"publishers": "tass"}, ["en/port"]),
        ({"published_from": "2024-01-01"}, ["zh/port", "en/bridge"]),
        ({"published_to": "2024-02-01"}, ["en/bridge", "en/port"]),
        ({"languages": "ru", "published_to": "2030-01-01"}, []),
    ],
)
def test_the_overview_applies_filters(client: TestClient, parameters: dict[str, str | list[str]], ids: list[str]) -> None:
    found = client.get("/v1/overview", params=parameters).json()
    assert [article["article_id"] for article in found["recent"]] == ids
    assert found["matching"] == len(ids)


def test_a_filter_does_not_hide_other_choices(client: TestClient) -> None:
    found = client.get("/v1/overview", params={"places": "heihe", "languages": "zh"}).json()
    assert found["languages"] == {"en": 1, "zh": 1}
    assert {place["place_id"] for place in found["places"]} == {"heihe", "hunchun"}


def test_an_unknown_place_is_refused(client: TestClient) -> None:
    response = client.get("/v1/overview", params={"places": "atlantis"})
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "places"


def test_the_overview_lists_as_many_publishers_as_are_wanted(client: TestClient) -> None:
    publishers = client.get("/v1/overview").json()["publishers"]
    assert client.get("/v1/overview", params={"most_publishers": 1}).json()["publishers"] == publishers[:1]
    assert client.get("/v1/overview", params={"most_publishers": 0}).json()["publishers"] == []


def test_a_large_index_is_counted_bit_by_bit_and_only_once(tmp_path: Path) -> None:
    embedder = BagOfWords()
    articles = [make_article(f"en/{n:04d}", f"Note {n} names Heihe.") for n in range(250)]
    build(articles, embedder, tmp_path, model="bag", precision="f32")
    index = LiveIndex(tmp_path, embedder.fingerprint)
    clock = iter(range(1000))  # each look at it is a second later
    overview = Overview(index, clock=lambda: float(next(clock)))
    counted = [overview.count(OverviewIn()) for _ in range(4)]
    assert [one.counted for one in counted] == [100, 200, 250, 250]
    assert counted[-1].places[0].articles == 250
    build([*articles[1:], make_article("en/new", "Nothing.")], embedder, tmp_path, model="bag", precision="f32")
    while (latest := overview.count(OverviewIn())).counted < 250:
        pass
    assert latest.places[0].articles == 249


def test_only_questions_that_are_answered_are_suggested(index: LiveIndex) -> None:
    answerer = Answerer(BagOfWords(), index.current, FigureReader())
    unanswered = "Who painted the ceiling of the chapel?"
    suggestions = Suggestions(answerer, Admission(), index, {"en": [unanswered, QUESTION], "zh": [], "ru": []})
    assert suggestions.suggest("en") == (QUESTION,)
    assert suggestions.suggest("zh") == ()


class _Held(Answerer):
    """Answers when it is let."""

    asked, let = threading.Event(), threading.Event()

    # The parameters are passed on as they are.
    def find(self, question, **others):  # type: ignore[no-untyped-def]
        self.asked.set()
        assert self.let.wait(60)
        return super().find(question, **others)


def test_requests_do_not_wait_for_suggestions_that_are_being_made(index: LiveIndex) -> None:
    answerer = _Held(BagOfWords(), index.current, FigureReader())
    suggestions = Suggestions(answerer, Admission(), index, {"en": [QUESTION], "zh": [], "ru": []})
    with ThreadPoolExecutor(1) as others:
        first = others.submit(suggestions.suggest, "en")
        assert _Held.asked.wait(60)
        assert suggestions.suggest("en") == ()
        _Held.let.set()
        assert first.result(60) == (QUESTION,)
    assert suggestions.suggest("en") == (QUESTION,)


def test_the_texts_reach_the_scripts_whole(client: TestClient) -> None:
    data = re.search(r'<script type="application/json" id="texts">(.*?)</script>', client.get("/").text, re.S)
    assert data
    assert json.loads(data[1]) == load_texts()["en"]


@pytest.mark.parametrize(
    ("start", "end", "shown"),
    [
        (0, 0, ["# One", "two\nthree", "four # five"]),
        (12, 15, ["# One", "two\n[thr]ee", "four # five"]),
        (12, 23, ["# One", "two\n[three]", "[four] # five"]),
        (5, 900, ["# On[e]", "[two\nthree]", "[four # five]"]),
        (20, 3, ["# One", "two\nthree", "four # five"]),
    ],
)
def test_an_article_is_shown_in_blocks_with_its_quotation(start: int, end: int, shown: list[str]) -> None:
    found = list(article_blocks("## One\n\ntwo\nthree\n\nfour # five", start, end))
    quoted = [f"{block.before}[{block.quote}]{block.after}".replace("[]", "") for block in found]
    assert [f"# {text}" if block.is_heading else text for block, text in zip(found, quoted, strict=True)] == shown
    assert sum(block.is_first for block in found) == any(block.quote for block in found)
