"""The routes that change corpus and index. They need the admin token."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from pathlib import PurePath
from typing import Any

from fastapi import FastAPI, Request, Response, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPBearer
from pydantic_core import from_json
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from coopbot.errors import Forbidden, InvalidRequest, NotFound
from coopbot.ingest.formats.readers import ENDINGS, LARGEST_FILE_BYTES, with_extension
from coopbot.serve.changes import Change, Changes
from coopbot.serve.http.clients import TokenCheck
from coopbot.serve.http.problems import PROBLEM, validated
from coopbot.serve.http.service import HttpService
from coopbot.serve.http.shapes import ArticleIn, JobOut, job_out
from coopbot.serve.http.sizes import TooLarge

_MOST_FIELDS = 20

_REFUSED: dict[int | str, dict[str, Any]] = {
    401: {"description": "The request has no admin token.", **PROBLEM},
    403: {"description": "The token is not the admin token, or the service has none.", **PROBLEM},
}
_FULL: dict[int | str, dict[str, Any]] = {503: {"description": "Too many changes are waiting; try again later.", **PROBLEM}}

# Only for the OpenAPI description: as a check it would strip bytes from tokens that are not ASCII.
_DESCRIBED = [Security(HTTPBearer(auto_error=False))]
_CHANGE: dict[str, Any] = {"status_code": HTTPStatus.ACCEPTED.value, "dependencies": _DESCRIBED}

# For the OpenAPI description: the handler itself reads the body, after the token was checked.
_BODIES = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": ArticleIn.model_json_schema()},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "format": "binary"}},
                    "required": ["file"],
                }
            },
        },
    }
}


def add_admin(app: FastAPI, service: HttpService) -> None:
    """Add the routes. Without changes, or without a token, each answers 403."""
    # Runs before the body is read: FastAPI would read a declared body first, and these routes declare none.
    token = service.access.admin_token.get_secret_value() if service.access.admin_token else ""
    admitted = Security(admission(service.changes, TokenCheck("admin", "COOPBOT_ADMIN_TOKEN", token)))

    @app.post(
        "/v1/articles",
        summary="Add an article",
        openapi_extra=_BODIES,
        responses={413: PROBLEM, 415: PROBLEM, **_FULL, **_REFUSED},
        **_CHANGE,
    )
    async def add(request: Request, response: Response, changes: Changes = admitted) -> JobOut:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "multipart/form-data":
            data, name = await _file(request)
            return _accepted(response, await run_in_threadpool(changes.add_file, data, name))
        if kind == "application/json":
            body = await request.body()
            return _accepted(response, await run_in_threadpool(_add_json, changes, body))
        detail = "send JSON as application/json, or a file as multipart/form-data, field `file`"
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)

    @app.delete(
        "/v1/articles/{article_id:path}",
        summary="Remove an article",
        responses={404: PROBLEM, **_FULL, **_REFUSED},
        **_CHANGE,
    )
    def remove(article_id: str, response: Response, changes: Changes = admitted) -> JobOut:
        # An unfinished change may be about to add it.
        if not changes.unfinished and service.index.current().article(article_id) is None:
            raise NotFound("there is no article of that id; GET /v1/articles lists them")
        return _accepted(response, changes.remove(article_id))

    @app.post("/v1/index/rebuild", summary="Update the index from the corpus", responses=_REFUSED, **_CHANGE)
    def rebuild(response: Response, changes: Changes = admitted) -> JobOut:
        return _accepted(response, changes.rebuild())

    @app.get(
        "/v1/index/jobs/{job_id}",
        summary="The state of a change",
        responses={404: PROBLEM, **_REFUSED},
        dependencies=_DESCRIBED,
        # So that a problem document has only the members it needs.
        response_model_exclude_unset=True,
    )
    def job(job_id: str, changes: Changes = admitted) -> JobOut:
        return job_out(changes.get(job_id))


def admission(changes: Changes | None, check: TokenCheck) -> Callable[[Request], Changes]:
    """A dependency that returns the changes for requests with the token. Raises what `TokenCheck.require` raises."""

    def admit(request: Request) -> Changes:
        check.require(request)
        if changes is None:
            raise Forbidden("this service makes no changes; start one that does with: coopbot serve")
        return changes

    return admit


def _add_json(changes: Changes, body: bytes) -> Change:
    # Many fields are refused at once, before each is validated. Invalid JSON is left to validation.
    with suppress(ValueError):
        fields = from_json(body)
        if isinstance(fields, dict) and len(fields) > _MOST_FIELDS:
            raise InvalidRequest("body", f"it has more than {_MOST_FIELDS} fields; send those of an article")
    article = validated(ArticleIn.model_validate_json, body)
    draft = article.to_draft()
    return changes.add_draft(draft) if draft else changes.add_url(article.url or "")


async def _file(request: Request) -> tuple[bytes, str]:
    """The content and name of the file in a form, its only field."""
    async with request.form(max_files=1, max_fields=1) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile) or len(form) > 1:
            raise InvalidRequest("file", "send one file, as the only field, named `file`: curl -F file=@page.html")
        data = await file.read()
        if len(data) > LARGEST_FILE_BYTES:
            raise TooLarge(LARGEST_FILE_BYTES)
        if not data:
            raise InvalidRequest("file", "the file is empty; send another")
        name = PurePath((file.filename or "").replace("\\", "/")).name
        name = "".join(filter(str.isprintable, name))[-200:] or "file"
        name = with_extension(name, file.content_type or "")
        if PurePath(name).suffix.lower() not in ENDINGS:
            raise InvalidRequest("file", f"not a format that can be read; send one of {' '.join(ENDINGS)}")
        return data, name


def _accepted(response: Response, change: Change) -> JobOut:
    response.headers["Location"] = f"/v1/index/jobs/{change.change_id}"
    return job_out(change)
