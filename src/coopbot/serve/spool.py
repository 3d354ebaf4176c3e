"""Changes that were accepted and not yet made, on disk: a service that was stopped in the middle goes on where it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

import structlog
from filelock import FileLock, Timeout
from pydantic import TypeAdapter, ValidationError

from coopbot.errors import Busy, Misconfigured
from coopbot.ingest.corpus.arrival import Change
from coopbot.ingest.corpus.files import write_atomically
from coopbot.ingest.draft import Draft

# What ended the service so often while it was made is not tried again.
MOST_STARTS = 3

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A change that somebody asked for: one of `url`, `draft`, `file`, the name of a file, or `remove`, an article.

    starts: how often it was begun. Where `change` is set the corpus has it, as `article_id` and `title`, and only the index is
    to follow.
    """

    job_id: str
    created_at: datetime
    url: str | None = None
    draft: Draft | None = None
    file: str | None = None
    remove: str | None = None
    starts: int = 0
    change: Change | Literal["removed"] | None = None
    article_id: str | None = None
    title: str | None = None


_ORDER = TypeAdapter(Order)


class Spool:
    """A folder of orders, each a file, with another beside it for the content of a file.

    For one process at a time: raises Busy while another has it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # Held until the process ends, in whatever way.
            self._lock = FileLock(folder / ".lock", timeout=0)
            self._lock.acquire()
        except Timeout as exc:
            raise Busy(f"another service keeps its changes in {folder}") from exc
        except OSError as exc:
            detail = f"{folder} cannot be written ({exc.strerror}); mend its permissions or set COOPBOT_INDEX_DIR"
            raise Misconfigured(detail) from exc

    def close(self) -> None:
        """Let another process have it."""
        self._lock.release()

    def put(self, order: Order, data: bytes = b"") -> None:
        """Keep an order. Raises Misconfigured where it cannot be written."""
        if order.file is not None:
            self._write(self._content(order.job_id), data)
        self._keep(order)

    def begin(self, job_id: str) -> None:
        """Note that an order is begun."""
        if order := self._read(self._path(job_id)):
            self._keep(replace(order, starts=order.starts + 1))

    def put_off(self, job_id: str) -> None:
        """Note that an order was not begun, or ended in order, before it was done."""
        if order := self._read(self._path(job_id)):
            self._keep(replace(order, starts=max(0, order.starts - 1)))

    def made(self, job_id: str, change: Change | Literal["removed"], article_id: str | None, title: str | None) -> None:
        """Note that the corpus has it."""
        if order := self._read(self._path(job_id)):
            self._keep(replace(order, change=change, article_id=article_id, title=title))

    def drop(self, job_id: str) -> None:
        """Forget an order that is done."""
        for path in (self._path(job_id), self._content(job_id)):
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def left(self) -> Iterator[tuple[Order, bytes]]:
        """The orders that are not done, the first first, each with the content of its file."""
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
        # An address in it may hold a secret.
        with suppress(OSError):
            path.chmod(0o600)

    def _path(self, job_id: str) -> Path:
        return self._folder / f"{job_id}.json"

    def _content(self, job_id: str) -> Path:
        return self._folder / f"{job_id}.data"
