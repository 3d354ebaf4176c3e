"""`python -m benchmarks`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.__main__ import app
from benchmarks.figure import Figure
from coopbot.settings import Settings


def test_the_figures_of_each_part_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_growth(settings: Settings, chart: Path | None, on_step: Callable[[str], None]) -> list[Figure]:
        on_step("growing")
        return [Figure(name=f"growth, drawn into {chart}", value=2.0, unit="ms")]

    def run_telegram(settings: Settings, kills: int, on_step: Callable[[str], None]) -> list[Figure]:
        return [Figure(name="kills", value=kills, unit="", goal="7")]

    monkeypatch.setattr("benchmarks.speed.growth.run_growth", run_growth)
    monkeypatch.setattr("benchmarks.telegram.run.run_telegram", run_telegram)
    parts = ["--part", "growth", "--chart", "a.png", "--part", "telegram", "--kills", "7"]
    printed = CliRunner().invoke(app, parts, catch_exceptions=False)
    assert "growth, drawn into a.png: 2 ms\nkills: 7   (goal: 7)\n" in printed.stdout
    as_json = CliRunner().invoke(app, [*parts, "--json"], catch_exceptions=False)
    assert json.loads(as_json.stdout)[1] == {"name": "kills", "value": 7, "unit": "", "goal": "7"}
