"""`/v1/chat/completions` and `/v1/models`: answers for front ends that speak OpenAI's protocol."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException

from coopbot.ask.rank.retrieve import Watch
from coopbot.ask.store import LiveStore
from coopbot.ask.understand.conversations import MAX_EARLIER
from coopbot.ask.understand.question import checked
from coopbot.domain import MAX_QUESTION_CHARS, Answer
from coopbot.errors import InvalidRequest, NotFound
from coopbot.serve.http.chat_shapes import (
    MODEL,
    ChatIn,
    ChatOptions,
    ChatOut,
    MessageIn,
    ModelOut,
    ModelsOut,
    UsageOut,
    chat_out,
    chat_schema,
    link_annotations,
)
from coopbot.serve.http.problems import PROBLEM, openai_error, report_failure, validated
from coopbot.serve.http.questions import MEDIA_TYPE, Questions
from coopbot.serve.http.service import HttpService
from coopbot.serve.markdown import answer_markdown
from coopbot.serve.wire import answer_out

# Half of a character, which a client leaves when it cuts a text, is no JSON. Group 1: any other escape, also a pair of halves.
_HALF = re.compile(rb"(\\[^u]|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u(?![dD][89a-fA-F])....)|\\u[dD][89a-fA-F]..")
# Finding them in a longer body would stop the event loop.
_MENDED_BYTES = 65_536

# For the OpenAPI description: the handler itself reads the body.
_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": chat_schema()}}}}


def add_chat(app: FastAPI, service: HttpService, questions: Questions) -> None:
    """Add the routes. A request contains its whole conversation; the service stores none of it."""

    @app.post(
        "/v1/chat/completions",
        summary="Answer in a chat",
        response_model=ChatOut,
        openapi_extra=_BODY,
        responses={200: {"content": {MEDIA_TYPE: {}}}, 404: PROBLEM, 415: PROBLEM},
    )
    async def complete(request: Request) -> ChatOut | StreamingResponse:
        question, earlier, options = await _read(request)
        head = (f"chatcmpl-{secrets.token_urlsafe(16)}", int(time.time()), service.base_address(request))

        def answer(watch: Watch) -> Answer:
            return service.answerer.ask(question, earlier=earlier, watch=watch)

        same = ("chat", question, *earlier)
        if not options.stream:
            return chat_out(await questions.done(request, answer, key=same), *head)
        with_usage = options.stream_options is not None and options.stream_options.include_usage
        chat = ChatStream(*head, with_usage=with_usage)
        return questions.stream(
            request.state.client,
            answer,
            key=same,
            first=chat.first(),
            # Comments, which clients ignore.
            wait=lambda count: f": waiting behind {count} questions\n\n",
            progress=lambda seen: f": {seen.stage} {seen.passages} passages\n\n",
            answered=chat.answered,
            failed=lambda exc: _event({"error": openai_error(report_failure(exc, request.url.path)).model_dump()}),
        )

    @app.get("/v1/models", summary="The available models")
    def models() -> ModelsOut:
        return ModelsOut(data=[_model(service.index)])

    @app.get("/v1/models/{model}", summary="One model", responses={404: PROBLEM})
    def model(model: str) -> ModelOut:
        _require_model(model)
        return _model(service.index)


async def _read(request: Request) -> tuple[str, list[str], ChatOptions]:
    """The question, the earlier ones and the options. The body is not kept, since it may be long and the question may wait."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send JSON as application/json")
    body = b"".join([chunk async for chunk in request.stream()])
    if len(body) <= _MENDED_BYTES:
        body = _HALF.sub(rb"\1", body)
    chat = validated(ChatIn.model_validate_json, body)
    _require_model(chat.model)
    question, earlier = await run_in_threadpool(asked_in, chat.messages)
    return question, earlier, ChatOptions.model_validate(chat.model_dump(include=set(ChatOptions.model_fields)))


def asked_in(messages: Sequence[MessageIn]) -> tuple[str, list[str]]:
    """The user's last message, and the earlier ones. Raises InvalidRequest."""
    *before, last = [message.text for message in messages if message.role == "user"] or [""]
    if not last:
        raise InvalidRequest("messages", "there is no text in the user's last message; send a question")
    return checked(last), [text for text in before[-MAX_EARLIER:] if text and len(text) <= MAX_QUESTION_CHARS]


@dataclass(frozen=True, slots=True)
class ChatStream:
    """An answer as server-sent events, a chunk for each line. The last chunk has the citations as fields."""

    chat_id: str
    created: int
    base: str
    with_usage: bool = False

    def first(self) -> str:
        """The chunk before the answer."""
        return self._chunk(choices=[_delta({"role": "assistant", "content": ""})])

    def answered(self, answer: Answer) -> Iterator[str]:
        """All other chunks."""
        lines = list(answer_markdown(answer, self.base))
        for line in lines:
            yield self._chunk(choices=[_delta({"content": line.text})])
        links = [link.model_dump(mode="json") for link in link_annotations(lines, answer, self.base)]
        whole = answer_out(answer).model_dump(mode="json")
        yield self._chunk(choices=[_delta({"annotations": links}, "stop")], coopbot=whole)
        if self.with_usage:
            yield self._chunk(choices=[], usage=UsageOut().model_dump())
        yield "data: [DONE]\n\n"

    def _chunk(self, **fields: object) -> str:
        return _event(
            {"id": self.chat_id, "object": "chat.completion.chunk", "created": self.created, "model": MODEL, **fields}
        )


def _delta(delta: Mapping[str, object], finish_reason: str | None = None) -> dict[str, object]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


def _event(chunk: Mapping[str, object]) -> str:
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"


def _require_model(name: str) -> None:
    if name != MODEL:
        raise NotFound(f"there is no such model; the only one is {MODEL}, see GET /v1/models")


def _model(index: LiveStore) -> ModelOut:
    built = datetime.fromisoformat(index.current().manifest.facts.built_at)
    return ModelOut(id=MODEL, created=int(built.timestamp()), owned_by=MODEL)
