"""One thing that was looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR
from typing import TypeVar

from coopbot.errors import CoopbotError

T = TypeVar("T")

_UNITS = ("bytes", "kB", "MB", "GB")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """If it is not `ok`, `detail` ends with what mends it."""

    name: str
    ok: bool
    detail: str


def check(name: str, look: Callable[[], tuple[str, T]]) -> tuple[Check, T | None]:
    """What a look tells, and what it found for later checks; an error is what is wrong, and finds nothing."""
    try:
        detail, found = look()
    except (CoopbotError, OSError) as exc:
        return Check(name=name, ok=False, detail=str(exc)), None
    return Check(name=name, ok=True, detail=detail), found


def check_only(name: str, look: Callable[[], str]) -> Check:
    """The same for a look that finds nothing for others."""
    return check(name, lambda: (look(), None))[0]


def size(count: float) -> str:
    """Bytes as people read them."""
    for unit in _UNITS[:-1]:
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} {_UNITS[-1]}"


def bytes_of(paths: Iterable[Path]) -> int:
    """Of files, and of all files under folders. What goes away meanwhile counts nothing."""
    return sum(_bytes(file) for path in paths for file in ([path] if path.is_file() else path.rglob("*")))


def _bytes(path: Path) -> int:
    try:
        found = path.lstat()
    except OSError:
        return 0
    # What a folder itself takes differs by file system.
    return 0 if S_ISDIR(found.st_mode) else found.st_size
