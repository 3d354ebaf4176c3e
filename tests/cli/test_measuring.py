"""`coopbot bench` and `coopbot eval --xquad`, which need what stands beside src/ in a clone of the repository."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.figure import Figure
from coopbot.cli import app, measuring
from coopbot.errors import Misconfigured
from coopbot.settings import Settings

ROOT = Path(__file__).parents[2]


def test_bench_prints_the_figures_of_each_part(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def run_growth(settings: Settings, chart: Path | None, on_step: Callable[[str], None]) -> list[Figure]:
        on_step("growing")
        return [Figure(name=f"growth, drawn into {chart}", value=2.0, unit="ms")]

    def run_telegram(settings: Settings, kills: int, on_step: Callable[[str], None]) -> list[Figure]:
        return [Figure(name="kills", value=kills, unit="", goal="7")]

    monkeypatch.setattr("benchmarks.speed.growth.run_growth", run_growth)
    monkeypatch.setattr("benchmarks.telegram.run.run_telegram", run_telegram)
    parts = ["bench", "--part", "growth", "--chart", "a.png", "--part", "telegram", "--kills", "7"]
    printed = CliRunner().invoke(app, parts, catch_exceptions=False)
    assert "growth, drawn into a.png: 2 ms\nkills: 7   (goal: 7)\n" in printed.stdout
    as_json = CliRunner().invoke(app, [*parts, "--json"], catch_exceptions=False)
    assert json.loads(as_json.stdout)[1] == {"name": "kills", "value": 7, "unit": "", "goal": "7"}


@pytest.mark.parametrize("command", [["bench"], ["eval", "--xquad", "xquad-r"]])
def test_the_installed_package_says_what_to_do(command: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(measuring, "_ROOT", tmp_path)
    with pytest.raises(Misconfigured, match=r"clone coopbot's repository, and run in the clone: pip install -e \."):
        CliRunner().invoke(app, command, catch_exceptions=False)


@pytest.mark.process
def test_benchmarks_are_found_from_any_folder(tmp_path: Path) -> None:
    code = "from coopbot.cli import measuring; measuring._find_benchmarks(); import benchmarks; print(benchmarks.__file__)"
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert Path(run.stdout.strip()) == ROOT / "benchmarks" / "__init__.py"
