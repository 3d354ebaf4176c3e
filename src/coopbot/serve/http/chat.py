"""`/v1/chat/completions` and `/v1/models`: answers for front ends that speak OpenAI's protocol."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

from coopbot.ask.answerer import Answerer
from coopbot.ask.conversations import MAX_EARLIER
from coopbot.ask.converse import resolve
from coopbot.ask.question import checked
from coopbot.ask.store import LiveStore
from coopbot.domain import MAX_QUESTION_CHARS, Answer
from coopbot.errors import InvalidRequest, NotFound
from coopbot.serve.http.base import base_address
from coopbot.serve.http.chat_shapes import (
    MODEL,
    ChatIn,
    ChatOut,
    MessageIn,
    ModelOut,
    ModelsOut,
    UsageOut,
    chat_out,
    link_annotations,
)
from coopbot.serve.http.health import Health
from coopbot.serve.markdown import answer_markdown
from coopbot.serve.wire import answer_out

_EVENT_STREAM = "text/event-stream"
# Proxies that buffer would hand over the stream at its end.
_STREAM_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
_NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"content": {"application/problem+json": {}}}}


def add_chat(app: FastAPI, answerer: Answerer, index: LiveStore, health: Health, public_url: str) -> None:
    """The routes. A conversation is all in the request: nothing of it is remembered."""

    @app.post(
        "/v1/chat/completions",
        summary="Answer in a chat",
        response_model=ChatOut,
        responses={200: {"content": {_EVENT_STREAM: {}}}, **_NOT_FOUND},
    )
    def complete(body: ChatIn, request: Request) -> ChatOut | StreamingResponse:
        _require_model(body.model)
        question = asked_in(body.messages)
        with health.watched():
            answer = answerer.ask(question)
        head = (answer, f"chatcmpl-{secrets.token_urlsafe(16)}", int(time.time()), base_address(request, public_url))
        if not body.stream:
            return chat_out(*head)
        with_usage = body.stream_options is not None and body.stream_options.include_usage
        return StreamingResponse(stream(*head, with_usage=with_usage), media_type=_EVENT_STREAM, headers=_STREAM_HEADERS)

    @app.get("/v1/models", summary="The models that a chat may name")
    def models() -> ModelsOut:
        return ModelsOut(data=[_model(index)])

    @app.get("/v1/models/{model}", summary="One model", responses=_NOT_FOUND)
    def model(model: str) -> ModelOut:
        _require_model(model)
        return _model(index)


def asked_in(messages: Sequence[MessageIn]) -> str:
    """The last message of the user, made whole by the ones before where it is a follow-up. Raises InvalidRequest."""
    *before, last = [message.text for message in messages if message.role == "user"] or [""]
    if not last:
        raise InvalidRequest("messages", "no message of the user has any words; ask something")
    earlier: list[str] = []
    for text in before[-MAX_EARLIER:]:
        if text and len(text) <= MAX_QUESTION_CHARS:
            earlier.append(resolve(text, earlier))
    return resolve(checked(last), earlier)


def stream(answer: Answer, chat_id: str, created: int, base: str, *, with_usage: bool = False) -> Iterator[str]:
    """The answer as server-sent events, line by line; the last chunk has the citations as fields."""
    same = {"id": chat_id, "object": "chat.completion.chunk", "created": created, "model": MODEL}
    lines = list(answer_markdown(answer, base))
    yield _event({**same, "choices": [_delta({"role": "assistant", "content": ""})]})
    for line in lines:
        yield _event({**same, "choices": [_delta({"content": line.text})]})
    links = [link.model_dump(mode="json") for link in link_annotations(lines, answer, base)]
    whole = answer_out(answer).model_dump(mode="json")
    yield _event({**same, "choices": [_delta({"annotations": links}, "stop")], "coopbot": whole})
    if with_usage:
        yield _event({**same, "choices": [], "usage": UsageOut().model_dump()})
    yield "data: [DONE]\n\n"


def _delta(delta: Mapping[str, object], finish_reason: str | None = None) -> dict[str, object]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


def _event(chunk: Mapping[str, object]) -> str:
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"


def _require_model(name: str) -> None:
    if name != MODEL:
        raise NotFound(f"there is no such model; name {MODEL}, as GET /v1/models does")


def _model(index: LiveStore) -> ModelOut:
    built = datetime.fromisoformat(index.current().manifest.facts.built_at)
    return ModelOut(id=MODEL, created=int(built.timestamp()), owned_by=MODEL)
