"""Accepted changes, stored on disk until they are made, so that a restarted service resumes them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Literal
from uuid import uuid4

import structlog
from filelock import FileLock, Timeout
from pydantic import TypeAdapter, ValidationError

from coopbot.durable import write_atomically
from coopbot.errors import Busy, Misconfigured
from coopbot.ingest.corpus.arrival import Change
from coopbot.ingest.draft import Draft

# A change during which the service ended this many times is not tried again.
MOST_STARTS = 3

JobChange = Change | Literal["removed"]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A requested change, which has one of these: `url`, `draft`, `file` (a file's name) or `remove` (an article's id).

    starts: the number of starts. If `change` is set, the corpus has the article, with this `article_id` and `title`, and
    only the index remains to be updated.
    """

    job_id: str = field(default_factory=lambda: uuid4().hex)
    created_at: datetime
    url: str | None = None
    draft: Draft | None = None
    file: str | None = None
    remove: str | None = None
    starts: int = 0
    change: JobChange | None = None
    article_id: str | None = None
    title: str | None = None


_ORDER = TypeAdapter(Order)


class Spool:
    """A folder with one file for each order, and another for the content if the order is a file.

    Used by one process at a time. Raises Busy while another uses it, Misconfigured if the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # The lock is released when the process ends, however it ends.
            self._lock = FileLock(folder / ".lock", timeout=0)
            self._lock.acquire()
        except Timeout as exc:
            raise Busy(
                f"another service stores its changes in {folder}; stop it, or set COOPBOT_INDEX_DIR to another folder"
            ) from exc
        except OSError as exc:
            detail = f"{folder} cannot be written ({exc.strerror}); fix its permissions or set COOPBOT_INDEX_DIR"
            raise Misconfigured(detail) from exc

    def close(self) -> None:
        """Release the folder for another process."""
        self._lock.release()

    def put(self, order: Order, data: bytes = b"") -> None:
        """Store an order. Raises Misconfigured if it cannot be written."""
        if order.file is not None:
            self._write(self._content(order.job_id), data)
        self._keep(order)

    def begin(self, job_id: str) -> None:
        """Record that work on an order starts."""
        if order := self._read(self._path(job_id)):
            self._keep(replace(order, starts=order.starts + 1))

    def put_off(self, job_id: str) -> None:
        """Undo `begin`: an orderly shutdown interrupted the order, which is resumed the next time."""
        if order := self._read(self._path(job_id)):
            self._keep(replace(order, starts=max(0, order.starts - 1)))

    def made(self, job_id: str, change: JobChange, article_id: str | None, title: str | None) -> None:
        """Record that the corpus has the change."""
        if order := self._read(self._path(job_id)):
            self._keep(replace(order, change=change, article_id=article_id, title=title))

    def drop(self, job_id: str) -> None:
        """Delete an order that is done."""
        for path in (self._path(job_id), self._content(job_id)):
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def unfinished(self) -> Iterator[tuple[Order, bytes]]:
        """The unfinished orders, oldest first, each with the content of its file."""
        found = [order for path in self._folder.glob("*.json") if (order := self._read(path))]
        for order in sorted(found, key=lambda order: order.created_at):
            try:
                yield order, self._content(order.job_id).read_bytes() if order.file is not None else b""
            except OSError:
                log.error("order_unreadable", job_id=order.job_id)

    def _read(self, path: Path) -> Order | None:
        try:
            return _ORDER.validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError):
            log.error("order_unreadable", job_id=path.stem)
            return None

    def _keep(self, order: Order) -> None:
        self._write(self._path(order.job_id), _ORDER.dump_json(order))

    def _write(self, path: Path, data: bytes) -> None:
        write_atomically(path, data)
        # A web address in it may contain a secret.
        with suppress(OSError):
            path.chmod(0o600)

    def _path(self, job_id: str) -> Path:
        return self._folder / f"{job_id}.json"

    def _content(self, job_id: str) -> Path:
        return self._folder / f"{job_id}.data"
