"""The tools, called with the official client: in this process, over HTTP within it, and on the pipes of another process."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import anyio
import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from mcp import Client, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from structlog.testing import capture_logs

from coopbot.ask.answer.answerer import Answerer
from coopbot.ask.rank.retrieve import Watch
from coopbot.domain import Answer
from coopbot.errors import IndexBroken
from coopbot.serve.admission import Admission, Asked
from coopbot.serve.mcp.server import make_server
from coopbot.serve.mcp.tools import make_tools
from tests.cases import check_each
from tests.fakes import BagOfWords
from tests.serve.small_service import BRIDGE, QUESTION, access, answerer_over, built, service_over

ROOT = Path(__file__).parents[2]
KEY = "a-key-for-reading-only"
CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "search", "arguments": {"query": "bridge"}}}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@pytest.fixture(scope="module")
def index_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("index")
    built(folder)
    return folder


@pytest.fixture(scope="module")
def app(index_dir: Path) -> FastAPI:
    return service_over(built(index_dir), public_url="https://coopbot.example")


@pytest.fixture
def http(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app) as client:
        yield client


# `Any`: a result is whatever its tool makes of it.
def called(app: FastAPI, name: str, arguments: dict[str, Any], mode: Literal["auto", "legacy"] = "auto") -> Any:
    """What the official client gets over HTTP."""

    async def call() -> Any:
        transport = httpx2.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=transport, base_url="http://testserver") as connection,
            Client(streamable_http_client("http://testserver/mcp", http_client=connection), mode=mode) as client,
        ):
            return await client.call_tool(name, arguments)

    return anyio.run(call)


def test_the_tools_are_those_of_a_connector_and_change_nothing(index_dir: Path) -> None:
    index = built(index_dir)

    async def listed() -> list[Any]:
        async with Client(make_server(make_tools(answerer_over(index), index), base_of=lambda _: "")) as client:
            return list((await client.list_tools()).tools)

    tools = {tool.name: tool for tool in anyio.run(listed)}
    assert list(tools) == ["search", "fetch", "ask"]
    assert all(tool.annotations.read_only_hint for tool in tools.values())
    assert tools["search"].input_schema["required"] == ["query"]
    assert tools["fetch"].input_schema["required"] == ["id"]


def test_on_this_machine_an_article_without_an_address_is_linked_to_its_file(index_dir: Path) -> None:
    index = built(index_dir)
    tools = make_tools(answerer_over(index), index, lambda article_id: f"file:///corpus/{article_id}.md")
    _, found = tools["search"].call({"query": "порт"}, "", lambda _: None)
    (url,) = (one["url"] for one in found.model_dump()["results"] if one["id"] == "ru/port")
    _, document = tools["fetch"].call({"id": "ru/port"}, "", lambda _: None)
    assert url == document.model_dump()["url"] == "file:///corpus/ru/port.md"


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_search_and_fetch_have_the_shapes_that_connectors_expect(app: FastAPI, mode: Literal["auto", "legacy"]) -> None:
    found = called(app, "search", {"query": "railway bridge"}, mode)
    (content,) = found.content
    results = json.loads(content.text)["results"]
    assert results == found.structured_content["results"]
    assert len({result["id"] for result in results}) == len(results)
    assert results[0]["id"] == "en/bridge"
    assert results[0]["url"] == BRIDGE.url
    assert all(result["url"].startswith("http") and result["title"] for result in results)
    document = called(app, "fetch", {"id": results[0]["id"]}, mode)
    fields = json.loads(document.content[0].text)
    assert (fields["id"], fields["text"], fields["url"]) == ("en/bridge", BRIDGE.text, BRIDGE.url)
    assert fields["metadata"]["publisher"] == "Example News"


def test_an_answer_has_exact_quotes(app: FastAPI, http: TestClient) -> None:
    answer = called(app, "ask", {"question": QUESTION, "languages": ["en"], "max_citations": 1})
    assert answer.content[0].text.startswith("The railway bridge at Tongjiang opened to freight on ")
    elsewhere = called(app, "ask", {"question": QUESTION, "places": ["Zarubino"]})
    assert {one["article_id"] for one in elsewhere.structured_content["citations"]} == {"ru/port"}
    (citation,) = answer.structured_content["citations"]
    assert BRIDGE.text[citation["start_char"] : citation["end_char"]] == citation["quote"]


def test_wrong_arguments_are_named_for_the_model_to_correct(app: FastAPI) -> None:
    def check(name: str, arguments: dict[str, Any], part: str) -> None:
        result = called(app, name, arguments)
        assert result.is_error
        assert part in result.content[0].text
        assert "secret-words" not in result.content[0].text

    cases: list[tuple[str, dict[str, Any], str]] = [
        ("search", {}, "query"),
        ("search", {"query": 5}, "query"),
        ("search", {"query": " "}, "query"),
        ("search", {"query": "secret-words" * 100}, "query"),
        ("search", {"query": "bridge", "limit": 3}, "limit"),
        ("fetch", {"id": "../../etc/secret-words"}, "no article"),
        ("fetch", {"id": ""}, "id"),
        ("ask", {"question": None}, "question"),
        ("ask", {"question": "bridge?", "languages": ["fr"]}, "languages"),
        ("ask", {"question": "bridge?", "max_citations": 11}, "max_citations"),
        ("ask", {"question": "bridge?", "published_from": "yesterday"}, "published_from"),
        ("ask", {"question": "bridge?", "places": ["secret-words"]}, "are amurzet, "),
        ("delete", {"id": "en/bridge"}, "search, fetch, ask"),
    ]
    check_each(cases, lambda case: check(*case))


class Broken(Answerer):
    """Fails as an index that is damaged does, or as a fault of ours."""

    # The parameters are those of `Answerer.ask`.
    def ask(self, question: str, **others: Any) -> Any:
        raise IndexBroken("/srv/secret is damaged") if "index" in question else ValueError(question)


def test_clients_get_only_the_kind_and_the_remedy_of_a_server_error(index_dir: Path) -> None:
    index = built(index_dir)
    app = service_over(index, Broken(index_dir, index.current))  # type: ignore[arg-type]  # it embeds nothing
    with capture_logs() as logged:
        damaged = called(app, "ask", {"question": "the index?"})
        crashed = called(app, "ask", {"question": "a secret?"})
    assert damaged.is_error
    assert damaged.content[0].text == "the index is damaged; run: coopbot index --force"
    assert crashed.is_error
    assert "secret" not in crashed.content[0].text
    assert [line["event"] for line in logged] == ["tool_failed", "tool_crashed"]
    assert all("secret" not in json.dumps({**line, "exc_info": None}) for line in logged)


def test_an_invalid_call_gets_a_clear_error(http: TestClient) -> None:
    assert http.get("/mcp").status_code == 405
    assert http.delete("/mcp").status_code == 405
    assert http.post("/mcp", content=b"{", headers={**ACCEPT, "Content-Type": "application/json"}).status_code == 400
    assert http.post("/mcp", json=[], headers=ACCEPT).status_code == 400
    assert http.post("/mcp", json=CALL, headers={"Accept": "text/html"}).status_code == 406
    assert http.post("/mcp", content=b"x", headers=ACCEPT).status_code in (400, 415)
    assert http.post("/mcp", json={**CALL, "params": {"x": "y" * 70_000}}, headers=ACCEPT).status_code == 413
    unknown = http.post("/mcp", json={**CALL, "method": "resources/list", "params": {}}, headers=ACCEPT)
    assert unknown.json()["error"]["code"] == -32601


def test_equal_calls_at_the_same_time_are_one(index_dir: Path) -> None:
    index, both = built(index_dir), threading.Event()
    asked: list[str] = []

    class Slow(Answerer):
        def ask(self, question: str, **options: Any) -> Answer:
            asked.append(question)
            assert both.wait(20)
            return super().ask(question, **options)

    class Counting(Admission):
        calls = 0

        def ask(self, client: str, work: Callable[[Watch], Any], **options: Any) -> Asked[Any]:
            waiting = super().ask(client, work, **options)
            self.calls += 1
            if self.calls == 2:
                both.set()
            return waiting

    app = service_over(index, Slow(BagOfWords(), index.current), admission=Counting())
    arguments = [{"question": QUESTION, "languages": ["en"]}, {"languages": ["en"], "question": QUESTION}]

    async def call() -> list[Any]:
        results: list[Any] = []
        transport = httpx2.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=transport, base_url="http://testserver") as connection,
            Client(streamable_http_client("http://testserver/mcp", http_client=connection)) as client,
        ):

            async def one(given: dict[str, Any]) -> None:
                results.append((await client.call_tool("ask", given)).structured_content)

            async with anyio.create_task_group() as group:
                for given in arguments:
                    group.start_soon(one, given)
        return results

    one, other = anyio.run(call)
    assert one == other
    assert asked == [QUESTION]


def test_keys_hosts_and_rate_limits_apply_to_mcp(index_dir: Path) -> None:
    limited = access(api_keys=(KEY,), rate_limit="1/minute", hosts=("testserver",))
    with TestClient(service_over(built(index_dir), access=limited)) as http:
        key = {**ACCEPT, "Authorization": f"Bearer {KEY}"}
        assert http.post("/mcp", json=CALL, headers=ACCEPT).status_code == 401
        assert http.post("/mcp", json=CALL, headers={**key, "Host": "evil.example"}).status_code == 421
        assert http.post("/mcp", json=CALL, headers=key).status_code == 200
        assert http.post("/mcp", json=CALL, headers=key).status_code == 429


@pytest.mark.process
def test_tools_work_over_standard_input_and_output(index_dir: Path) -> None:
    environ = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
    program = StdioServerParameters(
        command=sys.executable, args=["-m", "tests.serve.mcp_service", os.fspath(index_dir)], env=environ, cwd=ROOT
    )

    async def call() -> Any:
        async with Client(stdio_client(program)) as client:
            assert [tool.name for tool in (await client.list_tools()).tools] == ["search", "fetch", "ask"]
            return await client.call_tool("ask", {"question": QUESTION})

    answer = anyio.run(call)
    assert "Tongjiang" in answer.content[0].text
