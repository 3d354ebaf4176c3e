"""Answers as server-sent events: what the service is doing while it answers, then the answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from anyio.to_thread import run_sync
from fastapi import Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from coopbot.ask.rank.retrieve import Watch
from coopbot.domain import Notice, Outcome
from coopbot.serve.http.problems import report_failure
from coopbot.serve.wire import AnswerOut, ArticleOut, CitationOut, ClaimOut, DisagreementOut

MEDIA_TYPE = "text/event-stream"

Send = Callable[[str], object]
"""Takes an event, from any thread."""


class ProgressOut(BaseModel):
    """The events `retrieved` and `read`: so many passages."""

    passages: int


class ClaimsOut(BaseModel):
    """The event `claims`: what is shown of an answer."""

    outcome: Outcome
    notice: Notice | None
    text: str
    articles: list[ArticleOut]
    claims: list[ClaimOut]
    citations: list[CitationOut]
    disagreements: list[DisagreementOut]


def wants_events(request: Request) -> bool:
    """Whether a client would rather have events than one JSON document."""
    return MEDIA_TYPE in request.headers.get("accept", "")


def answer_events(ask: Callable[[Watch], AnswerOut], path: str) -> StreamingResponse:
    """The events of one question: retrieved, read (again and again), claims, done; or error, with a problem document.

    path: for the log. `ask` runs in one of the threads that answer other requests too. A client that goes away is noticed at
    the next event; the thread ends with its question.
    """

    def work(send: Send) -> None:
        try:
            answer = ask(lambda progress: send(_event(progress.stage, ProgressOut(passages=progress.passages))))
        except Exception as exc:  # the answer has begun: whatever goes wrong is its last event
            send(_event("error", report_failure(exc, path)))
        else:
            send(_event("claims", ClaimsOut(**dict(answer))))
            send(_event("done", answer))

    return stream_of(work)


def stream_of(work: Callable[[Send], None]) -> StreamingResponse:
    """Whatever `work`, in a thread, sends as events, as it sends it."""

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

    # A proxy that collects an answer before it passes it on would hold the events back.
    return StreamingResponse(events(), media_type=MEDIA_TYPE, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})


def _event(name: str, data: BaseModel) -> str:
    """JSON escapes every line break, so the data is one line."""
    return f"event: {name}\ndata: {data.model_dump_json(exclude_unset=True)}\n\n"
