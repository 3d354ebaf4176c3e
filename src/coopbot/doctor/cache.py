"""Checks the vector caches beside an index: whether the current model's is intact, and how much space the others take."""

from __future__ import annotations

from pathlib import Path

from coopbot.doctor.check import Check, bytes_of, check_only, size
from coopbot.errors import Misconfigured
from coopbot.index.cache import DAMAGED_ENDING, inspect

# The corpus catalogue, not a vector cache.
_CATALOGUE = "corpus.sqlite"


def look_at_cache(folder: Path, fingerprint: str | None, writes: str | None) -> list[Check]:
    """All cache checks. `writes` names the process writing the index, if any: a cache in use cannot be checked."""
    own = folder / f"{fingerprint}.sqlite"
    checks = [check_only("cache", lambda: _own(own, fingerprint, writes))]
    others = [path for path in sorted(folder.glob("*.sqlite")) if path not in (own, folder / _CATALOGUE)]
    if fingerprint and others:
        detail = f"{size(bytes_of(others))} of other models; unless you go back to them, delete {', '.join(map(str, others))}"
        checks.append(Check(name="other caches", ok=True, detail=detail))
    if aside := sorted(folder.glob(f"*{DAMAGED_ENDING}")):
        detail = f"{size(bytes_of(aside))} of a damaged cache that was set aside; delete {', '.join(map(str, aside))}"
        checks.append(Check(name="damaged cache", ok=True, detail=detail))
    return checks


def _own(path: Path, fingerprint: str | None, writes: str | None) -> str:
    if fingerprint is None:
        return "not checked: no model is ready"
    if not path.exists():
        return "none yet: the next build embeds everything"
    taken = size(bytes_of([path]))
    log = path.with_name(f"{path.name}-wal")
    if writes or (log.exists() and log.stat().st_size):
        return f"{taken}, not checked: a build is running or was interrupted; the next one continues it"
    sound, damaged = inspect(path)
    if damaged:
        raise Misconfigured(f"{path} is damaged ({damaged}); delete it, or run coopbot index: it embeds its passages again")
    return f"{sound} passages, {taken}"
