"""Commands about coopbot itself: prepare its models, check the installation, show what users say."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coopbot.cli.console import AsJson, say_either, steps
from coopbot.errors import InvalidRequest
from coopbot.settings import load_settings

if TYPE_CHECKING:
    from coopbot.serve.feedback import StoredFeedback


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


def feedback(
    verdict: Annotated[str, typer.Option("--verdict", help="Only good, bad or wrong_language.")] = "",
    days: Annotated[int | None, typer.Option("--days", min=1, max=36_500, help="Only of the latest days.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="The most to print.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show what users said about answers, newest first."""
    from coopbot.serve.feedback import VERDICTS, FeedbackBox
    from coopbot.wiring import open_state

    if verdict not in ("", *VERDICTS):
        raise InvalidRequest("verdict", f"not one of {', '.join(VERDICTS)}; choose one of them")
    box = FeedbackBox(open_state(load_settings()))
    since_s = (datetime.now(UTC) - timedelta(days=days)).timestamp() if days else 0.0
    counts = box.counts(since_s)
    found = box.latest(limit, verdicts=[one for one in VERDICTS if verdict in ("", one)], since_s=since_s)
    listed = [{"feedback_id": one.feedback_id, "at": _minute(one), **asdict(one.feedback)} for one in found]
    summary = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())
    lines = [summary]
    for one in found:
        sent = one.feedback
        about = filter(None, (sent.channel, sent.language, (sent.outcome or "").replace("_", " "), sent.snapshot))
        parts = {  # what was not sent has no line
            "question": sent.question,
            "searched as": "" if sent.searched_as == sent.question else sent.searched_as,
            "filters": ", ".join(f"{name}: {value}" for name, value in asdict(sent.filters).items() if value),
            "articles": ", ".join(sent.articles),
            "says": " ".join(sent.comment.split()),
        }
        lines += ["", f"{_minute(one)}  {sent.verdict.replace('_', ' ')}  ({', '.join(about)})"]
        lines += [f"  {name}: {text}" for name, text in parts.items() if text]
    say_either(as_json, {"counts": counts, "feedback": listed}, "\n".join(lines))


def _minute(stored: StoredFeedback) -> str:
    return datetime.fromtimestamp(stored.at_s, UTC).isoformat(timespec="minutes")
