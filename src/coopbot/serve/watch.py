"""Finds new articles: watches the corpus folder for changes, and reads feeds on schedule."""

from __future__ import annotations

import errno
import os
import re
import stat
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import structlog
import watchfiles

from coopbot.errors import Busy, CoopbotError
from coopbot.serve.changes import Changes
from coopbot.serve.logs import public_address, without_secrets

# Temporary files of editors, browsers and copying programs.
_TEMPORARY = re.compile(r"~$|^~|^#.*#$|\.(?:tmp|temp|part|partial|crdownload|download|sw[a-z])$", re.IGNORECASE)

_LOOK_S = 1.0

log = structlog.get_logger()


@contextmanager
def follow(changes: Changes, corpus_dir: Path, feeds: Sequence[str], *, every_s: float) -> Iterator[None]:
    """A context in which two threads watch the folder and poll the feeds, and request what changes.

    Several processes may do so: they share a rebuild, and each feed is read once in `every_s`.
    """
    stop = threading.Event()
    threads = [threading.Thread(target=watch, args=(corpus_dir, changes.rebuild, stop), name="coopbot-watch")]
    if feeds:
        polling = partial(poll, feeds, partial(changes.read_feed, every_s=every_s), stop, every_s=every_s)
        threads.append(threading.Thread(target=polling, name="coopbot-poll"))
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def watch(
    corpus_dir: Path,
    changed: Callable[[], object],
    stop: threading.Event,
    *,
    settle_ms: int = 200,
    at_most_ms: int = 2000,
    look_s: float = _LOOK_S,
) -> None:
    """Call `changed` at the beginning and after articles were written or deleted, until `stop` is set.

    Changes are taken together until none comes for `settle_ms`, or for `at_most_ms` in all. If `changed` raises Busy, it is
    called again after `look_s`; its other errors are logged. A missing folder is logged, and checked for every `look_s`.
    """
    logged = ""
    while not stop.is_set():
        try:
            _follow(corpus_dir, changed, stop, settle_ms=settle_ms, at_most_ms=at_most_ms, look_s=look_s)
            logged = ""
        except OSError as exc:
            reason = exc.strerror or str(exc)
            if reason != logged:
                remedy = "create the folder or fix its permissions; watching then resumes by itself"
                log.error("corpus_not_watched", folder=str(corpus_dir), reason=reason, remedy=remedy)
            logged = reason
            stop.wait(look_s)


def _follow(
    corpus_dir: Path, changed: Callable[[], object], stop: threading.Event, *, settle_ms: int, at_most_ms: int, look_s: float
) -> None:
    """Watch a folder until another one takes its place. Raises OSError if it is not a folder or cannot be watched."""
    folder = _identity(corpus_dir)
    root = corpus_dir.resolve()
    due = True  # what changed before the watch started counts too
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
        # A recreated folder may get the same inode, but the deletion of the old one is reported as a change.
        if _identity(corpus_dir) != folder or any(path == str(root) for _, path in changes):
            return
        if not (due or changes):
            continue
        due = False
        try:
            changed()
        except Busy:
            due = True
        except CoopbotError as exc:
            log.error("change_not_taken", error=type(exc).__name__, reason=without_secrets(str(exc)))


def is_article_path(path: str) -> bool:
    """Whether a path relative to the corpus folder is neither hidden nor temporary, nor within a folder that is."""
    parts = Path(path).parts
    return not any(part.startswith(".") or _TEMPORARY.search(part) for part in parts)


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    return status.st_dev, status.st_ino


def poll(
    feeds: Sequence[str],
    visit: Callable[[str], object],
    stop: threading.Event,
    *,
    every_s: float,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Call `visit` for each feed, now and then every `every_s`, until `stop` is set. Failures of feeds are logged.

    Rounds start at multiples of `every_s` after the first. A round that takes longer skips the starts that it misses.
    """
    due = clock()
    while not stop.is_set():
        for feed in feeds:
            if not stop.is_set():
                try:
                    visit(feed)
                except CoopbotError as exc:
                    reason = without_secrets(str(exc))
                    log.warning("feed_failed", feed=public_address(feed), error=type(exc).__name__, reason=reason)
                except Exception as exc:  # the thread's outermost edge: a crash in one feed must not end the others
                    log.error("feed_crashed", feed=public_address(feed), error=type(exc).__name__)
        due += every_s * ((clock() - due) // every_s + 1)
        stop.wait(due - clock())
