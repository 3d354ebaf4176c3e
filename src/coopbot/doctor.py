"""Looks at settings, model, corpus and index the way a start would, and says of each what mends it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from coopbot.errors import CoopbotError, Unreadable
from coopbot.index.prepare import ModelSource, is_prepared
from coopbot.index.snapshot import open_current, open_snapshot, snapshot_ids
from coopbot.settings import Settings, load_settings
from coopbot.wiring import open_corpus, open_embedder


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at; if it is not `ok`, `detail` ends with what mends it."""

    name: str
    ok: bool
    detail: str


def examine() -> list[Check]:
    """All checks, in the order a start depends on them. Nothing is changed or prepared."""
    try:
        settings = load_settings()
    except CoopbotError as exc:
        return [Check(name="settings", ok=False, detail=str(exc))]
    checks = [Check(name="settings", ok=True, detail="no unknown or unusable COOPBOT_ variable")]
    for name, look in (("model", _model), ("corpus", _corpus), ("index folder", _index_folder), ("index", _index)):
        checks.append(_check(name, partial(look, settings)))
    return checks + [_snapshot_check(settings, snapshot_id) for snapshot_id in snapshot_ids(settings.index_dir)]


def _check(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name=name, ok=True, detail=look())
    except (CoopbotError, OSError) as exc:
        return Check(name=name, ok=False, detail=str(exc))


def _model(settings: Settings) -> str:
    source = ModelSource.of(settings.model)
    if not is_prepared(source, settings.cache_dir):
        return f"{source.name} is not prepared yet; the first use does it, or: coopbot prepare"
    card = open_embedder(settings).card
    return f"{card.name}, {card.precision}, cosine to the float model {card.fidelity:.4f}"


def _corpus(settings: Settings) -> str:
    if not settings.corpus_dir.is_dir():
        raise Unreadable(str(settings.corpus_dir), "there is no such folder; set COOPBOT_CORPUS_DIR or make it")
    found = list(open_corpus(settings))
    unreadable = [item for item in found if isinstance(item, Unreadable)]
    if unreadable:
        names = "; ".join(map(str, unreadable[:5]))
        raise Unreadable(f"{len(unreadable)} of {len(found)} files", f"{names}; mend or remove them")
    return f"{len(found)} articles in {settings.corpus_dir}"


def _index_folder(settings: Settings) -> str:
    folder = next(path for path in (settings.index_dir, *settings.index_dir.absolute().parents) if path.exists())
    if not os.access(folder, os.W_OK):
        raise Unreadable(str(folder), "cannot be written; mend its permissions or set COOPBOT_INDEX_DIR")
    return f"{settings.index_dir} can be written"


def _index(settings: Settings) -> str:
    source = ModelSource.of(settings.model)
    if not is_prepared(source, settings.cache_dir):
        return "not looked at before the model is prepared"
    snapshot = open_current(settings.index_dir, open_embedder(settings).fingerprint)
    if snapshot.fault:
        raise Unreadable("the newest snapshot", f"{snapshot.fault} ({snapshot.snapshot_id} serves in its place)")
    return f"{snapshot.snapshot_id}: {snapshot.manifest.articles} articles, built {snapshot.manifest.built_at}"


def _snapshot_check(settings: Settings, snapshot_id: str) -> Check:
    folder: Path = settings.index_dir / "snapshots" / snapshot_id

    def look() -> str:
        open_snapshot(folder).passages.close()
        return "complete, all checksums hold"

    return _check(f"snapshot {snapshot_id}", look)
