"""The commands `ask` and `search`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Annotated

import typer

from coopbot.cli.console import AsJson, say, say_marked
from coopbot.cli.parts import service
from coopbot.domain import Answer, Filters
from coopbot.errors import InvalidRequest
from coopbot.index.filters import VALUE_FILTERS

# The longest bar of a series.
_BAR_CHARS = 24

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
    from coopbot.serve import view
    from coopbot.serve.answer_text import aged, figure_text, origin_text
    from coopbot.serve.links import said_address
    from coopbot.serve.messages import labelled, source_text

    cited = {citation.number: citation for citation in answer.citations}
    for block in view.answer_view(answer):
        match block:
            case view.LeadBlock():
                say(block.text)
            case view.QuoteBlock():
                if block.label:
                    say(f"\n{labelled(block.label, '', answer.question_language).rstrip()}")
                before = aged(block, answer.question_language)
                marks = block.words.answer and block.words.answer.shifted(len(before))
                say_marked(before + block.words.text, marks, block.note + _numbers(block.numbers))
                if said := origin_text(block):
                    say(f"    {said}")
                if block.origin:
                    say_marked(f"    {block.origin.text}", block.origin.answer and block.origin.answer.shifted(4))
                for one in block.folded:
                    quote = aged(one, answer.question_language) + one.words.text
                    say(f"    {labelled(one.label, quote, answer.question_language)}{one.note} [{one.number}]")
                    if said := origin_text(one):
                        say(f"        {said}")
            case view.SeriesBlock():
                say(block.heading)
                width = max(len(row.time) for row in block.rows)
                for row in block.rows:
                    bar = "█" * round(_BAR_CHARS * row.share) if row.share is not None else ""
                    say(f"{row.time:<{width}}  {figure_text(row, answer.question_language)} [{row.number}]  {bar}".rstrip())
            case view.NoteBlock():
                say(block.text)
            case view.DisagreementBlock():
                say(f"\n{block.heading}")
                for side in block.sides:
                    say(f"- {figure_text(side, answer.question_language)} [{side.number}] {side.line}")
            case view.NearestBlock(passages=sources) | view.SourcesBlock(articles=sources):
                say(f"\n{block.heading}")
                for source in sources:
                    say(f"{_numbers(source.numbers).strip()} {source.title} · {source.line}")
                    for one in source.quotes:
                        say(f"    {aged(one, answer.question_language)}{one.words.text}{one.note}")
                        if said := origin_text(one):
                            say(f"        {said}")
                    for citation in map(cited.__getitem__, source.numbers):
                        place = f"{citation.article_id}:{citation.start_char}-{citation.end_char}"
                        say(f"    {place} {citation.deep_link}".rstrip())
                        for own in citation.sources if citation.attributions else ():
                            if address := said_address(own):
                                say(f"    {source_text(own, answer.question_language)} {address}")
            case view.ArticlesBlock():
                if block.heading:
                    say(f"\n{block.heading}")
                for source in block.articles:
                    say(f"- {source.title} · {source.line}")


def _numbers(numbers: Sequence[int]) -> str:
    return "".join(f" [{number}]" for number in numbers)
