"""The commands `ask` and `search`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Annotated

import typer

from coopbot.cli.console import AsJson, say, say_marked
from coopbot.cli.parts import service
from coopbot.domain import Answer, Filters
from coopbot.errors import InvalidRequest
from coopbot.index.filters import VALUE_FILTERS

Question = Annotated[str, typer.Argument(help="The question, in English, Chinese or Russian.")]
_Repeated = list[str] | None

# The options of filters, by the fields of `Filters`.
_LIMITS = {
    "languages": Annotated[_Repeated, typer.Option("--language", help="Only articles in this language; repeatable.")],
    **{one.field: Annotated[_Repeated, typer.Option(f"--{one.option}", help=one.help)] for one in VALUE_FILTERS},
    "published_from": Annotated[
        str | None, typer.Option("--from", help="Only articles published on or after this day, YYYY-MM-DD.")
    ],
    "published_to": Annotated[
        str | None, typer.Option("--to", help="Only articles published on or before this day, YYYY-MM-DD.")
    ],
}


def limited(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for each filter; it gets the `filters`."""

    @wraps(command)
    def run(*arguments: object, **options: object) -> None:
        from pydantic import ValidationError

        from coopbot.serve.requests import FiltersIn

        given = {name: value for name in _LIMITS if (value := options.pop(name)) is not None}
        try:
            filters = FiltersIn.model_validate(given).to_filters()
        except ValidationError as exc:
            problem = exc.errors(include_input=False, include_url=False)[0]
            field = str(problem["loc"][0])
            raise InvalidRequest(field, f"{field}: {problem['msg']}") from exc
        command(*arguments, filters=filters, **options)

    own = {name: one for name, one in signature(command, eval_str=True).parameters.items() if name != "filters"}
    limits = {name: Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=kind) for name, kind in _LIMITS.items()}
    run.__annotations__ = {name: one.annotation for name, one in (own | limits).items()}
    setattr(run, "__signature__", Signature([*own.values(), *limits.values()]))  # noqa: B010 - not an attribute that mypy knows
    return run


@limited
def ask(
    question: Question,
    *,
    max_citations: Annotated[int | None, typer.Option(min=1, max=10, help="Maximum number of quotes; 4 if left out.")] = None,
    as_json: AsJson = False,
    filters: Filters,
) -> None:
    """Answer a question with exact quotes from the articles."""
    from coopbot.ask.understand.question import checked
    from coopbot.serve.wire import answer_out

    question = checked(question)
    answer = service().answerer.ask(question, filters=filters, max_citations=max_citations)
    if as_json:
        say(answer_out(answer).model_dump_json(indent=2))
    else:
        _print_answer(answer)


@limited
def search(
    question: Question,
    *,
    top_k: Annotated[int, typer.Option(min=1, max=50, help="Maximum number of passages.")] = 10,
    as_json: AsJson = False,
    filters: Filters,
) -> None:
    """Find the passages nearest to a question."""
    from coopbot.ask.understand.question import checked
    from coopbot.serve.wire import search_out

    question = checked(question)
    result = service().answerer.search(question, top_k=top_k, filters=filters)
    if as_json:
        say(search_out(result).model_dump_json(indent=2))
        return
    for hit in result.hits:
        passage, article = hit.passage, result.articles[hit.passage.article_id]
        say(f"{hit.rank:2d}. {hit.score:.3f}  {article.title} ({article.publisher})")
        say(f"    {passage.passage_id}\n    {passage.text}\n")


def _print_answer(answer: Answer) -> None:
    from coopbot.serve.answer_text import terminal_lines

    for line in terminal_lines(answer):
        say_marked(line.text, line.answer)
