"""FastAPI: the routes under /v1, health, and the interactive documentation, which works offline."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from typing import Annotated, Any

from fastapi import FastAPI, Query
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from swagger_ui_bundle import swagger_ui_path

from coopbot.ask.answerer import Answerer
from coopbot.ask.store import LiveStore
from coopbot.errors import NotFound
from coopbot.serve.http.admin import add_admin
from coopbot.serve.http.bodies import BodyLimit
from coopbot.serve.http.problems import install
from coopbot.serve.jobs import Jobs
from coopbot.serve.wire import (
    AnswerOut,
    ArticlesOut,
    ArticleTextOut,
    AskIn,
    IndexOut,
    SearchIn,
    SearchOut,
    answer_out,
    article_out,
    article_text_out,
    index_out,
    search_out,
)

_PAGE = 50
_MAX_PAGE = 200
_PROBLEM: dict[str, Any] = {"content": {"application/problem+json": {}}}


def create_app(
    answerer: Answerer,
    index: LiveStore,
    *,
    version: str,
    jobs: Jobs | None = None,
    admin_token: str | None = None,
    background: Sequence[AbstractContextManager[object]] = (),
) -> FastAPI:
    """The service over an open index. Routes are synchronous: the framework runs each in a thread of its own.

    Without `jobs` and `admin_token` nothing can be changed. `jobs` and `background` are entered when the service starts and
    left when it ends, the last one first.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with ExitStack() as running:
            for part in [*([jobs] if jobs else []), *background]:
                running.enter_context(part)
            yield

    app = FastAPI(
        title="coopbot",
        version=version,
        description="Cited answers about Sino-Russian regional cooperation, in English, Chinese and Russian.",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        responses={422: {"description": "The request is at fault; `errors` names the fields.", **_PROBLEM}},
    )
    app.add_middleware(BodyLimit)
    install(app)
    _add_questions(app, answerer)
    _add_articles(app, index)
    add_admin(app, index, jobs, admin_token)
    _add_health(app, index)
    _add_docs(app)
    return app


def _add_questions(app: FastAPI, answerer: Answerer) -> None:
    @app.post("/v1/ask", summary="Ask a question")
    def ask(body: AskIn) -> AnswerOut:
        answer = answerer.ask(
            body.question,
            filters=body.filters.to_filters(),
            max_citations=body.max_citations,
            conversation_id=body.conversation_id,
        )
        return answer_out(answer)

    @app.get("/v1/search", summary="Find passages")
    def search(query: Annotated[SearchIn, Query()]) -> SearchOut:
        return search_out(answerer.search(query.q, top_k=query.top_k, filters=query.to_filters()))


def _add_articles(app: FastAPI, index: LiveStore) -> None:
    @app.get("/v1/articles", summary="List articles")
    def articles(
        offset: Annotated[int, Query(ge=0)] = 0, limit: Annotated[int, Query(ge=1, le=_MAX_PAGE)] = _PAGE
    ) -> ArticlesOut:
        snapshot = index.current()
        page = snapshot.articles(offset, limit)
        total = snapshot.manifest.articles
        end = offset + len(page)
        return ArticlesOut(
            articles=[article_out(article) for article in page], total=total, next_offset=end if page and end < total else None
        )

    @app.get("/v1/articles/{article_id:path}", summary="One article with its text", responses={404: _PROBLEM})
    def article(article_id: str) -> ArticleTextOut:
        # Looked up in the index, never on disk: no path can lead out of it.
        found = index.current().article(article_id)
        if found is None:
            raise NotFound("there is no article of that id; GET /v1/articles lists them")
        return article_text_out(found)

    @app.get("/v1/index", summary="The index in force")
    def describe_index() -> IndexOut:
        return index_out(index.current(), index.fault)


def _add_health(app: FastAPI, index: LiveStore) -> None:
    @app.get("/healthz", summary="Alive")
    def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz", summary="Index loaded")
    def readyz() -> dict[str, str]:
        return {"status": "ready", "snapshot": index.current().snapshot_id}


def _add_docs(app: FastAPI) -> None:
    app.mount("/docs/assets", StaticFiles(directory=swagger_ui_path), name="docs-assets")

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="coopbot",
            swagger_js_url="/docs/assets/swagger-ui-bundle.js",
            swagger_css_url="/docs/assets/swagger-ui.css",
            swagger_favicon_url="/docs/assets/favicon-32x32.png",
        )

    @app.get("/", include_in_schema=False)
    def home() -> RedirectResponse:
        return RedirectResponse("/docs")
