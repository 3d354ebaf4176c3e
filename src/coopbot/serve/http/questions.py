"""`/v1/ask`, as one JSON document or as server-sent events (waiting, progress, the answer), `/v1/search` and `/v1/feedback`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from http import HTTPStatus
from typing import Annotated, TypeVar

from fastapi import FastAPI, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from coopbot.ask.answer.answerer import Answerer
from coopbot.ask.rank.retrieve import Progress, Watch
from coopbot.ask.understand.conversations import new_conversation_id
from coopbot.serve.admission import Admission, Asked, Left
from coopbot.serve.feedback import FeedbackBox, TooMuch
from coopbot.serve.http.health import Health
from coopbot.serve.http.problems import report_failure
from coopbot.serve.requests import AskIn, FeedbackIn, SearchIn
from coopbot.serve.wire import AnswerOut, SearchOut, answer_out, search_out

T = TypeVar("T")

MEDIA_TYPE = "text/event-stream"

# When a client that sent too much feedback may send more.
_FEEDBACK_RETRY_S = 3600

# What a client shows of an answer does not wait for these: the event `claims` is without them.
_ONLY_DONE = {"confidence", "writing", "searched_as", "conversation_id", "snapshot", "timings_ms"}


class ProgressOut(BaseModel):
    """The data of the events `retrieved` and `read`: the number of passages."""

    passages: int


class WaitingOut(BaseModel):
    """The data of the event `waiting`: the number of questions before this one."""

    questions: int


class Questions:
    """Answers questions when it is their client's turn, and reports failures to `health`."""

    def __init__(self, answerer: Answerer, admission: Admission, health: Health) -> None:
        self._answerer = answerer
        self._admission = admission
        self._health = health

    async def answer(self, body: AskIn, request: Request) -> AnswerOut:
        """The answer to a question, in the conversation it names, or else a new one. Raises Busy."""
        return await self.done(request, lambda watch: self._answered(body, request.state.client, watch))

    def answer_events(self, body: AskIn, request: Request) -> StreamingResponse:
        """The events of one question: waiting if it has to, retrieved, read (repeatedly), claims, done; or error, with a
        problem document. Raises Busy.
        """

        def answer(watch: Watch) -> list[str]:
            answer = self._answered(body, request.state.client, watch)
            return [_event("claims", answer, without=_ONLY_DONE), _event("done", answer)]

        def progress(seen: Progress) -> str:
            return _event(seen.stage, ProgressOut(passages=seen.passages))

        def failed(exc: Exception) -> str:
            return _event("error", report_failure(exc, request.url.path))

        def wait(questions: int) -> str:
            return _event("waiting", WaitingOut(questions=questions))

        return self.stream(request.state.client, answer, wait=wait, progress=progress, answered=iter, failed=failed)

    async def search(self, query: SearchIn, request: Request) -> SearchOut:
        """The nearest passages. Raises Busy."""

        def search(watch: Watch) -> SearchOut:
            return search_out(self._answerer.search(query.q, top_k=query.top_k, filters=query.to_filters()))

        return await self.done(request, search)

    def begin(
        self, client: str, work: Callable[[Watch], T], *, key: Hashable = None, watch: Watch = lambda _: None
    ) -> Asked[T]:
        """`Admission.ask`, with failures reported to `health`."""

        def watched(watch: Watch) -> T:
            with self._health.watched():
                return work(watch)

        return self._admission.ask(client, watched, key=key, watch=watch)

    async def done(self, request: Request, work: Callable[[Watch], T], *, key: Hashable = None) -> T:
        """The result of work that begins when it is the client's turn, and ends if the client goes. Raises Busy, Left."""
        asked = self.begin(request.state.client, work, key=key)
        result, gone = asyncio.wrap_future(asked.result), asyncio.ensure_future(_disconnected(request))
        try:
            await asyncio.wait((result, gone), return_when=asyncio.FIRST_COMPLETED)
            if not result.done():
                raise Left("the client has gone")
            return result.result()
        finally:
            gone.cancel()
            asked.leave()

    def stream(
        self,
        client: str,
        work: Callable[[Watch], T],
        *,
        wait: Callable[[int], str],
        progress: Callable[[Progress], str],
        answered: Callable[[T], Iterator[str]],
        failed: Callable[[Exception], str],
        first: str = "",
        key: Hashable = None,
    ) -> StreamingResponse:
        """A response with the events of a question as they come: `first`, then the texts that the functions make. Raises Busy.

        If the client goes, so does the question.
        """
        loop, queue = asyncio.get_running_loop(), asyncio.Queue[str | None]()

        def seen(step: Progress) -> None:
            loop.call_soon_threadsafe(queue.put_nowait, progress(step))

        asked = self.begin(client, work, key=key, watch=seen)

        async def events() -> AsyncIterator[str]:
            try:
                asked.result.add_done_callback(lambda _: loop.call_soon_threadsafe(queue.put_nowait, None))
                if first:
                    yield first
                if asked.ahead:
                    yield wait(asked.ahead)
                while (event := await queue.get()) is not None:
                    yield event
                for event in answered(asked.result.result()):
                    yield event
            except Exception as exc:  # the response has started, so an error becomes its last event
                yield failed(exc)
            finally:
                asked.leave()

        # The header keeps proxies from buffering the events.
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(events(), media_type=MEDIA_TYPE, headers=headers)

    def _answered(self, body: AskIn, client: str, watch: Watch) -> AnswerOut:
        conversation_id = body.conversation_id or new_conversation_id()
        answer = self._answerer.ask(
            body.question,
            filters=body.filters.to_filters(),
            max_citations=body.max_citations,
            conversation_id=conversation_id,
            client=client,
            quoted_before=body.quoted_before,
            watch=watch,
        )
        return answer_out(answer, conversation_id)


def add_questions(app: FastAPI, questions: Questions) -> None:
    """Add the routes."""

    @app.post(
        "/v1/ask",
        summary="Ask a question",
        response_model=AnswerOut,
        responses={200: {"description": "The answer, or its events.", "content": {MEDIA_TYPE: {}}}},
    )
    async def ask(body: AskIn, request: Request) -> AnswerOut | StreamingResponse:
        if MEDIA_TYPE in request.headers.get("accept", ""):
            return questions.answer_events(body, request)
        return await questions.answer(body, request)

    @app.get("/v1/search", summary="Find passages")
    async def search(query: Annotated[SearchIn, Query()], request: Request) -> SearchOut:
        return await questions.search(query, request)


def add_feedback(app: FastAPI, box: FeedbackBox) -> None:
    """Add the route by which users say what an answer was like."""

    @app.post("/v1/feedback", summary="Say what an answer was like", status_code=HTTPStatus.NO_CONTENT)
    def feedback(body: FeedbackIn, request: Request) -> None:
        try:
            box.add(body.feedback_id, body.to_feedback("http"), request.state.client)
        except TooMuch as exc:
            raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS, str(exc), {"Retry-After": str(_FEEDBACK_RETRY_S)}) from exc


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _event(name: str, data: BaseModel, *, without: set[str] | None = None) -> str:
    """An event with its data but for some fields. The data is one line, since JSON escapes line breaks."""
    return f"event: {name}\ndata: {data.model_dump_json(exclude=without, exclude_unset=True)}\n\n"
