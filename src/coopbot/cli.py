"""The `coopbot` command. Each command imports what it needs, so that `ask` starts fast and `--help` at once."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from coopbot.errors import CoopbotError, InvalidRequest, Misconfigured
from coopbot.settings import Settings, load_settings

if TYPE_CHECKING:
    from coopbot.domain import Answer, Filters
    from coopbot.index.build import BuildReport
    from coopbot.index.encoder import Encoder
    from coopbot.measure.xquad_board import XquadPart
    from coopbot.wiring import Service

app = typer.Typer(
    help="Cited answers about Sino-Russian regional cooperation.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
_out = Console(highlight=False, soft_wrap=True)
_err = Console(stderr=True, highlight=False, soft_wrap=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Question = Annotated[str, typer.Argument(help="The question, in English, Chinese or Russian.")]
Languages = Annotated[list[str] | None, typer.Option("--language", help="Only articles in this language; repeatable.")]
Publishers = Annotated[list[str] | None, typer.Option("--publisher", help="Only this publisher or source; repeatable.")]
DateFrom = Annotated[str | None, typer.Option("--from", help="Only articles published on or after this day, YYYY-MM-DD.")]
DateTo = Annotated[str | None, typer.Option("--to", help="Only articles published on or before this day, YYYY-MM-DD.")]


def main() -> None:
    """Run the command line; an error of ours is one line and an exit code: 2 where the request is at fault, else 1."""
    # NumPy's threads cost more than they give on matrices as small as ours; it reads this when it is first imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        app()
    except CoopbotError as exc:
        _err.print(f"coopbot: {exc}", markup=False)
        sys.exit(2 if isinstance(exc, InvalidRequest) else 1)


@app.command()
def ask(
    question: Question,
    language: Languages = None,
    publisher: Publishers = None,
    published_from: DateFrom = None,
    published_to: DateTo = None,
    max_citations: Annotated[int, typer.Option(min=1, max=10, help="Quotes at most.")] = 4,
    as_json: AsJson = False,
) -> None:
    """Answer a question with exact quotes from the articles."""
    from coopbot.ask.question import checked
    from coopbot.serve.wire import answer_out

    question = checked(question)
    filters = _filters(language, publisher, published_from, published_to)
    answer = _open_service().answerer.ask(question, filters=filters, max_citations=max_citations)
    if as_json:
        _out.print(answer_out(answer).model_dump_json(indent=2), markup=False)
    else:
        _print_answer(answer)


@app.command()
def search(
    question: Question,
    top_k: Annotated[int, typer.Option(min=1, max=50, help="Passages at most.")] = 10,
    language: Languages = None,
    publisher: Publishers = None,
    published_from: DateFrom = None,
    published_to: DateTo = None,
    as_json: AsJson = False,
) -> None:
    """Find the passages nearest to a question."""
    from coopbot.ask.question import checked
    from coopbot.serve.wire import search_out

    question = checked(question)
    filters = _filters(language, publisher, published_from, published_to)
    result = _open_service().answerer.search(question, top_k=top_k, filters=filters)
    if as_json:
        _out.print(search_out(result).model_dump_json(indent=2), markup=False)
        return
    for hit in result.hits:
        passage, article = hit.passage, result.articles[hit.passage.article_id]
        _out.print(f"{hit.rank:2d}. {hit.score:.3f}  {article.title} ({article.publisher})", markup=False)
        _out.print(f"    {passage.passage_id}\n    {passage.text}\n", markup=False)


@app.command()
def index(
    force: Annotated[bool, typer.Option("--force", help="Write a new snapshot even if nothing changed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the index in line with the corpus. Only new text is embedded."""
    settings = load_settings()
    unread = _rebuild(settings, _open_embedder(settings), force=force, as_json=as_json)
    if unread:
        raise typer.Exit(1)


@app.command()
def add(
    sources: Annotated[list[Path], typer.Argument(help="Files: html, pdf, docx, md, txt, or raw page text.")],
    no_index: Annotated[bool, typer.Option("--no-index", help="Only add to the corpus.")] = False,
    as_json: AsJson = False,
) -> None:
    """Clean files into articles, put them into the corpus and index them."""
    from coopbot.ingest.readers import read_file
    from coopbot.wiring import open_corpus

    settings = load_settings()
    corpus = open_corpus(settings)
    results: list[dict[str, str]] = []
    failed = False
    for source in sources:
        try:
            article = corpus.add(read_file(source))
            results.append({"source": str(source), "article_id": article.article_id, "title": article.title})
        except CoopbotError as exc:
            failed = True
            results.append({"source": str(source), "error": str(exc)})
    if as_json:
        _out.print(json.dumps(results, ensure_ascii=False, indent=2), markup=False)
    else:
        for result in results:
            line = result.get("error") or f"added {result['article_id']}: {result['title']}"
            (_err if "error" in result else _out).print(line, markup=False)
    unread = False
    if not no_index and any("article_id" in result for result in results):
        unread = _rebuild(settings, _open_embedder(settings), quiet=as_json)
    if failed or unread:
        raise typer.Exit(1)


