"""A client of the HTTP service: `Client("http://localhost:8000").ask("...")`. Returns its JSON as typed models."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from http import HTTPStatus
from types import TracebackType
from typing import Self, TypeVar, Unpack
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from coopbot.errors import Busy, CoopbotError, Forbidden, InvalidRequest, NotFound, Unreachable
from coopbot.index.filters import FilterArguments
from coopbot.serve.wire import AnswerOut, ArticleOut, ArticlesOut, ArticleTextOut, IndexOut, SearchOut

TIMEOUT_S = 60.0

_PAGE = 200
_Shape = TypeVar("_Shape", bound=BaseModel)
_Fields = dict[str, object]


class TooManyRequests(Busy):
    """The rate limit is exceeded. wait_s: seconds to wait; 0 if the service does not say."""

    def __init__(self, message: str, wait_s: float) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class Client:
    """A connection to a service; safe to share between threads. Close it, or use it as a context manager.

    Every call may raise InvalidRequest, NotFound, Forbidden (missing or wrong key), Busy or TooManyRequests (try again later),
    or Unreachable (no answer, or not one from coopbot).
    """

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        timeout_s: float = TIMEOUT_S,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """base_url: for example http://localhost:8000. transport: another httpx transport, for example to an app in-process."""
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = httpx.Client(base_url=base_url, headers=headers, timeout=timeout_s, transport=transport)

    def ask(
        self,
        question: str,
        *,
        max_citations: int | None = None,
        conversation_id: str | None = None,
        **filters: Unpack[FilterArguments],
    ) -> AnswerOut:
        """An answer with its quotes. For a follow-up, pass the previous answer's `conversation_id`."""
        body: _Fields = {"question": question, "filters": _filters(filters)}
        body |= _given(max_citations=max_citations, conversation_id=conversation_id)
        return self._call(AnswerOut, "POST", "/v1/ask", body=body)

    def search(self, query: str, *, top_k: int | None = None, **filters: Unpack[FilterArguments]) -> SearchOut:
        """The nearest passages, best first."""
        parameters = {"q": query} | _given(top_k=top_k) | _filters(filters)
        return self._call(SearchOut, "GET", "/v1/search", parameters=parameters)

    def article(self, article_id: str) -> ArticleTextOut:
        """One article with its text."""
        return self._call(ArticleTextOut, "GET", f"/v1/articles/{quote(article_id)}")

    def articles(self) -> Iterator[ArticleOut]:
        """All articles without their texts, in order of id; fetched page by page."""
        offset: int | None = 0
        while offset is not None:
            page = self._call(ArticlesOut, "GET", "/v1/articles", parameters={"offset": offset, "limit": _PAGE})
            yield from page.articles
            offset = page.next_offset

    def index(self) -> IndexOut:
        """The current index."""
        return self._call(IndexOut, "GET", "/v1/index")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _call(
        self, shape: type[_Shape], method: str, path: str, *, body: _Fields | None = None, parameters: _Fields | None = None
    ) -> _Shape:
        address = f"{self._http.base_url}".rstrip("/")
        try:
            # httpx wants primitive values, which these are.
            response = self._http.request(method, path, json=body, params=parameters)  # type: ignore[arg-type]
        except (httpx.TransportError, httpx.InvalidURL) as exc:
            raise Unreachable(address, f"{type(exc).__name__}; check that coopbot serve is running there") from exc
        if not response.is_success:
            raise _error(response, address)
        try:
            return shape.model_validate_json(response.content)
        except ValidationError as exc:
            raise Unreachable(address, "not an answer from coopbot; check the address and the version there") from exc


def _filters(given: FilterArguments) -> _Fields:
    return {name: str(value) if isinstance(value, date) else value for name, value in _given(**given).items()}


def _given(**fields: object) -> _Fields:
    return {name: value for name, value in fields.items() if value is not None}


def _error(response: httpx.Response, address: str) -> CoopbotError:
    """The service's problem document as the matching error."""
    try:
        problem = response.json()
        detail, errors = str(problem["detail"]), problem.get("errors") or [{"field": "request"}]
        field = str(errors[0]["field"])
    except (ValueError, LookupError, TypeError, AttributeError):
        return Unreachable(address, f"it answered {response.status_code}, but not as coopbot does; check the address")
    match response.status_code:
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return Forbidden(detail)
        case HTTPStatus.NOT_FOUND:
            return NotFound(detail)
        case HTTPStatus.TOO_MANY_REQUESTS:
            wait = response.headers.get("retry-after", "")
            return TooManyRequests(detail, float(wait) if wait.isdigit() else 0.0)
        case HTTPStatus.SERVICE_UNAVAILABLE:
            wait = response.headers.get("retry-after", "")
            return Busy(detail, int(wait)) if wait.isdecimal() else Busy(detail)
        case status if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return InvalidRequest(field, detail)
        case _:
            return Unreachable(address, detail)
