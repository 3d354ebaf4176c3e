"""Output for all commands: results on stdout, errors and progress on stderr."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from coopbot.domain import Span
from coopbot.escaping import escaped_text

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]

# How often the latest line is repeated where there is no terminal.
_AGAIN_S = 5.0

_out = Console(highlight=False, soft_wrap=True, emoji=False)
_err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def say(text: str) -> None:
    """Print a result; control characters are escaped."""
    _out.print(escaped_text(text), markup=False)


def say_marked(text: str, bold: Span | None) -> None:
    """The text with one span in bold on a terminal."""
    if bold is None:
        say(text)
        return
    parts = (text[: bold.start_char], ""), (bold.of(text), "bold"), (text[bold.end_char :], "")
    _out.print(Text.assemble(*((escaped_text(part), style) for part, style in parts)))


def say_json(value: object) -> None:
    """Print a result as JSON."""
    say(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def say_either(as_json: bool, value: object, text: str) -> None:
    """Print a result as JSON, or else as text."""
    if as_json:
        say_json(value)
    else:
        say(text)


def warn(text: str) -> None:
    """Print an error or warning on stderr."""
    _err.print(escaped_text(text), markup=False)


@contextmanager
def steps() -> Iterator[Callable[[str], None]]:
    """Show the current step on stderr: a spinner and the time on a terminal, else lines, repeated while a step goes on."""
    if not _err.is_terminal:
        with _repeated() as show:
            yield show
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=_err, transient=True) as progress:
        task = progress.add_task("", total=None, visible=False)
        yield lambda step: progress.update(task, description=step, visible=True)


@contextmanager
def bar(description: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr, or a line every few seconds if that is no terminal."""
    if not _err.is_terminal:
        with _repeated(at_once=False) as show:
            yield lambda done, total: show(f"{description}: {done} of {total}") if total else None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_err, transient=True) as progress:
        task = progress.add_task(description, total=None, visible=False)
        yield lambda done, total: progress.update(task, completed=done, total=total, visible=total > 0)


@contextmanager
def _repeated(*, at_once: bool = True) -> Iterator[Callable[[str], None]]:
    """Shows texts on stderr: the latest one, with the time, every few seconds; and, if `at_once`, each new one."""
    begun_s, ended = time.monotonic(), threading.Event()
    latest: list[str] = []

    def show(text: str) -> None:
        if at_once and latest[:1] != [text]:
            _err.print(f"{text} ...", markup=False)
        latest[:] = [text]

    def repeat() -> None:
        while not ended.wait(_AGAIN_S):
            if latest:
                _err.print(f"{latest[0]} ... {time.monotonic() - begun_s:.0f} s", markup=False)

    thread = threading.Thread(target=repeat, name="coopbot-progress", daemon=True)
    thread.start()
    try:
        yield show
    finally:
        ended.set()
        thread.join()
