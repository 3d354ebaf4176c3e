"""Answers questions that arrive over HTTP: as one JSON document, or as server-sent events: progress, then the answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from anyio.to_thread import run_sync
from fastapi import Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from coopbot.ask.answer.answerer import Answerer
from coopbot.ask.rank.retrieve import Watch
from coopbot.ask.understand.conversations import new_conversation_id
from coopbot.serve.http.health import Health
from coopbot.serve.http.problems import report_failure
from coopbot.serve.requests import AskIn, SearchIn
from coopbot.serve.wire import AnswerOut, SearchOut, answer_out, search_out

MEDIA_TYPE = "text/event-stream"

# The data of the event `claims`: what a client shows of an answer.
_CLAIMS = {"outcome", "notice", "text", "articles", "claims", "citations", "disagreements"}

Send = Callable[[str], object]
"""Sends an event. May be called from any thread."""


class ProgressOut(BaseModel):
    """The data of the events `retrieved` and `read`: the number of passages."""

    passages: int


class Questions:
    """Answers questions, and reports failures to `health`."""

    def __init__(self, answerer: Answerer, health: Health) -> None:
        self._answerer = answerer
        self._health = health

    def answer(self, body: AskIn, client: str, watch: Watch = lambda _: None) -> AnswerOut:
        """The answer to a question of `client`, in the conversation it names, or else a new one."""
        conversation_id = body.conversation_id or new_conversation_id()
        with self._health.watched():
            answer = self._answerer.ask(
                body.question,
                filters=body.filters.to_filters(),
                max_citations=body.max_citations,
                conversation_id=conversation_id,
                client=client,
                watch=watch,
            )
        return answer_out(answer, conversation_id)

    def search(self, query: SearchIn) -> SearchOut:
        """The nearest passages."""
        with self._health.watched():
            return search_out(self._answerer.search(query.q, top_k=query.top_k, filters=query.to_filters()))


def wants_events(request: Request) -> bool:
    """Whether the client asks for events instead of one JSON document."""
    return MEDIA_TYPE in request.headers.get("accept", "")


def answer_events(ask: Callable[[Watch], AnswerOut], path: str) -> StreamingResponse:
    """The events of one question: retrieved, read (repeatedly), claims, done; or error, with a problem document.

    path: for the log. `ask` runs in one of the request threads. If the client disconnects, the question is still answered to
    its end.
    """

    def work(send: Send) -> None:
        try:
            answer = ask(lambda progress: send(_event(progress.stage, ProgressOut(passages=progress.passages))))
        except Exception as exc:  # the response has started, so an error becomes its last event
            send(_event("error", report_failure(exc, path)))
        else:
            send(_event("claims", answer, _CLAIMS))
            send(_event("done", answer))

    return stream_of(work)


def stream_of(work: Callable[[Send], None]) -> StreamingResponse:
    """A response with the events that `work` sends, from a thread, as it sends them."""

    async def events() -> AsyncIterator[str]:
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[str | None] = asyncio.Queue()

        def send(event: str) -> None:
            loop.call_soon_threadsafe(queue.put_nowait, event)

        def done() -> None:
            try:
                work(send)
            finally:
                loop.call_soon_threadsafe(queue.put_nowait, None)

        working = asyncio.ensure_future(run_sync(done))
        while (event := await queue.get()) is not None:
            yield event
        await working

    # The header keeps proxies from buffering the events.
    return StreamingResponse(events(), media_type=MEDIA_TYPE, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})


def _event(name: str, data: BaseModel, fields: set[str] | None = None) -> str:
    """An event with the given fields of its data, by default all. The data is one line, since JSON escapes line breaks."""
    return f"event: {name}\ndata: {data.model_dump_json(include=fields, exclude_unset=True)}\n\n"
