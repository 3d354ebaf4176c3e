"""`/v1/chat/completions` and `/v1/models`: answers for front ends that speak OpenAI's protocol."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

from coopbot.ask.rank.retrieve import Watch
from coopbot.ask.store import LiveStore
from coopbot.ask.understand.conversations import MAX_EARLIER
from coopbot.ask.understand.converse import resolve
from coopbot.ask.understand.question import checked
from coopbot.domain import MAX_QUESTION_CHARS, Answer
from coopbot.errors import InvalidRequest, NotFound
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
from coopbot.serve.http.problems import PROBLEM, openai_error, report_failure
from coopbot.serve.http.questions import MEDIA_TYPE, Send, stream_of
from coopbot.serve.http.service import HttpService
from coopbot.serve.markdown import answer_markdown
from coopbot.serve.wire import answer_out


def add_chat(app: FastAPI, service: HttpService, health: Health) -> None:
    """Add the routes. A request contains its whole conversation; the service stores none of it."""

    @app.post(
        "/v1/chat/completions",
        summary="Answer in a chat",
        response_model=ChatOut,
        responses={200: {"content": {MEDIA_TYPE: {}}}, 404: PROBLEM},
    )
    def complete(body: ChatIn, request: Request) -> ChatOut | StreamingResponse:
        _require_model(body.model)
        question, earlier = asked_in(body.messages)
        head = (f"chatcmpl-{secrets.token_urlsafe(16)}", int(time.time()), service.base_address(request))

        def answer(watch: Watch = lambda _: None) -> Answer:
            with health.watched():
                return service.answerer.ask(question, earlier=earlier, watch=watch)

        if not body.stream:
            return chat_out(answer(), *head)
        with_usage = body.stream_options is not None and body.stream_options.include_usage
        chat = ChatStream(*head, with_usage=with_usage)
        return stream_of(lambda send: chat.send(send, answer, request.url.path))

    @app.get("/v1/models", summary="The available models")
    def models() -> ModelsOut:
        return ModelsOut(data=[_model(service.index)])

    @app.get("/v1/models/{model}", summary="One model", responses={404: PROBLEM})
    def model(model: str) -> ModelOut:
        _require_model(model)
        return _model(service.index)


def asked_in(messages: Sequence[MessageIn]) -> tuple[str, list[str]]:
    """The user's last message, and the earlier ones, follow-ups completed. Raises InvalidRequest."""
    *before, last = [message.text for message in messages if message.role == "user"] or [""]
    if not last:
        raise InvalidRequest("messages", "there is no text in the user's last message; send a question")
    earlier: list[str] = []
    for text in before[-MAX_EARLIER:]:
        if text and len(text) <= MAX_QUESTION_CHARS:
            earlier.append(resolve(text, earlier))
    return checked(last), earlier


@dataclass(frozen=True, slots=True)
class ChatStream:
    """An answer as server-sent events, a chunk for each line. The last chunk has the citations as fields."""

    chat_id: str
    created: int
    base: str
    with_usage: bool = False

    def send(self, send: Send, ask: Callable[[Watch], Answer], path: str) -> None:
        """Send all chunks. Progress is sent as comments, which clients ignore. path: for the log."""
        send(self._chunk(choices=[_delta({"role": "assistant", "content": ""})]))
        try:
            answer = ask(lambda progress: send(f": {progress.stage} {progress.passages} passages\n\n"))
        except Exception as exc:  # the response has started, so an error becomes its last event
            send(_event({"error": openai_error(report_failure(exc, path)).model_dump()}))
            return
        for event in self._answered(answer):
            send(event)

    def _answered(self, answer: Answer) -> Iterator[str]:
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
