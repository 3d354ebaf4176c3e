"""Folders that are made once a machine, whole or not at all, one process at a time."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from coopbot.errors import Misconfigured

Fill = Callable[[Path], None]
"""Writes what belongs into an empty folder."""

CARD_FILE = "card.json"


def is_made(folder: Path, marker: str = CARD_FILE) -> bool:
    """Whether a folder is there and whole."""
    return (folder / marker).is_file()


def made_once(folder: Path, fill: Fill, *, force: bool = False, marker: str = CARD_FILE) -> Path:
    """The folder, made if it is missing or `force` is set. Raises Misconfigured, and what `fill` does; then nothing changed."""
    if is_made(folder, marker) and not force:
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock")):
            if force or not is_made(folder, marker):
                _make(folder, fill)
    except (PermissionError, FileExistsError, NotADirectoryError) as exc:
        cache_dir = folder.parent.parent
        raise Misconfigured(f"the cache folder {cache_dir} cannot be written; set COOPBOT_CACHE_DIR to one that can") from exc
    return folder


def _make(folder: Path, fill: Fill) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as fresh:
        out = Path(fresh) / "model"
        out.mkdir()
        fill(out)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(out, folder)
