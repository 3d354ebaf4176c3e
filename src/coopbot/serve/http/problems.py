"""Every error of the HTTP service as RFC 9457 `application/problem+json`; the only place that knows status codes."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

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
from coopbot.serve.redact import without_secrets

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

# A change takes seconds; whoever comes back after these will often find room.
_RETRY_AFTER_S = 5

log = structlog.get_logger()


class FieldProblemOut(BaseModel):
    """A field that is at fault."""

    field: str
    detail: str


class ProblemOut(BaseModel):
    """RFC 9457. `errors` is there when fields are at fault, `article_id` when the article is in the corpus already."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblemOut] | None = None
    article_id: str | None = None


def describe(exc: Exception) -> ProblemOut:
    """An error as its problem document. One that is none of ours is told as that and no more: its text may hold anything."""
    if not isinstance(exc, CoopbotError):
        return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "something went wrong in coopbot; please report it")
    problem = _problem(next(_STATUS[cls] for cls in type(exc).__mro__ if cls in _STATUS), str(exc))
    if isinstance(exc, InvalidRequest):
        problem.errors = [FieldProblemOut(field=exc.field, detail=str(exc))]
    if isinstance(exc, Duplicate):
        problem.article_id = exc.article_id
    return problem


def install(app: FastAPI) -> None:
    """Answer every error of `app` with a problem document."""

    @app.exception_handler(CoopbotError)
    def coopbot_error(request: Request, exc: CoopbotError) -> JSONResponse:
        problem = describe(exc)
        if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("request_failed", path=request.url.path, error=type(exc).__name__, reason=without_secrets(str(exc)))
        return _response(problem, {"Retry-After": str(_RETRY_AFTER_S)} if isinstance(exc, Busy) else None)

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, exc: RequestValidationError) -> JSONResponse:
        # What was sent is left out: questions appear in no message and no log.
        problem = _problem(HTTPStatus.UNPROCESSABLE_ENTITY, "")
        problem.errors = [FieldProblemOut(field=_field(error["loc"]), detail=str(error["msg"])) for error in exc.errors()]
        problem.detail = "; ".join(f"{error.field}: {error.detail}" for error in problem.errors)
        return _response(problem)

    @app.exception_handler(HTTPException)
    def http_error(request: Request, exc: HTTPException) -> JSONResponse:
        return _response(_problem(HTTPStatus(exc.status_code), str(exc.detail)), exc.headers)

    # The outermost edge: whatever else goes wrong is a fault of ours, told by type only.
    @app.exception_handler(Exception)
    def unexpected(request: Request, exc: Exception) -> JSONResponse:
        log.error("request_crashed", path=request.url.path, error=type(exc).__name__)
        return _response(describe(exc))


def _problem(status: HTTPStatus, detail: str) -> ProblemOut:
    return ProblemOut(type="about:blank", title=status.phrase, status=status.value, detail=detail)


def _response(problem: ProblemOut, headers: Mapping[str, str] | None = None) -> JSONResponse:
    body = problem.model_dump(exclude_unset=True)
    return JSONResponse(body, status_code=problem.status, headers=headers, media_type="application/problem+json")


def _field(location: tuple[int | str, ...]) -> str:
    """`("body", "filters", "languages", 0)` -> `filters.languages.0`."""
    inner = location[1:] if location and location[0] in ("body", "query", "path") else location
    return ".".join(map(str, inner)) or "body"
