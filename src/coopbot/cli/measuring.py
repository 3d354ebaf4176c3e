"""Commands that measure coopbot: its speed on this machine, the quality of its answers."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from coopbot.cli import parts
from coopbot.cli.console import AsJson, bar, say, say_json, steps, warn
from coopbot.errors import Misconfigured
from coopbot.settings import Settings, load_settings

if TYPE_CHECKING:
    from benchmarks.figure import Figure
    from benchmarks.xquad.board import XquadPart
    from coopbot.index.model.conversion import Step
    from coopbot.measure.evaluate import Part as FurtherPart
    from coopbot.measure.unseen_board import UnseenPart
    from coopbot.measure.writing import WritingPart
    from coopbot.wiring import Service

_ROOT = Path(__file__).parents[3]


Part = StrEnum("Part", ["SPEED", "ARRIVAL", "SWAPS", "GROWTH", "HOSTILE", "PAGE", "HTTP", "TELEGRAM"])
_USUAL_PARTS = [Part.SPEED, Part.ARRIVAL, Part.SWAPS]

_EVALS = Path("evals")


def bench(
    part: Annotated[
        list[Part] | None, typer.Option("--part", help="What to measure; speed, arrival and swaps if left out. Repeatable.")
    ] = None,
    passages: Annotated[int, typer.Option(min=100, help="Passages in the index that is measured.")] = 10_000,
    chart: Annotated[Path | None, typer.Option("--chart", help="Draw the figures of growth into this PNG file.")] = None,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="How many times the server is stopped, for hostile.")] = 20,
    kills: Annotated[int, typer.Option("--kills", min=0, help="How many times the bot is killed, for telegram.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Measure speed and memory on this machine, in a clone of the repository."""
    _find_benchmarks()
    from benchmarks.hostile.run import run_hostile
    from benchmarks.http.run import run_http
    from benchmarks.speed.answering import run_speed
    from benchmarks.speed.arrival import run_arrival
    from benchmarks.speed.growth import run_growth
    from benchmarks.speed.page import run_page
    from benchmarks.speed.swaps import run_swaps
    from benchmarks.telegram.run import run_telegram

    settings = load_settings()
    runs: dict[Part, Callable[[Step], list[Figure]]] = {
        Part.SPEED: partial(run_speed, settings, passages),
        Part.ARRIVAL: partial(run_arrival, settings, passages),
        Part.SWAPS: partial(run_swaps, settings, passages),
        Part.GROWTH: partial(run_growth, settings, chart),
        Part.HOSTILE: partial(run_hostile, settings, rounds),
        Part.HTTP: partial(run_http, settings),
        Part.PAGE: partial(run_page, settings),
        Part.TELEGRAM: partial(run_telegram, settings, kills),
    }
    figures = []
    for one in part or _USUAL_PARTS:
        with steps() as on_step:
            measured = runs[one](on_step)
        figures += measured
        if not as_json:
            for figure in measured:
                goal = f"  (goal: {figure.goal})" if figure.goal else ""
                say(f"{figure.name}: {figure.value:.4g} {figure.unit}{goal}")
    if as_json:
        say_json([asdict(figure) for figure in figures])


def _find_benchmarks() -> None:
    """Make `benchmarks` importable. Raises Misconfigured if coopbot does not run from a clone of its repository.

    The package has no benchmarks, since its users need none; in a clone they are beside src/. They are found from the path of
    this file, whatever the current folder, so they are those that belong to this code. An editable installation does not put
    the clone on the path, since every program of that environment could then import `tests`, `docs` and so on.
    """
    if not (_ROOT / "benchmarks" / "__init__.py").is_file():
        raise Misconfigured(
            "benchmarks and XQuAD-R are not in the installed package; clone coopbot's repository, and run in the clone: "
            "pip install -e ."
        )
    if str(_ROOT) not in sys.path:
        sys.path.insert(0, str(_ROOT))


