"""The vector caches beside an index: whether that of the model in use is sound, and how much room the others take."""

from __future__ import annotations

from pathlib import Path

from coopbot.doctor.check import Check, bytes_of, check_only, size
from coopbot.errors import Misconfigured
from coopbot.index.cache import DAMAGED_ENDING, inspect

# Of the corpus, not of a model.
_CATALOGUE = "corpus.sqlite"


def look_at_cache(folder: Path, fingerprint: str | None, writes: str | None) -> list[Check]:
    """`writes` says who is writing the index now: a cache that changes meanwhile cannot be judged."""
    own = folder / f"{fingerprint}.sqlite"
    checks = [check_only("cache", lambda: _own(own, fingerprint, writes))]
    others = [path for path in sorted(folder.glob("*.sqlite")) if path not in (own, folder / _CATALOGUE)]
    if fingerprint and others:
        told = f"{size(bytes_of(others))} of other models; unless you go back to them, delete {', '.join(map(str, others))}"
        checks.append(Check(name="other caches", ok=True, detail=told))
    if aside := sorted(folder.glob(f"*{DAMAGED_ENDING}")):
        told = f"{size(bytes_of(aside))} of a damaged cache that was set aside; delete {', '.join(map(str, aside))}"
        checks.append(Check(name="damaged cache", ok=True, detail=told))
    return checks


def _own(path: Path, fingerprint: str | None, writes: str | None) -> str:
    if fingerprint is None:
        return "not looked at: no model is ready"
    if not path.exists():
        return "there is none yet: the next build embeds all that it needs"
    taken = size(bytes_of([path]))
    log = path.with_name(f"{path.name}-wal")
    if writes or (log.exists() and log.stat().st_size):
        return f"{taken}, not looked into: a build is running or was interrupted; the next one goes on with it"
    sound, damaged = inspect(path)
    if damaged:
        raise Misconfigured(
            f"{path} is damaged ({damaged}); the next coopbot index embeds again what was in it, or delete it before"
        )
    return f"{sound} passages, {taken}"
