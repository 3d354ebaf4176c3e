"""Requests that are too large in any way: refused, early, in a few lines."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError
from fastapi.testclient import TestClient
from pydantic import BaseModel, ValidationError
from starlette.types import Message, Receive, Scope, Send

from coopbot.serve.changes import Changes
from coopbot.serve.http.shapes import ArticleIn
from coopbot.serve.http.sizes import body_limit
from coopbot.serve.requests import AskIn, FeedbackIn, FiltersIn, ShownIn
from coopbot.state import State
from tests.fakes import BagOfWords
from tests.security.conftest import Start
from tests.serve.fake_editor import FakeEditor

ASK = "/v1/ask"
JSON = {"content-type": "application/json"}
LARGEST_REFUSAL_BYTES = 2_000

# As large as fits: each made an error an element, a field or a level before there were bounds.
BODIES = {
    "many wrong elements": {"question": "a", "filters": {"languages": [1] * 20_000}},
    "many right elements": {"question": "a", "filters": {"languages": ["en"] * 9_000}},
    "many publishers": {"question": "a", "filters": {"publishers": [1] * 20_000}},
    "many unknown fields": {"question": "a", **{f"f{n}": 1 for n in range(4_000)}},
    "many unknown filters": {"question": "a", "filters": {f"f{n}": 1 for n in range(4_000)}},
    "a long unknown field": {"question": "a", "x" * 60_000: 1},
    "an unknown field of control characters": {"question": "a", "\x1b[31m\n\x00": 1},
    "a long question": {"question": "я" * 10_000},
    "a question that is a list": {"question": ["a"] * 10_000},
    "a long conversation id": {"question": "a", "conversation_id": "a" * 60_000},
    "a long number": {"question": "a", "max_citations": 10**4000},
    "a long date": {"question": "a", "filters": {"published_from": "2" * 60_000}},
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_refusal_is_short_and_repeats_little_of_what_was_sent(client: TestClient, body: object) -> None:
    sent = json.dumps(body).encode()
    assert len(sent) < 65_536
    reply = client.post(ASK, content=sent, headers=JSON)
    assert reply.status_code == 422
    assert len(reply.content) < LARGEST_REFUSAL_BYTES
    assert len(reply.json()["errors"]) <= 5
    assert "\x1b" not in reply.json()["detail"]


MANY = [1] * 20_000


@pytest.mark.parametrize(
    ("shape", "sent"),
    [
        *((AskIn, {"question": "a", "filters": {field: MANY}}) for field in FiltersIn.model_fields if field[-1] == "s"),
        (AskIn, {"question": "a", "quoted_before": MANY}),
        (ShownIn, {"question": "a", "quotes": MANY}),
        (FeedbackIn, {"feedback_id": "a" * 16, "verdict": "good", "articles": MANY}),
        (ArticleIn, {"text": "A", "title": "A", "authors": MANY}),
    ],
)
def test_a_list_of_wrong_elements_makes_one_error(shape: type[BaseModel], sent: dict[str, Any]) -> None:
    """Making one for each stopped the event loop for a tenth of a second."""
    with pytest.raises(ValidationError) as caught:
        shape.model_validate(sent)
    assert caught.value.error_count() == 1


def test_errors_that_are_not_listed_are_counted(client: TestClient) -> None:
    reply = client.post(ASK, json={"question": "a", **{f"f{n}": 1 for n in range(9)}}).json()
    assert len(reply["errors"]) == 5
    assert reply["detail"].endswith("; and 4 more")


@pytest.mark.parametrize("declared", [True, False])
def test_the_body_of_the_audit_is_refused_unread(client: TestClient, declared: bool) -> None:
    body = json.dumps({"question": "a", "filters": {"languages": [1] * 480_000}}, separators=(",", ":")).encode()
    assert len(body) < 1_000_000
    content = body if declared else iter([body[at : at + 10_000] for at in range(0, len(body), 10_000)])
    reply = client.post(ASK, content=content, headers=JSON)
    assert reply.status_code == 413
    assert len(reply.content) < LARGEST_REFUSAL_BYTES


@pytest.mark.parametrize("body", [b"[" * 60_000, b'{"a":' * 12_000, b'{"question":' + b"9" * 60_000 + b"}", b"\xff" * 60_000])
def test_what_is_no_json_or_too_deep_is_refused(client: TestClient, body: bytes) -> None:
    reply = client.post(ASK, content=body, headers=JSON)
    assert reply.status_code in (400, 422)
    assert len(reply.content) < LARGEST_REFUSAL_BYTES


# Cyrillic takes two bytes a letter.
@pytest.mark.parametrize("field", ["question", "published_from"])
@pytest.mark.parametrize(("language", "most_bytes"), [("en", 16_384), ("zh", 16_384), ("ru", 22_000)])
def test_a_refused_form_gets_a_page_with_little_of_what_was_sent(
    client: TestClient, field: str, language: str, most_bytes: int
) -> None:
    reply = client.post("/ask", data={"question": "q", field: "q" * 60_000}, headers={"Accept-Language": language})
    assert reply.status_code == 422
    assert len(reply.content) < most_bytes


QUERIES = {
    "many languages": "q=a" + "&languages=1" * 4_000,
    "some languages": "q=a" + "&languages=1" * 60,
    "many unknown parameters": "q=a&" + "&".join(f"f{n}=1" for n in range(7_000)),
    "some unknown parameters": "q=a&" + "&".join(f"f{n}=1" for n in range(60)),
    "a repeated question": "q=a" * 20_000,
    "a long parameter": "q=a&languages=" + "e" * 60_000,
    "unknown places": "q=a" + "&places=x" * 10,
    "many places": "q=a" + "&places=x" * 60,
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_queries_are_bounded_too(client: TestClient, query: str) -> None:
    reply = client.get(f"/v1/search?{query}")
    assert reply.status_code in (414, 422)
    assert len(reply.content) < LARGEST_REFUSAL_BYTES
    assert reply.headers["content-type"] == "application/problem+json"


def test_a_search_may_have_all_filters(client: TestClient) -> None:
    lists = {"languages": ["en"] * 10, "publishers": ["x"] * 50, "places": ["heihe"] * 10}
    dates = {"published_from": "2020-01-01", "published_to": "2030-01-01"}
    assert client.get("/v1/search", params={"q": "a", "top_k": 1, **lists, **dates}).status_code == 200


@pytest.mark.parametrize("offset", [2**63 - 1, 2**63, 10**30, -1])
def test_no_offset_is_a_fault_of_the_service(client: TestClient, offset: int) -> None:
    assert client.get("/v1/articles", params={"offset": offset}).status_code == 422


def test_long_addresses_and_headers_are_refused(client: TestClient) -> None:
    assert client.get("/v1/articles/" + "a" * 10_000).status_code == 414
    assert client.get("/healthz", headers={"x-long": "a" * 50_000}).status_code == 431


@pytest.mark.parametrize(
    "article",
    [
        {f"f{n}": 1 for n in range(100_000)},
        {"text": "A", "title": "A" * 100_000},
        {"text": "A", "title": "A", "authors": [1] * 100_000},
    ],
    ids=["fields", "title", "authors"],
)
def test_articles_are_bounded_too(start: Start, tmp_path: Path, article: object) -> None:
    token = "only-for-tests-of-the-service"
    client = start(admin_token=token, changes=Changes(FakeEditor(tmp_path, BagOfWords()), State(None)))
    reply = client.post("/v1/articles", json=article, headers={"Authorization": f"Bearer {token}"})
    assert reply.status_code == 422
    assert len(reply.content) < LARGEST_REFUSAL_BYTES


# Conversations

CHAT = "/v1/chat/completions"

# Each made hundreds of thousands of errors, or objects, before there were bounds.
CONVERSATIONS = {
    "many wrong parts": [{"role": "user", "content": [{"text": 1}] * 40}] * 1000,
    "many right parts": [{"role": "user", "content": [{"type": ""}] * 20}] * 1000,
    "many wrong messages": [1] * 225_000,
    "many empty messages": [{}] * 160_000,
    "messages of wrong kinds": [{"role": "user", "content": {}}] * 1000,
}


@pytest.mark.parametrize("messages", CONVERSATIONS.values(), ids=CONVERSATIONS)
def test_a_wrong_conversation_makes_few_errors(client: TestClient, messages: object, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    class Counted(RequestValidationError):
        def errors(self) -> Sequence[Any]:
            made.append(len(super().errors()))
            return super().errors()

    monkeypatch.setattr("coopbot.serve.http.problems.RequestValidationError", Counted)
    body = json.dumps({"model": "coopbot", "messages": messages}, separators=(",", ":")).encode()
    assert len(body) < 500_000
    reply = client.post(CHAT, content=body, headers=JSON)
    assert reply.status_code == 422
    assert len(reply.content) < LARGEST_REFUSAL_BYTES
    assert max(made, default=0) <= 5


# What a client leaves when it cuts a text amid a character, and what is no text.
HALVES = '{"role":"user","content":"\\ud83d bridge"}'
CUT = {
    "the question": f"[{HALVES}]",
    "an earlier message": f'[{HALVES},{{"role":"user","content":"and in 2024?"}}]',
    "a part": '[{"role":"user","content":[{"type":"text","text":"\\ud83d bridge"}]}]',
    "a NUL": '[{"role":"user","content":"\\u0000 bridge \\u202e"}]',
}


@pytest.mark.parametrize("messages", CUT.values(), ids=CUT)
def test_characters_that_are_no_text_are_left_out(client: TestClient, messages: str) -> None:
    reply = client.post(CHAT, content=f'{{"model":"coopbot","messages":{messages}}}', headers=JSON)
    assert reply.status_code == 200
    reply.json()["choices"][0]["message"]["content"].encode()


@pytest.mark.parametrize("text", ["\\ud83d", "\\u0000", "...", "?", "\\u202e\\u200b"])
def test_a_question_of_which_nothing_can_be_read_is_refused(client: TestClient, text: str) -> None:
    body = f'{{"model":"coopbot","messages":[{{"role":"user","content":"{text}"}}]}}'
    assert client.post(CHAT, content=body, headers=JSON).status_code == 422
    assert client.post(ASK, content=f'{{"question":"{text}"}}', headers=JSON).status_code == 422


def test_two_lengths_of_one_body_are_refused_and_the_connection_ends(client: TestClient) -> None:
    reply = client.post(ASK, content=b"{}", headers={**JSON, "content-length": "2", "transfer-encoding": "chunked"})
    assert (reply.status_code, reply.headers["connection"]) == (400, "close")


@pytest.mark.parametrize("kind", ["text/plain", "", "application/x-www-form-urlencoded"])
def test_a_chat_is_json(client: TestClient, kind: str) -> None:
    # What a page of another site may send without asking.
    assert client.post(CHAT, content=b'{"model":"coopbot"}', headers={"content-type": kind}).status_code == 415


def test_between_two_large_bodies_others_have_the_event_loop() -> None:
    parsed, rounds, while_waiting = 0, 10, list[int]()

    async def parse(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal parsed
        await receive()
        parsed += 1

    async def receive() -> Message:
        return {"type": "http.request", "body": b"a" * 30_000, "more_body": False}

    async def send(message: Message) -> None:
        raise AssertionError("nothing is sent")

    async def small_requests() -> None:
        while parsed < len(large):
            before = parsed
            for _ in range(rounds):
                await asyncio.sleep(0)
            while_waiting.append(parsed - before)

    limited = body_limit(parse)
    large = [{"type": "http", "path": ASK, "headers": []}] * 20

    async def all_at_once() -> None:
        await asyncio.gather(*(limited(scope, receive, send) for scope in large), small_requests())

    asyncio.run(all_at_once())
    assert parsed == len(large)
    assert max(while_waiting) < rounds / 2
