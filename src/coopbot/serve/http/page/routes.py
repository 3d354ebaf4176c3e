"""The routes of the page: the page itself, asking and reading without JavaScript, and what an installed page needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib.resources import files
from typing import Annotated

from fastapi import FastAPI, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.types import Scope

from coopbot.domain import MAX_QUESTION_CHARS, InterfaceLanguage
from coopbot.errors import CoopbotError
from coopbot.index.filters import VALUE_FILTERS
from coopbot.serve.http.page.rendering import Choices, Templates, Texts, preferred_language
from coopbot.serve.http.problems import report_failure
from coopbot.serve.http.questions import Questions
from coopbot.serve.http.service import HttpService
from coopbot.serve.http.suggestions import add_suggestions
from coopbot.serve.messages import error_text
from coopbot.serve.requests import AskIn
from coopbot.serve.wire import ArticleTextOut

_YEAR_S = 365 * 24 * 3600
_THEMES = ("light", "dark")
_FIELDS = 30
_LARGEST_OFFSET = 100_000_000
_BY_LANGUAGE = {"Cache-Control": "no-cache", "Vary": "Cookie, Accept-Language"}

_Offset = Annotated[int, Query(ge=0, le=_LARGEST_OFFSET)]


class _Files(StaticFiles):
    """Static files that the browser revalidates each time, so that they all belong to one release."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, with this in its headers."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


def add_page(app: FastAPI, service: HttpService, questions: Questions) -> None:
    """Add the routes and static files of the page."""
    templates = Templates()
    adding = service.changes is not None and service.access.admin_token is not None
    show = partial(templates.fill, "page.html", adding=adding)
    static = files("coopbot.serve.http.page").joinpath("static")
    add_suggestions(app, service, questions)
    app.mount("/page", _Files(directory=str(static)), name="page")

    @app.get("/", include_in_schema=False)
    def home(request: Request, language: InterfaceLanguage | None = None) -> Response:
        response = show(_choices(request), asked={}, answer=None, error="")
        if language:
            response.set_cookie("language", language, max_age=_YEAR_S, samesite="lax")
        return response

    @app.post("/ask", include_in_schema=False)
    async def ask(request: Request) -> HTMLResponse:
        async with request.form(max_files=0, max_fields=_FIELDS) as form:
            asked = _asked(form)
        return await _answered(show, templates.texts, questions, request, asked)

    @app.get("/article/{article_id:path}", include_in_schema=False)
    def article(article_id: str, request: Request, start: _Offset = 0, end: _Offset = 0) -> HTMLResponse:
        found = service.index.current().article(article_id)
        shown = ArticleTextOut.of(found) if found else None
        status = 200 if found else 404
        choices = _choices(request)
        # Where the article is foreign, so is the page, and browsers offer to translate it.
        foreign = {"page_language": shown.language} if shown and shown.language != choices.language else {}
        return templates.fill("article.html", choices, status=status, article=shown, start=start, end=end, **foreign)

    @app.get("/manifest.webmanifest", include_in_schema=False)
    def manifest(request: Request) -> JSONResponse:
        texts = templates.texts[_choices(request).language]
        return JSONResponse(_manifest(texts), media_type="application/manifest+json", headers=_BY_LANGUAGE)

    # At the root, as a service worker has charge only of what is below it.
    @app.get("/worker.js", include_in_schema=False)
    def worker() -> Response:
        script = static.joinpath("worker.js").read_bytes()
        headers = {"Content-Security-Policy": "default-src 'none'; connect-src 'self'", "Cache-Control": "no-cache"}
        return Response(script, media_type="text/javascript", headers=headers)


def _manifest(texts: Texts) -> dict[str, object]:
    """What browsers need to install the page."""
    icons = [
        {"src": "/page/icon.svg", "sizes": "any", "type": "image/svg+xml"},
        {"src": "/page/icon.png", "sizes": "512x512", "type": "image/png", "purpose": "any maskable"},
    ]
    return {
        "name": "coopbot",
        "short_name": "coopbot",
        "description": texts["about"],
        "id": "/",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#f7f5f0",
        "theme_color": "#0e5a6b",
        "icons": icons,
    }


def _choices(request: Request) -> Choices:
    """Language and theme, from cookies that the page sets; the language from the address where that has one."""
    kept, named = request.cookies.get("language"), request.query_params.get("language")
    language = preferred_language(named or kept, request.headers.get("accept-language", ""))
    theme = request.cookies.get("theme", "")
    return Choices(
        language=language,
        theme=theme if theme in _THEMES else "",
        carried=f"?language={language}" if named == language != kept else "",
    )


async def _answered(
    show: Callable[..., HTMLResponse],
    texts: Mapping[InterfaceLanguage, Texts],
    questions: Questions,
    request: Request,
    asked: dict[str, object],
) -> HTMLResponse:
    """The page with the answer to a submitted form."""
    choices = _choices(request)
    answer, error, status = None, "", 200
    try:
        answer = await questions.answer(AskIn.model_validate(asked), request)
    except ValidationError as exc:
        error, status = _what_is_wrong(exc, asked, texts[choices.language]), 422
    except CoopbotError as exc:
        error, status = error_text(exc, choices.language), report_failure(exc, request.url.path).status
    return await run_in_threadpool(partial(show, choices, status=status, asked=asked, answer=answer, error=error))


def _asked(form: FormData) -> dict[str, object]:
    """The fields of a form as the JSON of a question. Empty fields are left out."""

    def given(name: str) -> list[str]:
        # What is too long is refused, and shown again, but not all of it.
        return [value[: MAX_QUESTION_CHARS + 1] for value in form.getlist(name) if isinstance(value, str) and value.strip()]

    lists = ("languages", *(one.field for one in VALUE_FILTERS))
    filters: dict[str, object] = {name: found for name in lists if (found := given(name))}
    filters |= {name: found[0] for name in ("published_from", "published_to") if (found := given(name))}
    conversation = given("conversation_id")
    return {
        "question": "".join(given("question")[:1]),
        "filters": filters,
        **({"conversation_id": conversation[0]} if conversation else {}),
    }


def _what_is_wrong(exc: ValidationError, asked: dict[str, object], texts: Texts) -> str:
    field = exc.errors(include_input=False, include_url=False)[0]["loc"][0]
    if field != "question":
        return str(texts["went_wrong"])
    return str(texts["question_too_long"] if asked["question"] else texts["question_empty"])
