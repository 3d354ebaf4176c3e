"""The tools that other models may call: search, fetch and ask, all read-only.

`search` and `fetch` have the names, arguments and results that ChatGPT's connectors expect. Ids are those of articles.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from coopbot.ask.answer.answerer import Answerer
from coopbot.ask.answer.plain import MAX_CITATIONS
from coopbot.ask.rank.retrieve import Watch
from coopbot.ask.store import LiveStore
from coopbot.domain import MAX_QUESTION_CHARS
from coopbot.errors import InvalidRequest, NotFound
from coopbot.serve.links import source_address
from coopbot.serve.markdown import markdown_text
from coopbot.serve.requests import FiltersIn, QuestionText
from coopbot.serve.wire import AnswerOut, ArticleOut, Shape, answer_out

# Passages of a search; those of one article become one result.
_TOP_K = 20
_RESULTS = 10

_Arguments = TypeVar("_Arguments", bound=BaseModel)


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


class DocumentOut(Shape):
    """A whole article."""

    id: str
    title: str
    text: str
    url: str
    metadata: ArticleOut


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool(Generic[_Arguments]):
    """A tool. `answer` takes arguments, the service's address and what to call between batches of reading, and returns the
    result as text and as fields.
    """

    title: str
    description: str
    arguments: type[_Arguments]
    result: type[BaseModel]
    answer: Callable[[_Arguments, str, Watch], tuple[str, BaseModel]]

    def call(self, given: Mapping[str, object], base: str, watch: Watch) -> tuple[str, BaseModel]:
        """The result for arguments that are not checked yet. Raises InvalidRequest, NotFound and what answering raises."""
        try:
            arguments = self.arguments.model_validate(given)
        except ValidationError as exc:
            problem = exc.errors(include_input=False, include_url=False)[0]
            field = ".".join(str(part)[:60] for part in problem["loc"]) or "arguments"
            raise InvalidRequest(field, f"{field}: {problem['msg']}; correct it and call again") from exc
        return self.answer(arguments, base, watch)


FileOf = Callable[[str], str]
"""Returns the address of an article's file on this machine, for clients on it; "" if there is none."""


def make_tools(answerer: Answerer, index: LiveStore, file_of: FileOf = lambda _: "") -> dict[str, Tool[Any]]:
    """The tools by name. file_of: where an article is linked to that has no address on the web."""
    return {
        "search": Tool(
            title="Search articles",
            description="Find articles about cooperation between regions of China and Russia. Returns ids, titles, addresses "
            "and the nearest passage of each; fetch gives the whole article.",
            arguments=SearchArguments,
            result=FoundAllOut,
            answer=partial(_search, answerer, file_of),
        ),
        "fetch": Tool(
            title="Read an article",
            description="The whole text of one article, by the id that search gave, with its publisher, date and sources.",
            arguments=FetchArguments,
            result=DocumentOut,
            answer=partial(_fetch, index, file_of),
        ),
        "ask": Tool(
            title="Ask a question",
            description="Answer a question about cooperation between regions of China and Russia with exact quotes from "
            "articles, each with its source and date; or say that the sources do not answer it, with the nearest passages.",
            arguments=AskArguments,
            result=AnswerOut,
            answer=partial(_ask, answerer),
        ),
    }


def _search(answerer: Answerer, file_of: FileOf, arguments: SearchArguments, base: str, watch: Watch) -> tuple[str, BaseModel]:
    found = answerer.search(arguments.query, top_k=_TOP_K)
    results: dict[str, FoundOut] = {}
    for hit in found.hits:
        article = found.articles[hit.passage.article_id]
        url = source_address(article, base) or file_of(article.article_id)
        result = FoundOut(id=article.article_id, title=article.title, url=url, text=hit.passage.text)
        results.setdefault(article.article_id, result)
    out = FoundAllOut(results=list(results.values())[:_RESULTS])
    return out.model_dump_json(), out


def _fetch(index: LiveStore, file_of: FileOf, arguments: FetchArguments, base: str, watch: Watch) -> tuple[str, BaseModel]:
    article = index.current().article(arguments.id)
    if article is None:
        raise NotFound("there is no article with that id; call search for ids")
    url = source_address(article, base) or file_of(article.article_id)
    out = DocumentOut.of(article, id=article.article_id, url=url, metadata=article)
    return out.model_dump_json(), out


def _ask(answerer: Answerer, arguments: AskArguments, base: str, watch: Watch) -> tuple[str, BaseModel]:
    filters = arguments.to_filters()
    answer = answerer.ask(arguments.question, filters=filters, max_citations=arguments.max_citations, watch=watch)
    return markdown_text(answer, base), answer_out(answer)