def evaluate(
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
    golden_only: Annotated[bool, typer.Option("--golden-only", help="Leave out --unseen, --blind and --pages.")] = False,
    xquad: Annotated[
        Path | None, typer.Option("--xquad", help="A folder of XQuAD-R: measure that too, in a clone of the repository.")
    ] = None,
    llm: Annotated[int, typer.Option("--llm", min=0, help="How many of --unseen the language model writes answers to.")] = 0,
    board: Annotated[Path, typer.Option("--board", help="Where the scoreboard is written.")] = Path("docs/scoreboard.md"),
    floor: Annotated[Path, typer.Option("--floor", help="Minimum figures.")] = _EVALS / "floor.json",
    as_json: AsJson = False,
) -> None:
    """Ask the golden and the unseen questions, write the scoreboard, and fail if quality is below its floor."""
    from coopbot.measure.evaluate import evaluate as run_evaluation

    if xquad:
        _find_benchmarks()  # before anything that takes long
    given = load_settings()
    # Only `--llm` uses a language model; everything else measures quotes.
    settings = given.model_copy(update={"llm_base_url": ""})
    service = parts.service(settings)
    further: list[FurtherPart] = [] if golden_only else [_unseen(unseen, blind, pages, settings, service)]
    further += [_xquad(xquad, service)] if xquad else []
    further += [_written(unseen, llm, given, service)] if llm else []
    with bar("asking the golden questions") as progress:
        evaluation = run_evaluation(
            service.answerer,
            service.index.current().article,
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


def evaluate_finally(
    questions: Annotated[Path, typer.Option("--questions", help="The final questions, JSONL.")] = _EVALS / "final.jsonl",
    board: Annotated[Path, typer.Option("--board", help="Where the figures are written.")] = Path("docs/final.md"),
) -> None:
    """Ask the questions that are kept for a release, and write their figures."""
    from coopbot.measure.board import fill

    service = parts.service(load_settings().model_copy(update={"llm_base_url": ""}))
    report = fill("final", tables=_asked(("final", questions, "--questions", service)).tables())
    _write(board, report)
    say(report)


def _unseen(unseen: Path, blind: Path, pages: Path, settings: Settings, service: Service) -> UnseenPart:
    from coopbot.measure.unseen import open_pages

    with bar("indexing the pages") as progress:
        own = open_pages(pages, settings, service.models, progress)
    return _asked(
        ("unseen", unseen, "--unseen", service),
        ("blind", blind, "--blind", service),
        ("pages", pages.with_suffix(".jsonl"), "--pages", own),
    )


def _asked(*sets: tuple[str, Path, str, Service]) -> UnseenPart:
    """Each set: its name, file and option, and the service that is asked."""
    from coopbot.measure.golden import ask_all
    from coopbot.measure.unseen import load_unseen
    from coopbot.measure.unseen_board import UnseenPart

    replies, unread = {}, {}
    for name, path, option, asked in sets:
        rows, article = load_unseen(path, option=option), asked.index.current().article
        with bar(f"asking {path.name}") as progress:
            replies[name] = ask_all(rows, asked.answerer, article, progress)
        if asked.models.reader:
            with bar(f"asking {path.name} without the reader") as progress:
                unread[name] = ask_all(rows, asked.without_reader(), article, progress)
    return UnseenPart(replies=replies, unread=unread)


def _written(questions: Path, count: int, settings: Settings, service: Service) -> WritingPart:
    from coopbot.measure.unseen import load_unseen
    from coopbot.measure.writing import WritingPart, ask_written
    from coopbot.wiring import open_writer

    writer = open_writer(settings, service.models.reader)
    if writer is None:
        raise Misconfigured("--llm needs a language model; set COOPBOT_LLM_BASE_URL and COOPBOT_LLM_MODEL")
    every, article = load_unseen(questions, option="--unseen"), service.index.current().article
    # Spread over the whole file, which is sorted by language.
    rows = every[:: max(1, len(every) // count)][:count]
    with bar("having answers written") as progress:
        replies = ask_written(rows, service.with_writer(writer), service.answerer, article, progress)
    return WritingPart(model=settings.llm_model, asked=len(rows), replies=replies)


def _xquad(folder: Path, service: Service) -> XquadPart:
    from benchmarks.xquad.board import XquadPart
    from benchmarks.xquad.scores import run_xquad
    from coopbot.ask.rank.weights import load_weights

    reader = service.models.reader
    readers = {"read": reader, "unread": None} if reader else {"read": None}
    with bar("asking XQuAD-R") as progress:
        scores = run_xquad(folder, service.models.embedder, readers, load_weights(), progress=progress)
    return XquadPart(scores=scores["read"], unread=scores.get("unread"))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise Misconfigured(f"cannot write {path}: {exc.strerror}; name another place with --board") from exc
