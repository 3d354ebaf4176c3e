"""What is no question, requests for articles, and the age of quotes, as each way in shows them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from coopbot.ask.answer.answerer import Answerer
from coopbot.cli.asking import _print_answer
from coopbot.domain import Language
from coopbot.index.build import build
from coopbot.index.live import LiveIndex
from coopbot.serve.answer_text import answer_text
from coopbot.serve.markdown import markdown_text
from coopbot.serve.mcp.tools import make_tools
from coopbot.serve.messages import format_period, message, unbroken
from coopbot.serve.telegram.format import answer_parts
from tests.fakes import BagOfWords, FigureReader, make_article
from tests.serve.small_service import service_over

ARTICLES = [
    make_article("en/toll", "A lorry pays a toll of 500 roubles this year.", title="The *toll*", published=date(2012, 7, 3)),
    make_article(
        "ru/toll", "Фура платит за проезд 700 рублей.", language="ru", title="Проезд", published=date(2012, 7, 3), url=""
    ),
    make_article("zh/toll", "卡车过桥费为800卢布。", language="zh", title="过桥费", published=None, url=""),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LiveIndex:
    folder: Path = tmp_path_factory.mktemp("index")
    build(ARTICLES, BagOfWords(), folder, model="bag of words", precision="f32")
    return LiveIndex(folder, BagOfWords().fingerprint)


@pytest.fixture(scope="module")
def answerer(index: LiveIndex) -> Answerer:
    return Answerer(BagOfWords(), index.current, FigureReader(), today=lambda: date(2026, 1, 20))


@pytest.fixture(scope="module")
def http(index: LiveIndex, answerer: Answerer) -> Iterator[TestClient]:
    with TestClient(service_over(index, answerer)) as client:
        yield client


TALK: list[tuple[str, Language, str]] = [
    ("Hello!", "en", "greeting"),
    ("Кто ты?", "ru", "identity"),
    ("謝謝", "zh", "thanks"),
]


@pytest.mark.parametrize(("said", "language", "notice"), TALK)
def test_small_talk_gets_the_same_reply_in_every_interface(
    http: TestClient,
    index: LiveIndex,
    answerer: Answerer,
    capsys: pytest.CaptureFixture[str],
    said: str,
    language: Language,
    notice: str,
) -> None:
    line = next(text for name, text in message(language).notices.items() if name == notice)
    answer = answerer.ask(said)
    json = http.post("/v1/ask", json={"question": said}).json()
    assert (json["outcome"], json["notice"], json["text"], json["citations"]) == ("small_talk", notice, line, [])
    chat = http.post("/v1/chat/completions", json={"model": "coopbot", "messages": [{"role": "user", "content": said}]}).json()
    assert chat["choices"][0]["message"]["content"] == line
    assert make_tools(answerer, index)["ask"].call({"question": said}, "", lambda _: None)[0] == line
    assert [part.text for part in answer_parts(answer, asked=said)] == [line]
    page = http.post("/ask", data={"question": said}).text
    assert f'<p class="notice">{line}</p>' in page.partition(f'<article class="turn" lang="{language}">')[2]
    assert message(language).no_evidence not in page.split("<script")[0]
    _print_answer(answer)
    assert " ".join(capsys.readouterr().out.split()) == line


LISTS: list[tuple[str, Language, str, str, str]] = [
    ("What do you know about toll?", "en", "The *toll*", "Example News", "3 July 2012"),
    ("статьи про проезд", "ru", "Проезд", "Example News", "3 июля 2012 г."),
    ("有哪些关于过桥费的文章", "zh", "过桥费", "Example News", "日期不详"),
]


@pytest.mark.parametrize(("said", "language", "title", "publisher", "day"), LISTS)
def test_articles_are_listed_with_title_publisher_and_date(
    http: TestClient, answerer: Answerer, said: str, language: Language, title: str, publisher: str, day: str
) -> None:
    heading = message(language).notices["about"]
    answer = answerer.ask(said)
    assert answer_text(answer) == f"{heading}\n- {title} · {publisher} · {day}"
    (listed,) = http.post("/v1/ask", json={"question": said}).json()["articles"]
    assert (listed["title"], listed["publisher"]) == (title, publisher)
    markdown = markdown_text(answer, "https://coopbot.example")
    assert markdown.startswith(heading)
    assert markdown.endswith(f") · {publisher} · {day}")
    (part,) = answer_parts(answer)
    assert part.text == unbroken(f"{heading}\n\n{title}\n{publisher} · {day}")
    page = http.post("/ask", data={"question": said}).text
    assert f'href="/article/{listed["article_id"]}" lang="{language}">{title}</a>' in page


def test_listed_articles_are_escaped(answerer: Answerer) -> None:
    assert r"[The \*toll\*](https://news.example/a)" in markdown_text(answerer.ask("sources about toll"))


NOTES: list[tuple[str, str, str]] = [
    ("What toll of roubles does a lorry pay?", "as of 3 July 2012; “this year”: 2012", " (…)"),
    ("Сколько рублей платит фура за проезд?", "по состоянию на 3 июля 2012 г.", " (…)"),
    ("卡车过桥费是多少卢布？", "日期不详", "（…）"),
]


@pytest.mark.parametrize(("asked", "note", "brackets"), NOTES)
def test_the_age_of_a_quote_is_shown_beside_it(
    http: TestClient, answerer: Answerer, capsys: pytest.CaptureFixture[str], asked: str, note: str, brackets: str
) -> None:
    noted = brackets.replace("…", note)
    answer = answerer.ask(asked, max_citations=1)
    (quote,) = (claim.text for claim in answer.claims)
    json = http.post("/v1/ask", json={"question": asked, "max_citations": 1}).json()
    assert json["citations"][0]["time_note"] == note
    assert json["text"].endswith(f"{quote}{noted} [1]")
    assert f" _{noted.strip()}_ " in markdown_text(answer)
    assert unbroken(f"{quote}{noted} [1]") in answer_parts(answer)[0].text
    assert (
        f'<span class="time" lang="{answer.question_language}">{unbroken(noted)}</span>'
        in http.post("/ask", data={"question": asked}).text
    )
    _print_answer(answer)
    assert f"{noted.strip()} [1]" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [
        (date(2012, 1, 1), date(2012, 12, 31), ("2012", "2012年", "2012 г.")),
        (date(2012, 2, 1), date(2012, 2, 29), ("February 2012", "2012年2月", "февраль 2012 г.")),
        (date(2012, 7, 3), date(2012, 7, 3), ("3 July 2012", "2012年7月3日", "3 июля 2012 г.")),
        (
            date(2012, 1, 2),
            date(2012, 6, 30),
            ("2 January 2012 – 30 June 2012", "2012年1月2日至2012年6月30日", "2 января 2012 г. — 30 июня 2012 г."),
        ),
        (
            date(2012, 1, 1),
            date(2012, 6, 30),
            ("January–June 2012", "2012年1–6月", "январь–июнь 2012 г."),
        ),
    ],
)
def test_periods_in_words(first: date, last: date, shown: tuple[str, str, str]) -> None:
    assert (format_period(first, last, "en"), format_period(first, last, "zh"), format_period(first, last, "ru")) == shown
