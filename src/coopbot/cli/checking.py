"""Commands about coopbot itself: prepare its models, check the installation."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from coopbot.cli.console import AsJson, say_either, steps
from coopbot.settings import load_settings


def prepare(force: Annotated[bool, typer.Option("--force", help="Prepare again.")] = False, as_json: AsJson = False) -> None:
    """Prepare the embedding model and the reader: once per machine; also done on first use."""
    from coopbot.index.model.prepare import ModelSource
    from coopbot.index.model.prepare import prepare as prepare_model
    from coopbot.index.model.reader_model import prepare_reader
    from coopbot.wiring import READER_OFF

    settings = load_settings()
    with steps() as on_step:
        model = _card(prepare_model(ModelSource.of(settings.model), settings.cache_dir, force=force, on_step=on_step))
        reader = None
        if settings.reader != READER_OFF:
            reader = _card(prepare_reader(settings.cache_dir, force=force, on_step=on_step))
    off = "the reader is off; unset COOPBOT_READER to have it check passages before they are quoted"
    lines = [_card_line(model), _card_line(reader) if reader else off]
    say_either(as_json, {**model, "reader": reader}, "\n".join(lines))


def _card(folder: Path) -> dict[str, object]:
    """A prepared model's card and folder."""
    return {**json.loads((folder / "card.json").read_text(encoding="utf-8")), "folder": str(folder)}


def _card_line(card: dict[str, object]) -> str:
    return (
        f"{card['name']} is ready: {card['engine']}, {card['precision']}, "
        f"cosine to the float model {card['fidelity']:.4f}; in {card['folder']}"
    )


def doctor(as_json: AsJson = False) -> None:
    """Check settings, model, corpus and index, and say how to fix what is wrong."""
    from coopbot.doctor import examine

    checks = examine()
    lines = [f"{'ok ' if check.ok else 'BAD'}  {check.name}: {check.detail}" for check in checks]
    say_either(as_json, [asdict(check) for check in checks], "\n".join(lines))
    if not all(check.ok for check in checks):
        raise typer.Exit(1)
