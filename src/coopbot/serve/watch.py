"""Notices new articles by itself: changes in the corpus folder, and feeds read on schedule."""

from __future__ import annotations

import errno
import os
import re
import stat
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog
import watchfiles

from coopbot.errors import Busy, CoopbotError
from coopbot.serve.redact import public_address, without_secrets

# What editors, browsers and copying programs write on the way to a file.
_TEMPORARY = re.compile(r"~$|^~|^#.*#$|\.(?:tmp|temp|part|partial|crdownload|download|sw[a-z])$", re.IGNORECASE)

_LOOK_S = 1.0

log = structlog.get_logger()


def watch(
    corpus_dir: Path,
    changed: Callable[[], object],
    stop: threading.Event,
    *,
    settle_ms: int = 200,
    at_most_ms: int = 2000,
    look_s: float = _LOOK_S,
) -> None:
    """Call `changed` whenever articles were written or deleted, and once at the beginning, until `stop` is set.

    Changes count as one until `settle_ms` pass without another, or `at_most_ms` in all. `changed` may raise Busy, and is called
    again after `look_s`; its other errors are logged. A folder that is not there is logged and looked for every `look_s`.
    """
    told = ""
    while not stop.is_set():
        try:
            _follow(corpus_dir, changed, stop, settle_ms=settle_ms, at_most_ms=at_most_ms, look_s=look_s)
            told = ""
        except OSError as exc:
            reason = exc.strerror or str(exc)
            if reason != told:
                remedy = "mend or create the folder; watching goes on by itself"
                log.error("corpus_not_watched", folder=str(corpus_dir), reason=reason, remedy=remedy)
            told = reason
            stop.wait(look_s)


def _follow(
    corpus_dir: Path, changed: Callable[[], object], stop: threading.Event, *, settle_ms: int, at_most_ms: int, look_s: float
) -> None:
    """Watch one folder until it is another's place. Raises OSError if it is none or cannot be watched."""
    folder = _identity(corpus_dir)
    root = corpus_dir.resolve()
    due = True  # what came before the watch began counts as a change
    for changes in watchfiles.watch(
        root,
        watch_filter=lambda _, path: is_article_path(os.path.relpath(path, root)),
        stop_event=stop,
        step=settle_ms,
        debounce=at_most_ms,
        rust_timeout=int(look_s * 1000),
        yield_on_timeout=True,
        raise_interrupt=False,
    ):
        # A folder made anew may get the old one's number; that the old one went is a change of its own.
        if _identity(corpus_dir) != folder or any(path == str(root) for _, path in changes):
            return
        if due or changes:
            due = not _tell(changed)


def is_article_path(path: str) -> bool:
    """Whether a path relative to the corpus folder is neither hidden nor temporary, nor within a folder that is."""
    parts = Path(path).parts
    return not any(part.startswith(".") or _TEMPORARY.search(part) for part in parts)


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    return status.st_dev, status.st_ino


def _tell(changed: Callable[[], object]) -> bool:
    """Whether it need not be told again."""
    try:
        changed()
    except Busy:
        return False
    except CoopbotError as exc:
        log.error("change_not_taken", error=type(exc).__name__, reason=without_secrets(str(exc)))
    return True


def poll(
    feeds: Sequence[str],
    visit: Callable[[str], object],
    stop: threading.Event,
    *,
    every_s: float,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Call `visit` for each feed at once and then every `every_s` until `stop` is set; a feed that fails is logged.

    Rounds begin at whole multiples of `every_s` after the first; one that is still under way at the next is not hurried after.
    """
    due = clock()
    while not stop.is_set():
        for feed in feeds:
            if not stop.is_set():
                _visit(feed, visit)
        due += every_s * ((clock() - due) // every_s + 1)
        stop.wait(due - clock())


def _visit(feed: str, visit: Callable[[str], object]) -> None:
    try:
        visit(feed)
    except CoopbotError as exc:
        reason = without_secrets(str(exc))
        log.warning("feed_failed", feed=public_address(feed), error=type(exc).__name__, reason=reason)
    except Exception as exc:  # the edge of the thread: a fault of ours in one feed must not end the others
        log.error("feed_crashed", feed=public_address(feed), error=type(exc).__name__)
