"""`/v1/chat/completions`, asked with OpenAI's own client, in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from fastapi.testclient import TestClient
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionStreamOptionsParam

from coopbot.ask.answer.answerer import Answerer
from coopbot.domain import MAX_QUESTION_CHARS
from coopbot.errors import IndexBroken
from coopbot.serve.http.chat import asked_in
from coopbot.serve.http.chat_shapes import MessageIn
from tests.cases import check_each
from tests.fakes import BagOfWords
from tests.serve.small_service import QUESTION, UNANSWERED, access, built, service_over

# The client asks `uname` what it runs on.
pytestmark = pytest.mark.process

ASKED: list[ChatCompletionMessageParam] = [{"role": "user", "content": QUESTION}]
KEY = "a-key-for-reading-only"


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with TestClient(service_over(built(tmp_path_factory.mktemp("index")))) as client:
        yield client


@pytest.fixture(scope="module")
def client(http: TestClient) -> openai.OpenAI:
    return connected(http)


def connected(http: TestClient, key: str = "none") -> openai.OpenAI:
    return openai.OpenAI(base_url="http://testserver/v1", api_key=key, http_client=http, max_retries=0)


def test_an_answer_has_its_quotes_as_links_and_as_fields(client: openai.OpenAI, http: TestClient) -> None:
    completion = client.chat.completions.create(model="coopbot", messages=ASKED)
    (choice,) = completion.choices
    assert choice.finish_reason == "stop"
    content = choice.message.content or ""
    assert content.startswith("The railway bridge at Tongjiang opened to freight on ")
    answer = (completion.model_extra or {})["coopbot"]
    asked = http.post("/v1/ask", json={"question": QUESTION}).json()
    assert answer["citations"] == asked["citations"]
    annotation = (choice.message.annotations or [])[0].url_citation
    assert annotation.url == answer["citations"][0]["deep_link"]
    assert content[annotation.start_index : annotation.end_index].startswith("[\\[1\\]](https://news.example/a")


def test_a_stream_has_the_same_answer_in_chunks(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(model="coopbot", messages=ASKED)
    chunks = list(client.chat.completions.create(model="coopbot", messages=ASKED, stream=True))
    assert len(chunks) > 3
    streamed = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert streamed.rstrip() == whole.choices[0].message.content
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * (len(chunks) - 1) + ["stop"]
    last, answer = chunks[-1].model_extra or {}, whole.model_extra or {}
    assert last["coopbot"]["citations"] == answer["coopbot"]["citations"]
    links = (chunks[-1].choices[0].delta.model_extra or {})["annotations"]
    assert links == [link.model_dump() for link in whole.choices[0].message.annotations or []]


def test_a_stream_ends_with_usage_on_request(client: openai.OpenAI) -> None:
    usage = client.chat.completions.create(model="coopbot", messages=ASKED).usage
    assert usage is not None
    assert usage.total_tokens == 0
    options: ChatCompletionStreamOptionsParam = {"include_usage": True}
    *_, last = client.chat.completions.create(model="coopbot", messages=ASKED, stream=True, stream_options=options)
    assert (last.choices, last.usage) == ([], usage)


def test_no_evidence_is_stated_with_the_nearest_passages(client: openai.OpenAI) -> None:
    asked: list[ChatCompletionMessageParam] = [{"role": "user", "content": UNANSWERED}]
    completion = client.chat.completions.create(model="coopbot", messages=asked)
    assert (completion.choices[0].message.content or "").startswith("The articles here give no clear answer.")


def test_models_are_listed_and_found(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["coopbot"]
    assert client.models.retrieve("coopbot").created > 1_700_000_000
    with pytest.raises(openai.NotFoundError, match="the only one is coopbot"):
        client.models.retrieve("gpt-4")


def said(*texts: str) -> list[MessageIn]:
    roles = ("user", "assistant")
    return [MessageIn.model_validate({"role": roles[at % 2], "content": text}) for at, text in enumerate(texts)]


def test_a_question_comes_with_the_earlier_ones() -> None:
    first, follow_up = "How much cargo crossed the Tongjiang bridge in 2023?", "and in 2024?"
    assert asked_in(said(first)) == (first, [])
    assert asked_in(said(first, "5 million tonnes", follow_up)) == (follow_up, [first])
    assert asked_in(said(first, "5", follow_up, "6", "and in 2025?")) == ("and in 2025?", [first, follow_up])
    # What others said is no question, and what is too long for one is passed over.
    assert asked_in([*said("x" * 600, "no"), *said(follow_up)]) == (follow_up, [])
    system = MessageIn(role="system", content="You are a pirate.")
    assert asked_in([system, *said(first)]) == (first, [])


def test_parts_of_text_are_one_question() -> None:
    parts = [{"type": "text", "text": "When did"}, {"type": "text", "text": "it open?"}]
    assert asked_in([MessageIn.model_validate({"role": "user", "content": parts})]) == ("When did it open?", [])


def test_a_stream_reports_progress_before_the_answer(http: TestClient) -> None:
    text = http.post("/v1/chat/completions", json={"model": "coopbot", "messages": ASKED, "stream": True}).text
    first, *events = text.split("\n\n")
    assert '"role": "assistant"' in first
    comments = [event for event in events if event.startswith(":")]
    assert comments == [": retrieved 3 passages", ": read 3 passages"]
    assert events[: len(comments)] == comments


class _Broken(Answerer):
    # The parameters are passed on as they are.
    def ask(self, question: str, **others):  # type: ignore[no-untyped-def]
        raise IndexBroken("/srv/secret/index is damaged; run: coopbot index --force")


def test_an_error_in_a_stream_is_raised_by_the_client(tmp_path: Path) -> None:
    index = built(tmp_path)
    with TestClient(service_over(index, _Broken(BagOfWords(), index.current))) as broken:
        stream = connected(broken).chat.completions.create(model="coopbot", messages=ASKED, stream=True)
        with pytest.raises(openai.APIError, match="damaged") as raised:
            list(stream)
    assert "secret" not in raised.value.message


def test_invalid_requests_get_errors_in_openais_format(http: TestClient) -> None:
    def check(body: dict[str, Any], status: int, part: str) -> None:
        for stream in (False, True):
            response = http.post("/v1/chat/completions", json={**body, "stream": stream})
            assert response.status_code == status
            problem = response.json()
            assert part in problem["detail"]
            assert problem["error"]["message"] == problem["detail"]
            assert problem["error"]["type"] == "invalid_request_error"

    image = [{"type": "image_url", "image_url": {"url": "https://x.example/a.png"}}]
    cases: list[tuple[dict[str, Any], int, str]] = [
        ({"model": "gpt-4", "messages": ASKED}, 404, "the only one is coopbot"),
        ({"model": "coopbot", "messages": []}, 422, "messages"),
        ({"model": "coopbot", "messages": [{"role": "system", "content": "hello"}]}, 422, "send a question"),
        ({"model": "coopbot", "messages": [{"role": "user", "content": " "}]}, 422, "send a question"),
        ({"model": "coopbot", "messages": [{"role": "user", "content": None}]}, 422, "send a question"),
        ({"model": "coopbot", "messages": [{"role": "user", "content": image}]}, 422, "as text"),
        ({"model": "coopbot", "messages": [{"role": "user", "content": "x" * (MAX_QUESTION_CHARS + 1)}]}, 422, "500"),
        ({"model": "coopbot", "messages": [{"role": "king", "content": "x"}]}, 422, "role"),
        ({"model": "coopbot", "messages": ASKED, "n": 2}, 422, "n:"),
        ({"messages": ASKED}, 422, "model"),
    ]
    check_each(cases, lambda case: check(*case))


def test_other_fields_of_front_ends_are_ignored(http: TestClient) -> None:
    more = {
        "temperature": 0.2,
        "top_p": 1,
        "max_tokens": 9,
        "user": "u",
        "tools": [],
        "stream_options": {"include_usage": True},
    }
    response = http.post("/v1/chat/completions", json={"model": "coopbot", "messages": ASKED, **more})
    assert response.status_code == 200


def test_a_long_conversation_is_read_and_a_longer_one_refused(http: TestClient) -> None:
    def with_history(size: int) -> dict[str, Any]:
        return {"model": "coopbot", "messages": [{"role": "assistant", "content": "x" * size}, *ASKED]}

    assert http.post("/v1/chat/completions", json=with_history(450_000)).status_code == 200
    assert http.post("/v1/chat/completions", json=with_history(550_000)).status_code == 413


def test_keys_and_rate_limits_apply_to_chats(tmp_path: Path) -> None:
    limited = access(api_keys=(KEY,), rate_limit="2/minute")
    with TestClient(service_over(built(tmp_path), access=limited)) as http:
        with pytest.raises(openai.AuthenticationError):
            connected(http, " ").models.list()
        with pytest.raises(openai.PermissionDeniedError):
            connected(http, "wrong-but-long-enough").models.list()
        client = connected(http, KEY)
        client.models.list()
        client.models.list()
        with pytest.raises(openai.RateLimitError):
            client.chat.completions.create(model="coopbot", messages=ASKED)