@app.command()
def remove(
    article_ids: Annotated[list[str], typer.Argument(help="Ids of articles, such as ru/most.")],
    as_json: AsJson = False,
) -> None:
    """Take articles out of the corpus and the index."""
    from coopbot.wiring import open_corpus

    settings = load_settings()
    corpus = open_corpus(settings)
    for article_id in article_ids:
        corpus.remove(article_id)
    if as_json:
        _out.print(json.dumps({"removed": article_ids}, ensure_ascii=False), markup=False)
    else:
        _out.print(f"removed {', '.join(article_ids)}", markup=False)
    _rebuild(settings, _open_embedder(settings), quiet=as_json)


@app.command()
def serve(as_json: AsJson = False) -> None:
    """Answer over HTTP, at COOPBOT_HOST and COOPBOT_PORT."""
    from coopbot.serve.run import listen, run_http

    settings = load_settings()
    sockets = listen(settings.host, settings.port)
    service = _open_service(settings)
    url = f"http://{settings.host}:{settings.port}"
    _out.print(json.dumps({"url": url}) if as_json else f"coopbot answers on {url} (try {url}/docs)", markup=False)
    run_http(service.answerer, service.index, sockets)


@app.command()
def telegram() -> None:
    """Answer in Telegram, as the bot whose token is COOPBOT_TELEGRAM_TOKEN."""
    from coopbot.serve.telegram.bot import run_bot

    settings = load_settings()
    token = settings.telegram_token.get_secret_value() if settings.telegram_token else ""
    run_bot(_open_service(settings).answerer.ask, token=token, api_url=settings.telegram_api_url)


