from __future__ import annotations

import runpy
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from coopbot import client as client_module
from coopbot.client import Client, TooManyRequests
from coopbot.errors import Busy, CoopbotError, Forbidden, InvalidRequest, NotFound, Unreachable
from tests.cases import check_each
from tests.serve.small_service import BRIDGE, QUESTION, access, built, service_over

KEY = "a-key-for-reading-only"
EXAMPLE = Path(__file__).parents[1] / "examples" / "ask_in_three_languages.py"
ADDRESS = "http://testserver"


def through(http: TestClient) -> httpx.BaseTransport:
    """Takes requests to a service in this process."""

    def handle(request: httpx.Request) -> httpx.Response:
        answer = http.request(request.method, str(request.url), headers=dict(request.headers), content=request.read())
        return httpx.Response(answer.status_code, headers=dict(answer.headers), content=answer.content)

    return httpx.MockTransport(handle)


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with TestClient(service_over(built(tmp_path_factory.mktemp("index")))) as client:
        yield client


@pytest.fixture(scope="module")
def client(http: TestClient) -> Iterator[Client]:
    with Client(ADDRESS, transport=through(http)) as client:
        yield client


def test_an_answer_is_typed_and_exact(client: Client) -> None:
    answer = client.ask(QUESTION, languages=["en"], published_from=date(2025, 1, 1), max_citations=1)
    (citation,) = answer.citations
    article = client.article(citation.article_id)
    assert article.text[citation.start_char : citation.end_char] == citation.quote
    assert citation.published == date(2025, 5, 10)
    followed = client.ask("and how long is it?", conversation_id=answer.conversation_id)
    assert "Tongjiang" in followed.searched_as


def test_filters_hold(client: Client) -> None:
    assert client.ask(QUESTION, published_to=date(2024, 1, 1)).outcome == "no_evidence"
    hits = client.search("bridge port", languages=["ru", "zh"], top_k=5).hits
    assert {hit.language for hit in hits} == {"ru", "zh"}
    assert client.search("bridge", publishers=["Nobody"]).hits == []
    assert {hit.article_id for hit in client.search("bridge", places=["Zarubino"]).hits} == {"ru/port"}
    assert {citation.article_id for citation in client.ask(QUESTION, places=["zarubino"]).citations} == {"ru/port"}


def test_articles_come_page_by_page(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_PAGE", 2)
    assert [article.article_id for article in client.articles()] == ["en/bridge", "ru/port", "zh/park"]
    assert client.index().articles == 3
    assert client.article("en/bridge").title == BRIDGE.title


def test_a_refused_request_names_the_fault(client: Client) -> None:
    cases: list[tuple[Callable[[], object], type[CoopbotError]]] = [
        (lambda: client.ask(" "), InvalidRequest),
        (lambda: client.ask("x" * 501), InvalidRequest),
        (lambda: client.search("x", top_k=99), InvalidRequest),
        (lambda: client.article("en/none"), NotFound),
    ]

    def check(case: tuple[Callable[[], object], type[CoopbotError]]) -> None:
        call, error = case
        with pytest.raises(error):
            call()

    check_each(cases, check)
    with pytest.raises(InvalidRequest) as refused:
        client.ask("x" * 501)
    assert refused.value.field == "question"


def test_key_and_rate_errors_are_distinguished(tmp_path: Path) -> None:
    limited = access(api_keys=(KEY,), rate_limit="1/minute")
    with TestClient(service_over(built(tmp_path), access=limited)) as http:
        with pytest.raises(Forbidden):
            Client(ADDRESS, transport=through(http)).index()
        client = Client(ADDRESS, api_key=KEY, transport=through(http))
        client.index()
        with pytest.raises(TooManyRequests) as refused:
            client.index()
        assert refused.value.wait_s > 0


def answering(status: int, body: bytes) -> Client:
    return Client(ADDRESS, transport=httpx.MockTransport(lambda request: httpx.Response(status, content=body)))


def test_other_servers_are_unreachable() -> None:
    cases = [(200, b"<html>"), (200, b"{}"), (404, b"<html>"), (500, b"[]"), (502, b""), (302, b""), (400, b'{"detail": 5}')]

    def check(case: tuple[int, bytes]) -> None:
        with pytest.raises((Unreachable, InvalidRequest)):
            answering(*case).index()

    check_each(cases, check)
    with pytest.raises(Busy):
        answering(503, b'{"detail": "later"}').index()


def test_a_busy_service_says_when_to_come_back() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(503, headers={"Retry-After": "40"}, content=b'{"detail": "later"}')

    with pytest.raises(Busy) as caught:
        Client(ADDRESS, transport=httpx.MockTransport(handle)).index()
    assert caught.value.retry_after_s == 40


def test_where_nothing_listens_the_error_says_so() -> None:
    with pytest.raises(Unreachable, match="coopbot serve"):
        Client("http://127.0.0.1:9").index()


def run_example(program: Path, http: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a program of examples/ against a service in this process."""
    monkeypatch.setattr(client_module, "Client", lambda address: Client(address, transport=through(http)))
    runpy.run_path(str(program), run_name="example")["main"](ADDRESS)


def test_the_example_runs(http: TestClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    run_example(EXAMPLE, http, monkeypatch)
    printed = capsys.readouterr().out
    assert "Heihe-Blagoveshchensk" in printed
    assert "how long is it?" in printed
