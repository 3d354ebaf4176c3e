"""The result of one check."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR
from typing import TypeVar

from coopbot.errors import CoopbotError

T = TypeVar("T")

_UNITS = ("bytes", "kB", "MB", "GB")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """If not `ok`, `detail` ends with how to fix it."""

    name: str
    ok: bool
    detail: str


def check(name: str, look: Callable[[], tuple[str, T]]) -> tuple[Check, T | None]:
    """Run `look`: its detail, and its result for later checks. An error fails the check, with None as result."""
    try:
        detail, found = look()
    except (CoopbotError, OSError) as exc:
        return Check(name=name, ok=False, detail=str(exc)), None
    return Check(name=name, ok=True, detail=detail), found


def check_only(name: str, look: Callable[[], str]) -> Check:
    """The same for a look without a result for later checks."""
    return check(name, lambda: (look(), None))[0]


def size(count: float) -> str:
    """A number of bytes in a readable unit."""
    for unit in _UNITS[:-1]:
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} {_UNITS[-1]}"


def bytes_of(paths: Iterable[Path]) -> int:
    """Total size of files and of all files under folders. Those deleted meanwhile count as 0."""
    total = 0
    for file in (file for path in paths for file in ([path] if path.is_file() else path.rglob("*"))):
        with suppress(OSError):
            found = file.lstat()
            # The size of a folder itself depends on the file system.
            total += 0 if S_ISDIR(found.st_mode) else found.st_size
    return total