@app.command()
def prepare(force: Annotated[bool, typer.Option("--force", help="Prepare anew.")] = False, as_json: AsJson = False) -> None:
    """Make the embedding model ready to run: once a machine, also done on first use."""
    from coopbot.index.prepare import ModelSource
    from coopbot.index.prepare import prepare as prepare_model

    settings = load_settings()
    with _steps() as on_step:
        folder = prepare_model(ModelSource.of(settings.model), settings.cache_dir, force=force, on_step=on_step)
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    if as_json:
        _out.print(json.dumps({**card, "folder": str(folder)}, indent=2), markup=False)
    else:
        _out.print(
            f"{card['name']} is ready: {card['engine']}, {card['precision']}, "
            f"cosine to the float model {card['fidelity']:.4f}; in {folder}",
            markup=False,
        )


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check settings, model, corpus and index, and say what mends them."""
    from coopbot.doctor import examine

    checks = examine()
    if as_json:
        _out.print(json.dumps([asdict(check) for check in checks], ensure_ascii=False, indent=2), markup=False)
    else:
        for check in checks:
            _out.print(f"{'ok ' if check.ok else 'BAD'}  {check.name}: {check.detail}", markup=False)
    if not all(check.ok for check in checks):
        raise typer.Exit(1)


@app.command()
def bench(
    passages: Annotated[int, typer.Option(min=100, help="Size of the index that is asked.")] = 10_000,
    as_json: AsJson = False,
) -> None:
    """Measure speed and memory on this machine, as ratios within one run."""
    from coopbot.measure.bench import run_bench

    with _steps() as on_step:
        figures = run_bench(load_settings(), passages, on_step)
    if as_json:
        _out.print(json.dumps([asdict(figure) for figure in figures], indent=2), markup=False)
        return
    for figure in figures:
        goal = f"  (goal: {figure.goal})" if figure.goal else ""
        _out.print(f"{figure.name}: {figure.value:.4g} {figure.unit}{goal}", markup=False)


@app.command("eval")
def evaluate(
    questions: Annotated[Path, typer.Option("--questions", help="Golden questions, JSONL.")] = Path("evals/questions.jsonl"),
    xquad: Annotated[Path | None, typer.Option("--xquad", help="A folder of XQuAD-R: measure that too.")] = None,
    board: Annotated[Path, typer.Option("--board", help="Where the scoreboard is written.")] = Path("docs/scoreboard.md"),
    floor: Annotated[Path, typer.Option("--floor", help="What figures must reach.")] = Path("evals/floor.json"),
    as_json: AsJson = False,
) -> None:
    """Ask the golden questions, write the scoreboard, and fail where quality is below its floor."""
    from coopbot.measure.evaluate import evaluate as run_evaluation

    service = _open_service()
    second = _xquad(xquad, service) if xquad else None
    with _bar("asking the golden questions") as progress:
        evaluation = run_evaluation(
            service.answerer,
            service.index.current().article,
            questions=questions,
            floor=floor,
            second=second,
            progress=progress,
        )
    _write(board, evaluation.board)
    _out.print(evaluation.as_json() if as_json else evaluation.board, markup=False)
    for line in evaluation.below:
        _err.print(f"quality fell: {line}", markup=False)
    if evaluation.below:
        raise typer.Exit(1)


def _xquad(folder: Path, service: Service) -> XquadPart:
    from coopbot.ask.weights import load_weights
    from coopbot.measure.xquad_board import XquadPart
    from coopbot.measure.xquad_scores import run_xquad

    with _bar("asking XQuAD-R") as progress:
        return XquadPart(scores=run_xquad(folder, service.embedder, load_weights(), progress=progress))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise Misconfigured(f"cannot write {path}: {exc.strerror}; name another place with --board") from exc


def _open_service(settings: Settings | None = None) -> Service:
    from coopbot.wiring import open_service

    with _steps() as on_step:
        return open_service(settings or load_settings(), on_step)


def _open_embedder(settings: Settings) -> Encoder:
    from coopbot.wiring import open_embedder

    with _steps() as on_step:
        return open_embedder(settings, on_step)


def _rebuild(settings: Settings, embedder: Encoder, *, force: bool = False, as_json: bool = False, quiet: bool = False) -> bool:
    """Index and report; tells whether a corpus file could not be read."""
    from coopbot.wiring import rebuild

    with _bar("embedding passages") as progress:
        report, unreadable = rebuild(settings, embedder, force=force, progress=progress)
    for problem in unreadable:
        _err.print(f"not indexed: {problem}", markup=False)
    if as_json:
        errors = [{"source": problem.source, "reason": problem.reason} for problem in unreadable]
        _out.print(json.dumps({**asdict(report), "unreadable": errors}, ensure_ascii=False, indent=2), markup=False)
    elif not quiet:
        _out.print(_report_line(report), markup=False)
    return bool(unreadable)


def _report_line(report: BuildReport) -> str:
    if not report.written:
        return f"nothing changed: {report.articles} articles, {report.passages} passages in {report.snapshot}"
    return (
        f"{len(report.added)} added, {len(report.changed)} changed, {len(report.removed)} removed, {report.reused} as before; "
        f"{report.embedded} passages embedded; {report.articles} articles, {report.passages} passages in {report.snapshot}"
    )


def _print_answer(answer: Answer) -> None:
    from coopbot.serve.messages import format_date, message, publisher_line
    from coopbot.serve.wire import answer_text

    texts = message(answer.question_language)
    _out.print(answer_text(answer) + "\n", markup=False)
    if answer.outcome == "no_evidence" and answer.citations:
        _out.print(texts.nearest, markup=False)
    for citation in answer.citations:
        language = answer.question_language
        origin = f"{citation.title}. {publisher_line(citation, language)}, {format_date(citation.published, language)}"
        place = f"{citation.article_id}:{citation.start_char}-{citation.end_char}"
        _out.print(f"[{citation.number}] {origin} ({place})", markup=False)
        if answer.outcome == "no_evidence":
            _out.print(f"    {citation.quote}", markup=False)
        if citation.deep_link:
            _out.print(f"    {citation.deep_link}", markup=False)


def _filters(
    languages: list[str] | None, publishers: list[str] | None, published_from: str | None, published_to: str | None
) -> Filters:
    from pydantic import ValidationError

    from coopbot.serve.wire import FiltersIn

    fields = {
        "languages": languages or [],
        "publishers": publishers or [],
        "published_from": published_from,
        "published_to": published_to,
    }
    try:
        return FiltersIn.model_validate(fields).to_filters()
    except ValidationError as exc:
        problem = exc.errors(include_input=False, include_url=False)[0]
        field = str(problem["loc"][0])
        raise InvalidRequest(field, f"{field}: {problem['msg']}") from exc


@contextmanager
def _steps() -> Iterator[Callable[[str], None]]:
    """Tell on stderr what is being done while it takes time; where nobody watches, in plain lines."""
    if not _err.is_terminal:
        yield lambda step: _err.print(f"{step} ...", markup=False)
        return
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), console=_err, transient=True) as progress:
        task = progress.add_task("", total=None, visible=False)
        yield lambda step: progress.update(task, description=step, visible=True)


@contextmanager
def _bar(description: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr, where somebody watches."""
    if not _err.is_terminal:
        yield lambda done, total: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_err, transient=True) as progress:
        task = progress.add_task(description, total=None, visible=False)
        yield lambda done, total: progress.update(task, completed=done, total=total, visible=total > 0)
