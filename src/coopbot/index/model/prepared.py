"""Folders that are created once per machine, completely or not at all, by one process at a time."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from coopbot.errors import Misconfigured

Fill = Callable[[Path], None]
"""Fills an empty folder."""

CARD_FILE = "card.json"


def is_created(folder: Path, marker: str = CARD_FILE) -> bool:
    """Whether a folder exists and is complete."""
    return (folder / marker).is_file()


def created_once(folder: Path, fill: Fill, *, force: bool = False, marker: str = CARD_FILE) -> Path:
    """The folder, created if it is missing or `force` is set. On an error, Misconfigured or one of `fill`, nothing changes."""
    if is_created(folder, marker) and not force:
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock")):
            if force or not is_created(folder, marker):
                _create(folder, fill)
    except (PermissionError, FileExistsError, NotADirectoryError) as exc:
        cache_dir = folder.parent.parent
        raise Misconfigured(f"the cache folder {cache_dir} cannot be written; set COOPBOT_CACHE_DIR to one that can") from exc
    return folder


def _create(folder: Path, fill: Fill) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as fresh:
        out = Path(fresh) / "model"
        out.mkdir()
        fill(out)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(out, folder)
