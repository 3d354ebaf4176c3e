"""What Telegram delivers, handed to the bot."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

WEBHOOK_PATH = "/telegram/webhook"

Deliver = Callable[[str | None, bytes], bool]
"""Takes the secret and the update; False for a wrong secret. Raises ValueError for what is no update."""


def add_webhook(app: FastAPI, deliver: Deliver) -> None:
    """Take updates at WEBHOOK_PATH. Telegram is answered when the update is kept, and sends it again if it is not."""

    @app.post(WEBHOOK_PATH, include_in_schema=False)
    async def webhook(request: Request) -> Response:
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token")
        try:
            admitted = await run_in_threadpool(deliver, secret, await request.body())
        except ValueError as exc:
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, "this is no update; only Telegram sends here") from exc
        if not admitted:
            raise HTTPException(HTTPStatus.FORBIDDEN, "the secret is wrong; only Telegram sends here")
        return Response()
