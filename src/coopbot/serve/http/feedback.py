"""`/v1/feedback`: what users say about answers, stored."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException

from coopbot.serve.feedback import FeedbackBox, TooMuch
from coopbot.serve.requests import FeedbackIn

_RETRY_S = 3600


def add_feedback(app: FastAPI, box: FeedbackBox) -> None:
    """Add the route."""

    @app.post("/v1/feedback", summary="Say what an answer was like", status_code=HTTPStatus.NO_CONTENT)
    def feedback(body: FeedbackIn, request: Request) -> None:
        try:
            box.add(body.feedback_id, body.to_feedback("http"), request.state.client)
        except TooMuch as exc:
            raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS, str(exc), {"Retry-After": str(_RETRY_S)}) from exc
