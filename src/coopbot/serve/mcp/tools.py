"""The tools that other models may call: search, fetch and ask, all read-only.

`search` and `fetch` have the names, arguments and results that ChatGPT's connectors expect. Ids are those of articles.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from coopbot.ask.answer.answerer import MAX_CITATIONS, Answerer
from coopbot.ask.store import LiveStore
from coopbot.domain import MAX_QUESTION_CHARS
from coopbot.errors import InvalidRequest, NotFound
from coopbot.serve.links import source_address
from coopbot.serve.markdown import markdown_text
from coopbot.serve.requests import FiltersIn, QuestionText
from coopbot.serve.wire import AnswerOut, ArticleOut, answer_out

# Passages of a search; those of one article become one result.
_TOP_K = 20
_RESULTS = 10

_Arguments = TypeVar("_Arguments", bound=BaseModel)

Watched = Callable[[], AbstractContextManager[None]]
"""Returns a context that is entered around every question."""


class SearchArguments(BaseModel):
    """What to search for."""

    model_config = ConfigDict(extra="forbid")

    query: QuestionText = Field(description="A question or a few words, in English, Chinese or Russian.")


class FetchArguments(BaseModel):
    """Which article to return."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(min_length=1, max_length=1000, description="The id of an article, from search.")


class AskArguments(FiltersIn):
    """A question, and filters of the articles."""

    question: QuestionText = Field(
        description=f"A complete question, up to {MAX_QUESTION_CHARS} characters, in English, Chinese or Russian."
    )
    max_citations: int | None = Field(default=None, ge=1, le=MAX_CITATIONS, description="The maximum number of quotes.")


class FoundOut(BaseModel):
    """An article found, with its nearest passage."""

    id: str
    title: str
    url: str
    text: str


class FoundAllOut(BaseModel):
    """The articles found, nearest first."""

    results: list[FoundOut]


class DocumentOut(BaseModel):
    """A whole article."""

    id: str
    title: str
    text: str
    url: str
    metadata: ArticleOut


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool. `call` takes arguments and the service's address, and returns the result as text and as fields."""

    name: str
    title: str
    description: str
    arguments: type[BaseModel]
    result: type[BaseModel]
    call: Callable[[Mapping[str, object], str], tuple[str, BaseModel]]


def make_tools(answerer: Answerer, index: LiveStore, watched: Watched = nullcontext) -> dict[str, Tool]:
    """The tools by name. Each raises InvalidRequest, NotFound and what answering raises."""

    def search(arguments: Mapping[str, object], base: str) -> tuple[str, BaseModel]:
        with watched():
            found = answerer.search(_checked(SearchArguments, arguments).query, top_k=_TOP_K)
        results: dict[str, FoundOut] = {}
        for hit in found.hits:
            article = found.articles[hit.passage.article_id]
            result = FoundOut(
                id=article.article_id, title=article.title, url=source_address(article, base), text=hit.passage.text
            )
            results.setdefault(article.article_id, result)
        out = FoundAllOut(results=list(results.values())[:_RESULTS])
        return out.model_dump_json(), out

    def fetch(arguments: Mapping[str, object], base: str) -> tuple[str, BaseModel]:
        article = index.current().article(_checked(FetchArguments, arguments).id)
        if article is None:
            raise NotFound("there is no article with that id; call search for ids")
        out = DocumentOut(
            id=article.article_id,
            title=article.title,
            text=article.text,
            url=source_address(article, base),
            metadata=ArticleOut.of(article),
        )
        return out.model_dump_json(), out

    def ask(arguments: Mapping[str, object], base: str) -> tuple[str, BaseModel]:
        asked = _checked(AskArguments, arguments)
        with watched():
            answer = answerer.ask(asked.question, filters=asked.to_filters(), max_citations=asked.max_citations)
        return markdown_text(answer, base), answer_out(answer)

    tools = (
        Tool(
            name="search",
            title="Search articles",
            description="Find articles about cooperation between regions of China and Russia. Returns ids, titles, addresses "
            "and the nearest passage of each; fetch gives the whole article.",
            arguments=SearchArguments,
            result=FoundAllOut,
            call=search,
        ),
        Tool(
            name="fetch",
            title="Read an article",
            description="The whole text of one article, by the id that search gave, with its publisher, date and sources.",
            arguments=FetchArguments,
            result=DocumentOut,
            call=fetch,
        ),
        Tool(
            name="ask",
            title="Ask a question",
            description="Answer a question about cooperation between regions of China and Russia with exact quotes from "
            "articles, each with its source and date; or that the sources do not say, with the nearest passages.",
            arguments=AskArguments,
            result=AnswerOut,
            call=ask,
        ),
    )
    return {tool.name: tool for tool in tools}


def _checked(shape: type[_Arguments], given: Mapping[str, object]) -> _Arguments:
    try:
        return shape.model_validate(given)
    except ValidationError as exc:
        problem = exc.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part)[:60] for part in problem["loc"]) or "arguments"
        raise InvalidRequest(field, f"{field}: {problem['msg']}; correct it and call again") from exc
