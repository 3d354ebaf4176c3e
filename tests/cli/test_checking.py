"""`coopbot prepare`: both models, or only one where the reader is off."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coopbot.cli import app
from coopbot.index.model.prepare import ModelSource

Prepared = list[tuple[str, str | None, bool]]


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Prepared:
    """What was prepared, and whether anew; preparing itself takes minutes and has tests of its own."""
    done: Prepared = []

    def preparing(kind: str) -> Callable[..., Path]:
        def prepare(
            source: ModelSource | Path, cache_dir: Path | None = None, *, force: bool = False, on_step: Callable[[str], None]
        ) -> Path:
            name = source.name if isinstance(source, ModelSource) else "coopbot-reader"
            on_step(f"preparing the {kind}")
            done.append((kind, name, force))
            folder = tmp_path / kind
            folder.mkdir(exist_ok=True)
            card = {"name": str(name), "engine": "openvino", "precision": "int8", "fidelity": 0.99}
            (folder / "card.json").write_text(json.dumps(card))
            return folder

        return prepare

    monkeypatch.setattr("coopbot.index.model.prepare.prepare", preparing("model"))
    monkeypatch.setattr("coopbot.index.model.reader_model.prepare_reader", preparing("reader"))
    monkeypatch.setenv("COOPBOT_MODEL", "some/model")
    return done


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["prepare", *arguments], catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def test_both_are_prepared_and_named(prepared: Prepared, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lines = [line for line in run().splitlines() if " is ready: " in line]
    assert prepared == [("model", "some/model", False), ("reader", "coopbot-reader", False)]
    assert [line.split(" ")[0] for line in lines] == ["some/model", "coopbot-reader"]
    assert lines[1].endswith(f"openvino, int8, cosine to the float model 0.9900; in {tmp_path / 'reader'}")


def test_force_prepares_both_anew(prepared: Prepared) -> None:
    run("--force")
    assert prepared == [("model", "some/model", True), ("reader", "coopbot-reader", True)]


def test_json_has_both_cards(prepared: Prepared, tmp_path: Path) -> None:
    cards = json.loads(run("--json"))
    assert (cards["name"], cards["folder"]) == ("some/model", str(tmp_path / "model"))
    assert (cards["reader"]["precision"], cards["reader"]["folder"]) == ("int8", str(tmp_path / "reader"))


def test_a_reader_that_is_off_is_not_prepared(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COOPBOT_READER", "off")
    assert "the reader is off; unset COOPBOT_READER" in run()
    assert json.loads(run("--json"))["reader"] is None
    assert {kind for kind, _, _ in prepared} == {"model"}
