"""The route to which Telegram delivers updates for the bot."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

WEBHOOK_PATH = "/telegram/webhook"

Deliver = Callable[[str | None, bytes], bool]
"""Called with the secret and the update. Returns False for a wrong secret."""


def add_webhook(app: FastAPI, deliver: Deliver) -> None:
    """Receive updates at WEBHOOK_PATH. Telegram gets a response once the update is stored, or else sends it again."""

    @app.post(WEBHOOK_PATH, include_in_schema=False)
    async def webhook(request: Request) -> Response:
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token")
        if not await run_in_threadpool(deliver, secret, await request.body()):
            raise HTTPException(HTTPStatus.FORBIDDEN, "the secret is wrong; only Telegram may send here")
        return Response()
