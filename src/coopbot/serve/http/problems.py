"""Errors as RFC 9457 `application/problem+json`; the only module that maps errors to status codes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coopbot.errors import (
    Busy,
    CoopbotError,
    Duplicate,
    Forbidden,
    IndexBroken,
    IndexMismatch,
    IndexMissing,
    InvalidRequest,
    Misconfigured,
    ModelUnavailable,
    NotFound,
    Unreachable,
    Unreadable,
)
from coopbot.serve.http.layers import at_start, layer
from coopbot.serve.logs import without_secrets

_STATUS: dict[type[CoopbotError], HTTPStatus] = {
    InvalidRequest: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unreadable: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotFound: HTTPStatus.NOT_FOUND,
    Forbidden: HTTPStatus.FORBIDDEN,
    Duplicate: HTTPStatus.CONFLICT,
    Unreachable: HTTPStatus.BAD_GATEWAY,
    Busy: HTTPStatus.SERVICE_UNAVAILABLE,
    IndexMissing: HTTPStatus.SERVICE_UNAVAILABLE,
    IndexBroken: HTTPStatus.SERVICE_UNAVAILABLE,
    IndexMismatch: HTTPStatus.SERVICE_UNAVAILABLE,
    ModelUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    Misconfigured: HTTPStatus.INTERNAL_SERVER_ERROR,
}

# Public descriptions of server errors: the kind and the remedy, without the server's folders and files.
_PUBLIC: dict[type[CoopbotError], str] = {
    IndexMissing: "there is no index yet; run: coopbot index",
    IndexBroken: "the index is damaged; run: coopbot index --force",
    IndexMismatch: "the index was built with another model or format; run: coopbot index",
    ModelUnavailable: "the embedding model cannot be used; run: coopbot prepare",
    Misconfigured: "the service is misconfigured; run: coopbot doctor",
}

# For the OpenAPI description.
PROBLEM: dict[str, Any] = {"content": {"application/problem+json": {}}}

_STOPPING = "the service is stopping; try again in a few seconds"

# Paths of OpenAI's protocol.
_OPENAI_PATHS = ("/v1/chat/", "/v1/models")

# Further errors of a request are only counted. Names of fields come from the client and are cut.
_LISTED_ERRORS = 5
_FIELD_CHARS = 60

log = structlog.get_logger()

T = TypeVar("T")
Shape = TypeVar("Shape", bound=BaseModel)


class FieldProblemOut(BaseModel):
    """A field with an error."""

    field: str
    detail: str


class OpenAiErrorOut(BaseModel):
    """An error in OpenAI's format."""

    message: str
    type: str
    param: str | None
    code: str | None


class ProblemOut(BaseModel):
    """RFC 9457. errors: fields with errors. article_id: of the article that is already in the corpus. error: the same in
    OpenAI's format, on the paths of its protocol.
    """

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblemOut] | None = None
    article_id: str | None = None
    error: OpenAiErrorOut | None = None


def describe(exc: Exception) -> ProblemOut:
    """The problem document of an error. An unexpected error gets a fixed text, since its message may contain anything."""
    if not isinstance(exc, CoopbotError):
        return make_problem(HTTPStatus.INTERNAL_SERVER_ERROR, "something went wrong in coopbot; please report it")
    problem = make_problem(next(_STATUS[cls] for cls in type(exc).__mro__ if cls in _STATUS), str(exc))
    if isinstance(exc, InvalidRequest):
        problem.errors = [FieldProblemOut(field=exc.field, detail=str(exc))]
    if isinstance(exc, Duplicate):
        problem.article_id = exc.article_id
    return problem


def describe_in_public(exc: CoopbotError) -> ProblemOut:
    """The problem document for clients without the admin token, without details of the server."""
    problem = describe(exc)
    problem.detail = next((text for kind, text in _PUBLIC.items() if isinstance(exc, kind)), problem.detail)
    return problem


def report_failure(exc: Exception, path: str) -> ProblemOut:
    """The problem document to send for an error; server errors are logged."""
    if not isinstance(exc, CoopbotError):
        log.error("request_crashed", path=path[:200], exc_info=exc)
        return describe(exc)
    problem = describe_in_public(exc)
    # Being busy is no fault, and a client that asks too much must not fill the log.
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(exc, Busy):
        log.error("request_failed", path=path, error=type(exc).__name__, reason=without_secrets(str(exc)))
    return problem


