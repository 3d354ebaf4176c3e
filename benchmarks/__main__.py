"""Measures speed and memory on this machine: `python -m benchmarks`, in a clone of the repository."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coopbot.cli import main
from coopbot.cli.console import AsJson, say, say_json, steps
from coopbot.settings import load_settings

if TYPE_CHECKING:
    from benchmarks.figure import Figure
    from coopbot.index.model.conversion import Step

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

Part = StrEnum("Part", ["SPEED", "ARRIVAL", "SWAPS", "GROWTH", "HOSTILE", "PAGE", "HTTP", "TELEGRAM"])
_USUAL_PARTS = [Part.SPEED, Part.ARRIVAL, Part.SWAPS]


@app.command()
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
    """Measure speed and memory on this machine."""
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


if __name__ == "__main__":
    main(app)
