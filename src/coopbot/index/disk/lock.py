"""The writer lock of an index folder, and who holds it."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from coopbot.errors import Busy, Misconfigured
from coopbot.index.disk.folder import clear_leftovers

_LOCK = ".lock"
_WRITER = ".writer"


@contextmanager
def write_lock(index_dir: Path, now_s: Callable[[], float] = time.time) -> Iterator[None]:
    """Hold the writer lock of this index. Raises Busy (naming the writer), Misconfigured (folder not writable).

    The operating system releases the lock when its process dies, so it cannot go stale.
    """
    try:
        index_dir.mkdir(parents=True, exist_ok=True)
        lock = FileLock(index_dir / _LOCK, timeout=0)
        lock.acquire()
    except Timeout as exc:
        raise Busy(
            f"{_writer(index_dir, now_s())} is writing the index in {index_dir}; try again when it has finished"
        ) from exc
    except OSError as exc:
        raise Misconfigured(
            f"the index folder {index_dir} cannot be written; fix its permissions or set COOPBOT_INDEX_DIR"
        ) from exc
    try:
        clear_leftovers(index_dir)
        owner = {"process": os.getpid(), "host": socket.gethostname(), "since_s": now_s()}
        # For messages only: a full disk must not stop a writer that may free space.
        with suppress(OSError):
            (index_dir / _WRITER).write_text(json.dumps(owner), encoding="utf-8")
        yield
    finally:
        with suppress(OSError):
            (index_dir / _WRITER).unlink(missing_ok=True)
        lock.release()


def writer(index_dir: Path, now_s: float) -> str | None:
    """The process that is writing, and for how long, if known; None if none is. Changes nothing."""
    if not (index_dir / _LOCK).is_file():
        return None
    try:
        FileLock(index_dir / _LOCK, timeout=0).acquire().lock.release()
    except Timeout:
        return _writer(index_dir, now_s)
    except OSError:  # without write permission there is no lock to take either
        return None
    return None


def _writer(index_dir: Path, now_s: float) -> str:
    """A description of the lock's holder, for messages."""
    try:
        owner = json.loads((index_dir / _WRITER).read_text(encoding="utf-8"))
        age_s = max(0, round(now_s - float(owner["since_s"])))
        return f"another process ({int(owner['process'])} on {owner['host']}, for {age_s} s)"
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return "another process"
