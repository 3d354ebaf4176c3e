"""Measures the quality of answers, in a clone of the repository: `python -m evals`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from coopbot.cli import main, parts
from coopbot.cli.console import AsJson, bar, say, warn
from coopbot.errors import Misconfigured, Unreadable
from coopbot.sections import LlmServer
from coopbot.settings import Settings, load_settings

if TYPE_CHECKING:
    from coopbot.domain import Article
    from coopbot.wiring import Service
    from evals.measure.chains import ChainsPart
    from evals.measure.evaluate import Part
    from evals.measure.golden import Split
    from evals.measure.several import SeveralPart
    from evals.measure.siblings import SiblingsPart
    from evals.measure.unseen_board import UnseenPart
    from evals.measure.writing import WritingPart
    from evals.xquad.board import XquadPart

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

_EVALS = Path("evals")


@app.command()
def quality(
    questions: Annotated[Path, typer.Option("--questions", help="Golden questions, JSONL.")] = _EVALS / "questions.jsonl",
    split: Annotated[
        Literal["dev", "test"] | None,
        typer.Option("--split", help="Ask only this half of the golden questions, both if left out."),
    ] = None,
    unseen: Annotated[Path, typer.Option("--unseen", help="Questions that nothing is tuned on, JSONL.")] = _EVALS
    / "unseen.jsonl",
    blind: Annotated[
        Path, typer.Option("--blind", help="More such questions, by somebody who had read the articles, JSONL.")
    ] = _EVALS / "blind.jsonl",
    pages: Annotated[Path, typer.Option("--pages", help="A folder of pages; NAME.jsonl beside it asks about them.")] = _EVALS
    / "pages",
    former: Annotated[
        Path, typer.Option("--former", help="The final questions of the release before, which only report now, JSONL.")
    ] = _EVALS / "former-final.jsonl",
    chains: Annotated[Path, typer.Option("--chains", help="Conversations, JSONL.")] = _EVALS / "chains.jsonl",
    siblings: Annotated[
        Path, typer.Option("--siblings", help="Questions near a tempting sibling, JSONL; NAME/ beside it has pages.")
    ] = _EVALS / "siblings.jsonl",
    several: Annotated[Path, typer.Option("--several", help="Questions that one sentence cannot answer, JSONL.")] = _EVALS
    / "several.jsonl",
    golden_only: Annotated[bool, typer.Option("--golden-only", help="Ask no other questions than --questions.")] = False,
    xquad: Annotated[Path | None, typer.Option("--xquad", help="A folder of XQuAD-R: measure that too.")] = None,
    llm: Annotated[int, typer.Option("--llm", min=0, help="How many of --unseen the language model writes answers to.")] = 0,
    board: Annotated[Path, typer.Option("--board", help="Where the scoreboard is written.")] = Path("docs/scoreboard.md"),
    floor: Annotated[Path, typer.Option("--floor", help="Minimum figures.")] = _EVALS / "floor.json",
    as_json: AsJson = False,
) -> None:
    """Ask the golden and the unseen questions, write the scoreboard, and fail if quality is below its floor."""
    from evals.measure.evaluate import evaluate

    given = load_settings()
    # Only `--llm` uses a language model; everything else measures quotes.
    settings = given.model_copy(update={"llm": LlmServer()})
    service = parts.service(settings)
    further: list[Part] = []
    if not golden_only:
        further += [
            _unseen(unseen, blind, former, pages, settings, service),
            _chains(chains, service),
            _siblings(siblings, settings, service),
            _several(several, service),
        ]
    further += [_xquad(xquad, service)] if xquad else []
    further += [_written(unseen, llm, given, service)] if llm else []
    with bar("asking the golden questions") as progress:
        evaluation = evaluate(
            service.answerer,
            _articles(service),
            questions=questions,
            floor=floor,
            split=split,
            further=further,
            progress=progress,
        )
    _write(board, evaluation.board)
    say(evaluation.as_json() if as_json else evaluation.board)
    for line in evaluation.below:
        warn(f"quality fell: {line}")
    if evaluation.below:
        raise typer.Exit(1)


@app.command()
def final(
    questions: Annotated[Path, typer.Option("--questions", help="The final questions, JSONL.")] = _EVALS / "final.jsonl",
    board: Annotated[Path, typer.Option("--board", help="Where the figures are written.")] = Path("docs/final.md"),
) -> None:
    """Ask the questions that are kept for a release, and write their figures."""
    from evals.measure.board import fill

    service = parts.service(load_settings().model_copy(update={"llm": LlmServer()}))
    report = fill("final", tables=_asked(("final", questions, "--questions", service)).tables())
    _write(board, report)
    say(report)


@app.command()
def several(
    questions: Annotated[Path, typer.Option("--questions", help="Questions that one sentence cannot answer, JSONL.")] = _EVALS
    / "several.jsonl",
    split: Annotated[
        Literal["dev", "test"] | None, typer.Option("--split", help="Ask only this half, both if left out.")
    ] = None,
) -> None:
    """Ask the questions that one sentence cannot answer, and print how right each part of the answers is."""
    say(_several(questions, parts.service(load_settings().model_copy(update={"llm": LlmServer()})), split).sections())


@app.command()
def corpus(
    page: Annotated[
        Path | None, typer.Option("--page", help="Write a page with these counts, and those by year, here.")
    ] = None,
) -> None:
    """Show what the corpus covers, by subject, language and year."""
    from coopbot.wiring import open_corpus
    from evals.measure import coverage

    found = coverage.count(one for one in open_corpus(load_settings()) if not isinstance(one, Unreadable))
    if page is None:
        say(coverage.as_lines(found))
        return
    page.write_text(coverage.page(found), encoding="utf-8")
    say(f"{found.articles} articles: {page}")


@app.command()
def facts(
    sheets: Annotated[Path, typer.Option("--sheets", help="A folder with the sheets of facts, facts*.md.")],
) -> None:
    """Check the briefs of the corpus against the fact sheets that they were written from, and fail if something is wrong."""
    from datetime import date

    from coopbot.wiring import open_corpus
    from evals.facts_check import briefs_of, problems, read_sheets

    read = read_sheets(sheets)
    briefs = briefs_of(one for one in open_corpus(load_settings()) if not isinstance(one, Unreadable))
    found = list(problems(briefs, read, date.today()))
    for line in found:
        warn(line)
    say(f"{len(briefs)} briefs, {len(found)} problems")
    if found:
        raise typer.Exit(1)


def _unseen(unseen: Path, blind: Path, former: Path, pages: Path, settings: Settings, service: Service) -> UnseenPart:
    from evals.measure.unseen import open_pages

    with bar("indexing the pages") as progress:
        own = open_pages(pages, settings, service.models, progress)
    return _asked(
        ("unseen", unseen, "--unseen", service),
        ("blind", blind, "--blind", service),
        ("former", former, "--former", service),
        ("pages", pages.with_suffix(".jsonl"), "--pages", own),
    )


def _chains(path: Path, service: Service) -> ChainsPart:
    from evals.measure.chains import ChainsPart, ask_chains, load_chains

    with bar(f"asking {path.name}") as progress:
        replies = ask_chains(load_chains(path), service.answerer, _articles(service), progress)
    return ChainsPart(replies=replies)


def _siblings(path: Path, settings: Settings, service: Service) -> SiblingsPart:
    from evals.measure.siblings import SiblingsPart, ask_siblings, load_siblings
    from evals.measure.unseen import open_pages

    questions = load_siblings(path)
    with bar("indexing the pages about siblings") as progress:
        own = open_pages(path.with_suffix(""), settings, service.models, progress)
    replies = []
    for asked, about_pages in ((service, False), (own, True)):
        rows, articles = [one for one in questions if one.pages == about_pages], _articles(asked)
        with bar(f"asking {path.name}") as progress:
            replies += ask_siblings(rows, asked.answerer, articles, progress)
    return SiblingsPart(replies=replies)


def _several(path: Path, service: Service, split: Split | None = None) -> SeveralPart:
    from evals.measure.several import SeveralPart, ask_several, load_several

    rows = [one for one in load_several(path) if split in (None, one.split)]
    with bar(f"asking {path.name}") as progress:
        return SeveralPart(replies=ask_several(rows, service.answerer, _articles(service), progress))


def _asked(*sets: tuple[str, Path, str, Service]) -> UnseenPart:
    """Each set: its name, file and option, and the service that is asked."""
    from coopbot.ask.answer.answerer import Answerer
    from evals.measure.golden import ask_all
    from evals.measure.unseen import load_unseen
    from evals.measure.unseen_board import UnseenPart

    replies, unread = {}, {}
    for name, path, option, asked in sets:
        rows, articles = load_unseen(path, option=option), _articles(asked)
        with bar(f"asking {path.name}") as progress:
            replies[name] = ask_all(rows, asked.answerer, articles, progress)
        if asked.models.reader:
            without = Answerer(asked.models.embedder, asked.index.current)
            with bar(f"asking {path.name} without the reader") as progress:
                unread[name] = ask_all(rows, without, articles, progress)
    return UnseenPart(replies=replies, unread=unread)


def _written(questions: Path, count: int, settings: Settings, service: Service) -> WritingPart:
    from coopbot.ask.answer.answerer import Answerer
    from coopbot.wiring import open_writer
    from evals.measure.unseen import load_unseen
    from evals.measure.writing import WritingPart, ask_written

    writer = open_writer(settings, service.models.reader)
    if writer is None:
        raise Misconfigured("--llm needs a language model; set COOPBOT_LLM_BASE_URL and COOPBOT_LLM_MODEL")
    every, articles = load_unseen(questions, option="--unseen"), _articles(service)
    # Spread over the whole file, which is sorted by language.
    rows = every[:: max(1, len(every) // count)][:count]
    writing = Answerer(service.models.embedder, service.index.current, service.models.reader, writer=writer)
    with bar("having answers written") as progress:
        replies = ask_written(rows, writing, service.answerer, articles, progress)
    return WritingPart(model=settings.llm.model, asked=len(rows), replies=replies)


def _xquad(folder: Path, service: Service) -> XquadPart:
    from coopbot.ask.weights import load_weights
    from evals.xquad.board import XquadPart
    from evals.xquad.scores import run_xquad

    reader = service.models.reader
    readers = {"read": reader, "unread": None} if reader else {"read": None}
    with bar("asking XQuAD-R") as progress:
        scores = run_xquad(folder, service.models.embedder, readers, load_weights(), progress=progress)
    return XquadPart(scores=scores["read"], unread=scores.get("unread"))


def _articles(service: Service) -> dict[str, Article]:
    return {one.article_id: one for one in service.index.current().articles(0, sys.maxsize)}


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise Misconfigured(f"cannot write {path}: {exc.strerror}; name another place with --board") from exc


if __name__ == "__main__":
    main(app)