def install(app: FastAPI) -> None:
    """Make `app` answer every error with a problem document."""

    # Asynchronous: in threads, refusals would wait behind questions, and their bodies would stay in memory meanwhile.
    @app.exception_handler(CoopbotError)
    async def coopbot_error(request: Request, exc: CoopbotError) -> JSONResponse:
        problem = report_failure(exc, request.url.path)
        return _answer(request, problem, _retry(exc) if isinstance(exc, Busy) else None)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, exc: RequestValidationError) -> JSONResponse:
        # Without the input: questions appear in no message and no log.
        errors = exc.errors()
        problem = make_problem(HTTPStatus.UNPROCESSABLE_ENTITY, "")
        problem.errors = [FieldProblemOut(field=_field(e["loc"]), detail=str(e["msg"])) for e in errors[:_LISTED_ERRORS]]
        listed = [f"{error.field}: {error.detail}" for error in problem.errors]
        more = [f"and {len(errors) - _LISTED_ERRORS} more"] if len(errors) > _LISTED_ERRORS else []
        problem.detail = "; ".join(listed + more)
        return _answer(request, problem)

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, exc: HTTPException) -> JSONResponse:
        return _answer(request, make_problem(HTTPStatus(exc.status_code), str(exc.detail)), exc.headers)


@layer
async def crashes(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer an unexpected error with 500 and log its stack, without its message, which may contain a question."""
    begun: list[Message] = []
    try:
        await app(scope, receive, at_start(send, begun.append))
    except asyncio.CancelledError:  # the service stops, and the request was not answered in time
        if begun:
            raise
        stopping = Busy(_STOPPING)
        await to_response(describe(stopping), _retry(stopping))(scope, receive, send)
    except Exception as exc:  # the outermost edge of HTTP: logged, and answered without details
        if begun:
            raise
        await to_response(report_failure(exc, scope["path"]))(scope, receive, send)


def _retry(exc: Busy) -> dict[str, str]:
    return {"Retry-After": str(exc.retry_after_s)}


def _answer(request: Request, problem: ProblemOut, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The response, with OpenAI's format added on the paths of its protocol."""
    if request.url.path.startswith(_OPENAI_PATHS):
        problem.error = openai_error(problem)
    return to_response(problem, headers)


def openai_error(problem: ProblemOut) -> OpenAiErrorOut:
    """The problem in OpenAI's format."""
    kind = "invalid_request_error" if problem.status < HTTPStatus.INTERNAL_SERVER_ERROR else "server_error"
    param = problem.errors[0].field if problem.errors else None
    return OpenAiErrorOut(message=problem.detail, type=kind, param=param, code=None)


def make_problem(status: HTTPStatus, detail: str) -> ProblemOut:
    """A problem with a status and a description."""
    return ProblemOut(type="about:blank", title=status.phrase, status=status.value, detail=detail)


def to_response(problem: ProblemOut, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The response for a problem."""
    body = problem.model_dump(exclude_unset=True)
    return JSONResponse(body, status_code=problem.status, headers=headers, media_type="application/problem+json")


def problem_response(status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The response for a status and a description."""
    return to_response(make_problem(status, detail), headers)


def validated(validate: Callable[[T], Shape], body: T) -> Shape:
    """A body as its shape. Raises RequestValidationError, as FastAPI does for a body that it reads itself."""
    try:
        return validate(body)
    except ValidationError as exc:
        errors = exc.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**error, "loc": ("body", *error["loc"])} for error in errors]) from exc


def _field(location: tuple[int | str, ...]) -> str:
    """`("body", "filters", "languages", 0)` -> `filters.languages.0`."""
    inner = location[1:] if location and location[0] in ("body", "query", "path") else location
    name = ".".join(str(part)[: _FIELD_CHARS + 1] for part in inner) or "body"
    shown = "".join(letter if letter.isprintable() else "?" for letter in name[: _FIELD_CHARS + 1])
    return shown if len(shown) <= _FIELD_CHARS else f"{shown[:_FIELD_CHARS]}..."
