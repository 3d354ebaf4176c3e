"""The FastAPI application: the routes under /v1, health checks, and the documentation, which works offline."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import Annotated, TypeVar

from fastapi import FastAPI, Query, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from starlette.routing import Route

from coopbot.ask.rank.retrieve import Watch
from coopbot.ask.store import LiveStore
from coopbot.errors import NotFound
from coopbot.index.model.reader_model import ReaderCard
from coopbot.serve.http.access import add_access
from coopbot.serve.http.admin import add_admin
from coopbot.serve.http.chat import add_chat
from coopbot.serve.http.feed import add_feed
from coopbot.serve.http.health import Health, add_health
from coopbot.serve.http.metrics import add_metrics, request_metrics
from coopbot.serve.http.overview import add_overview
from coopbot.serve.http.page.routes import add_page
from coopbot.serve.http.problems import PROBLEM, describe_in_public, install
from coopbot.serve.http.questions import Questions, add_feedback, add_questions
from coopbot.serve.http.service import HttpService
from coopbot.serve.http.sizes import body_limit
from coopbot.serve.http.webhook import add_webhook
from coopbot.serve.mcp.server import McpEndpoint, make_server
from coopbot.serve.mcp.tools import make_tools
from coopbot.serve.wire import ArticleOut, ArticlesOut, ArticleTextOut, IndexOut, index_out

T = TypeVar("T")

_PAGE = 50
_MAX_PAGE = 200
_MAX_OFFSET = 10_000_000
_INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)
_OWN_QUESTION = "When was the bridge opened?"
_COMMON = {
    400: "The request is not valid JSON, form data or HTTP.",
    401: "An API key is needed.",
    403: "The API key is not valid.",
    408: "The request took too long.",
    413: "The body is too large.",
    414: "The address is too long.",
    421: "The service does not answer to this host name.",
    422: "The request is invalid; `errors` names the fields.",
    429: "Too many requests; `Retry-After` says when to come back.",
    431: "The headers are too large.",
    500: "An internal error.",
    503: "The index or the model cannot be used, or too many questions are waiting; `Retry-After` says when to come back.",
}


def create_app(service: HttpService) -> FastAPI:
    """The application. FastAPI runs each synchronous route in a thread; what asks waits for its turn. Raises Misconfigured."""
    index, metrics = service.index, service.monitoring and service.monitoring.metrics
    health = Health(
        index,
        service.admission,
        partial(service.answerer.ask, _OWN_QUESTION),
        on_failure=metrics.failed if metrics else lambda _: None,
    )
    questions = Questions(service.answerer, service.admission, health)
    mcp = _mcp(service, questions)

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        with ExitStack() as parts:
            for part in (service.changes, service.tracing, *service.background):
                if part is not None:
                    parts.enter_context(part)
            async with mcp.running():
                yield
        if limit is not None:
            await limit.close()

    app = FastAPI(
        title="coopbot",
        version=version("coopbot"),
        description="Cited answers about Sino-Russian regional cooperation, in English, Chinese and Russian.",
        docs_url=None,
        redoc_url=None,
        # A redirect from /docs/ to /docs would lead to whatever host the request names.
        redirect_slashes=False,
        lifespan=running,
        responses={status: {"description": text, **PROBLEM} for status, text in _COMMON.items()},
    )
    # The layers around the routes. The last one added sees a request first.
    limit = add_access(app, service.access)
    if service.monitoring:
        app.add_middleware(request_metrics(service.monitoring.metrics))
    if service.tracing:
        app.add_middleware(service.tracing.layer())
    # Around those that take the time: a body that nobody wants is read after the response.
    app.add_middleware(body_limit)
    install(app)
    add_questions(app, questions)
    add_chat(app, service, questions)
    add_feed(app, service)
    add_feedback(app, service.feedback)
    # Stateless: each POST gets one response, so there is no event stream to GET.
    app.router.routes.append(Route("/mcp", mcp, methods=["POST"]))
    _add_articles(app, index, service.reader)
    add_admin(app, service)
    add_health(app, index, health, service.alive)
    add_metrics(app, service.monitoring)
    if service.deliver:
        add_webhook(app, service.deliver)
    _add_docs(app)
    add_overview(app, index)
    add_page(app, service, questions)
    return app


def _mcp(service: HttpService, questions: Questions) -> McpEndpoint:
    async def in_turn(request: Request | None, work: Callable[[Watch], T], key: Hashable) -> T:
        asked = questions.begin(request.state.client if request else "", work, key=key)
        try:
            return await asyncio.wrap_future(asked.result)
        finally:
            asked.leave()

    server = make_server(
        make_tools(service.answerer, service.index),
        base_of=service.base_address,
        detail=lambda exc: describe_in_public(exc).detail,
        run=in_turn,
    )
    return McpEndpoint(server)


def _add_articles(app: FastAPI, index: LiveStore, reader: ReaderCard | None) -> None:
    @app.get("/v1/articles", summary="List articles")
    def articles(
        offset: Annotated[int, Query(ge=0, le=_MAX_OFFSET)] = 0, limit: Annotated[int, Query(ge=1, le=_MAX_PAGE)] = _PAGE
    ) -> ArticlesOut:
        snapshot = index.current()
        page = snapshot.articles(offset, limit)
        total = snapshot.manifest.articles
        end = offset + len(page)
        return ArticlesOut(
            articles=[ArticleOut.of(article) for article in page],
            total=total,
            next_offset=end if page and end < total else None,
        )

    @app.get("/v1/articles/{article_id:path}", summary="One article with its text", responses={404: PROBLEM})
    def article(article_id: str) -> ArticleTextOut:
        # Looked up in the index, not in the file system, so a path cannot escape.
        found = index.current().article(article_id)
        if found is None:
            raise NotFound("there is no article of that id; GET /v1/articles lists them")
        return ArticleTextOut.of(found)

    @app.get("/v1/index", summary="The current index")
    def describe_index() -> IndexOut:
        return index_out(index.current(), index.fault, reader)


def _add_docs(app: FastAPI) -> None:
    # Swagger UI 5, which knows OpenAPI 3.1; the package's own pages also have ReDoc, and scripts that no policy allows.
    app.mount("/docs/assets", StaticFiles(packages=[("fastapi_offline", "static")]), name="docs-assets")

    page = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="coopbot",
        swagger_js_url="/docs/assets/swagger-ui-bundle.js",
        swagger_css_url="/docs/assets/swagger-ui.css",
        swagger_favicon_url="/docs/assets/favicon.png",
    )
    # Its own files, and the inline script of the page by its hash.
    scripts = [
        base64.b64encode(hashlib.sha256(script).digest()).decode() for script in _INLINE_SCRIPT.findall(bytes(page.body))
    ]
    allowed = " ".join(f"'sha256-{digest}'" for digest in scripts)
    page.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src 'self' {allowed}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return page
