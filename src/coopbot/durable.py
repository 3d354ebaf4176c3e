"""Writes and deletes files so that a crash or a power cut leaves the old state or the new one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from coopbot.errors import Misconfigured


def write_atomically(path: Path, data: bytes) -> None:
    """Writes the whole file or nothing, crashes included: to a hidden file beside it, synced, then renamed."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
        sync(path.parent)
    except OSError as error:
        raise Misconfigured(f"cannot write {path}: {error.strerror}; check the folder and its free space") from error


def delete(path: Path) -> None:
    """Deletes a file durably."""
    try:
        path.unlink()
        sync(path.parent)
    except OSError as error:
        raise Misconfigured(f"cannot delete {path}: {error.strerror}; check its permissions") from error


def sync(path: Path) -> None:
    """Flush a file, or the names in a folder, to disk."""
    if os.name == "nt" and path.is_dir():  # Windows cannot sync folders
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
