"""Lists the files of a corpus folder and detects changes."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from coopbot.errors import Misconfigured

# Some file systems have a time resolution of two seconds: a newer file may change again without a new timestamp.
_RECENT_NS = 2_000_000_000
_NOT_FILES = (
    (stat.S_ISDIR, "a link to a folder, which is not followed; put the files themselves there"),
    (stat.S_ISFIFO, "a pipe, not a file; remove it"),
    (stat.S_ISSOCK, "a socket, not a file; remove it"),
    (stat.S_ISCHR, "a device, not a file; remove it"),
    (stat.S_ISBLK, "a device, not a file; remove it"),
)


def list_files(root: Path, now_ns: int) -> dict[str, str]:
    """The stamp of every file under `root` that may be an article, in order of id, by name: the path under the root, with "/".

    The same stamp means the same content; "" matches nothing, not even another "". Raises Misconfigured if a folder cannot be
    listed.
    """
    return dict(sorted(_walk(str(root), "", now_ns), key=lambda file: os.path.splitext(file[0])))


def is_aside(name: str) -> bool:
    """Whether the file is hidden or a README, and so not an article."""
    return name.startswith(".") or name.lower() in ("readme", "readme.md")


def refusal(path: Path, root: Path) -> str:
    """Why a path under `root` is not read, whatever its content; empty for a file, or a link to one within `root`.

    Opens nothing: opening a pipe blocks, and opening a device may have side effects.
    """
    name = path.relative_to(root).as_posix()
    try:
        name.encode()
    except UnicodeEncodeError:
        return "the file name is not UTF-8; rename it"
    if not name.isprintable() or "\\" in name:
        return "the file name has a character that no id may have, such as a control character; rename it"
    try:
        mode = path.stat().st_mode
        outside = not path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError) as error:  # RuntimeError: older Pythons, for a link to itself
        is_link = path.is_symlink()
        if isinstance(error, RuntimeError) or error.errno == errno.ELOOP:
            return "the link leads in a circle; remove it"
        if isinstance(error, FileNotFoundError):
            return "the link leads nowhere; remove it" if is_link else "not there any more"
        return ""  # opening it will give the reason
    if outside:
        return "the link leads out of the folder; put the file itself there"
    return next((reason for is_kind, reason in _NOT_FILES if is_kind(mode)), "")


def content_digest(path: Path, largest_bytes: int) -> bytes:
    """SHA-256 of the bytes; empty for a file that is larger or cannot be read."""
    try:
        if not path.is_file() or path.stat().st_size > largest_bytes:
            return b""
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError:
        return b""


def _walk(folder: str, prefix: str, now_ns: int) -> Iterator[tuple[str, str]]:
    """Name and stamp of all that is neither hidden nor a folder. A link counts as a file, so that `refusal` is reported."""
    try:
        with os.scandir(folder) as listing:
            entries = list(listing)
    except FileNotFoundError:  # deleted since its own folder was listed
        return
    except OSError as error:
        raise Misconfigured(f"cannot list {folder}: {error.strerror}; check its permissions") from error
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if not entry.name.startswith("."):
                yield from _walk(entry.path, f"{prefix}{entry.name}/", now_ns)
        elif not is_aside(entry.name):
            stamp = ""
            with suppress(OSError):  # gone, or a broken link: reading it will report that
                state = entry.stat()
                # ctime, unlike mtime, cannot be set by programs. Both may be in the future if the clock was set back.
                if max(state.st_mtime_ns, state.st_ctime_ns) <= now_ns - _RECENT_NS:
                    stamp = f"{state.st_size} {state.st_mtime_ns} {state.st_ctime_ns} {state.st_ino}"
            yield f"{prefix}{entry.name}", stamp
