"""The command line within the test's own process: what `coopbot ...` would print and exit with, without starting one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, Protocol

import pytest

from coopbot import wiring
from coopbot.cli import main
from coopbot.index.model.encoder import Encoder
from coopbot.index.model.prepare import ModelSource, load_embedder
from coopbot.index.model.reader_model import ReadingModel, load_reader


class Invoke(Protocol):
    """Runs a command with these arguments, and these variables besides those of the test."""

    def __call__(self, *arguments: str, **environ: str) -> CompletedProcess[str]: ...


def share_model(
    monkeypatch: pytest.MonkeyPatch,
    cache_dir: Path,
    embedder: Callable[[], Encoder],
    reader: Callable[[], ReadingModel] | None = None,
) -> None:
    """Commands get the models that the tests have loaded, where they would load the same."""

    # `Any`: passed on as it is.
    def shared(source: ModelSource, folder: Path, **options: Any) -> Encoder:
        same = (source, folder) == (ModelSource.of(None), cache_dir)
        return embedder() if same else load_embedder(source, folder, **options)

    def shared_reader(folder: Path, **options: Any) -> ReadingModel:
        return reader() if reader and folder == cache_dir else load_reader(folder, **options)

    monkeypatch.setattr(wiring, "load_embedder", shared)
    monkeypatch.setattr(wiring, "load_reader", shared_reader)


def invoke_in(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Invoke:
    """Runs commands in this folder."""

    def invoke(*arguments: str, **environ: str) -> CompletedProcess[str]:
        with monkeypatch.context() as now:
            now.chdir(place)
            now.setattr(sys, "argv", ["coopbot", *arguments])
            for name, value in environ.items():
                now.setenv(name, value)
            capsys.readouterr()
            with pytest.raises(SystemExit) as exit_:
                main()
        printed = capsys.readouterr()
        code = exit_.value.code
        assert isinstance(code, int)
        return CompletedProcess(["coopbot", *arguments], code, printed.out, printed.err)

    return invoke
