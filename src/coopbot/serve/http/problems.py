"""Every error of the HTTP service as RFC 9457 `application/problem+json`; the only place that knows status codes."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from coopbot.errors import (
    Busy,
    CoopbotError,
    Duplicate,
    IndexBroken,
    IndexMismatch,
    IndexMissing,
    InvalidRequest,
    Misconfigured,
    ModelUnavailable,
    NotFound,
    Unreadable,
)

_STATUS: dict[type[CoopbotError], HTTPStatus] = {
    InvalidRequest: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unreadable: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotFound: HTTPStatus.NOT_FOUND,
    Duplicate: HTTPStatus.CONFLICT,
    Busy: HTTPStatus.CONFLICT,
    IndexMissing: HTTPStatus.SERVICE_UNAVAILABLE,
    IndexBroken: HTTPStatus.SERVICE_UNAVAILABLE,
    IndexMismatch: HTTPStatus.SERVICE_UNAVAILABLE,
    ModelUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    Misconfigured: HTTPStatus.INTERNAL_SERVER_ERROR,
}

log = structlog.get_logger()


def problem(status: HTTPStatus, detail: str, **extra: object) -> JSONResponse:
    """A problem document."""
    body = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail, **extra}
    return JSONResponse(body, status_code=status.value, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Answer every error of `app` with a problem document."""

    @app.exception_handler(CoopbotError)
    def coopbot_error(request: Request, exc: CoopbotError) -> JSONResponse:
        status = next(_STATUS[cls] for cls in type(exc).__mro__ if cls in _STATUS)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("request_failed", path=request.url.path, error=type(exc).__name__, reason=str(exc))
        fields = [{"field": exc.field, "detail": str(exc)}] if isinstance(exc, InvalidRequest) else []
        return problem(status, str(exc), **({"errors": fields} if fields else {}))

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, exc: RequestValidationError) -> JSONResponse:
        # What was sent is left out: questions appear in no message and no log.
        errors = [{"field": _field(error["loc"]), "detail": str(error["msg"])} for error in exc.errors()]
        detail = "; ".join(f"{error['field']}: {error['detail']}" for error in errors)
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=errors)

    @app.exception_handler(HTTPException)
    def http_error(request: Request, exc: HTTPException) -> JSONResponse:
        response = problem(HTTPStatus(exc.status_code), str(exc.detail))
        response.headers.update(exc.headers or {})
        return response

    # The outermost edge: whatever else goes wrong is a fault of ours, told by type only.
    @app.exception_handler(Exception)
    def unexpected(request: Request, exc: Exception) -> JSONResponse:
        log.error("request_crashed", path=request.url.path, error=type(exc).__name__)
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "something went wrong in coopbot; please report it")


def _field(location: tuple[int | str, ...]) -> str:
    """`("body", "filters", "languages", 0)` -> `filters.languages.0`."""
    inner = location[1:] if location and location[0] in ("body", "query", "path") else location
    return ".".join(map(str, inner)) or "body"
