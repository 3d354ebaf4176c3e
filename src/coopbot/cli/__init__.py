"""The `coopbot` command. Each subcommand imports what it needs, so that `ask` starts fast and `--help` at once."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from coopbot.cli import asking, checking, keeping, serving
from coopbot.cli.console import say, warn
from coopbot.errors import CoopbotError, InvalidRequest


def _print_version(wanted: bool) -> None:
    if wanted:
        say(f"coopbot {version('coopbot')}")
        raise typer.Exit


app = typer.Typer(
    help="Cited answers about Sino-Russian regional cooperation.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


_Version = Annotated[bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version.")]


@app.callback()
def _root(show_version: _Version = False) -> None:
    """Cited answers about Sino-Russian regional cooperation."""


for command in (
    asking.ask,
    asking.search,
    keeping.index,
    keeping.add,
    keeping.remove,
    keeping.watch,
    keeping.snapshots,
    keeping.rollback,
    keeping.backup,
    keeping.restore,
    serving.serve,
    serving.mcp,
    serving.telegram,
    checking.prepare,
    checking.doctor,
    checking.feedback,
):
    app.command()(command)


def main(commands: typer.Typer = app) -> None:
    """Run a command line. A CoopbotError prints one line and exits with 2 if the request is at fault, else 1."""
    # NumPy's threads cost more than they gain on our small matrices. Must be set before NumPy is imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        commands()
    except CoopbotError as exc:
        warn(f"coopbot: {exc}")
        sys.exit(2 if isinstance(exc, InvalidRequest) else 1)
    except ModuleNotFoundError as exc:
        if exc.name is None or exc.name.partition(".")[0] == "coopbot":  # a bug of ours
            raise
        warn(f"coopbot: the library {exc.name} is not installed; run: pip install coopbot")
        sys.exit(1)
