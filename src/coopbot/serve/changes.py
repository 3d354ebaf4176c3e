"""Changes of corpus and index: requested in any process of the service, stored, and made one after another by one of them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol, TypeVar
from uuid import uuid4

import structlog

from coopbot import errors
from coopbot.errors import Busy, CoopbotError, Duplicate, NotFound, Unreadable
from coopbot.index.build import BuildReport
from coopbot.index.model.embedder import Progress
from coopbot.ingest.corpus.arrival import Arrival
from coopbot.ingest.draft import Draft
from coopbot.records import from_json, to_json
from coopbot.serve.logs import public_address, without_secrets
from coopbot.state import Lease, State

Kind = Literal["add", "remove", "rebuild", "feed"]
Given = Literal["address", "file", "text", ""]
Effect = Literal["added", "replaced", "joined", "removed"]
ChangeState = Literal["queued", "running", "done", "failed"]

# A change during which a process ended this many times is not tried again.
MOST_STARTS = 3

# How long after a process was killed another goes on with its changes.
LEASE_S = 15.0
# How often a process looks for changes that others stored, and how often it stores the progress of its own.
_LOOK_S, _PROGRESS_S = 0.5, 0.25
_BUSY_RETRY_S = 0.5

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An error as it is stored. kind: its class in `coopbot.errors`; "" for an unexpected one, whose text may be anything."""

    kind: str = ""
    text: str = ""
    fields: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, error: Exception) -> Failure:
        """The failure that an error is."""
        kind = next((one for one in type(error).__mro__ if one.__module__ == errors.__name__), None)
        if kind is None:
            return cls()
        return cls(kind=kind.__name__, text=str(error), fields={k: v for k, v in vars(error).items() if isinstance(v, str)})

    def error(self) -> Exception:
        """The error that it was."""
        kind: type[Exception] | None = getattr(errors, self.kind, None) if self.kind else None
        if kind is None:
            return RuntimeError("an unexpected error")
        error = kind.__new__(kind, self.text)
        vars(error).update(self.fields)
        return error


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of corpus and index, from its request to its result.

    given: what an addition starts from. subject: its web address or file name, an article's id, or a feed's address. starts:
    their number. done, total: changed articles indexed so far, and in all. If `effect` is set, the corpus has the change,
    even if indexing then failed. report: of the rebuild, which several changes may share.
    """

    change_id: str = field(default_factory=lambda: uuid4().hex)
    kind: Kind
    given: Given = ""
    subject: str = ""
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    state: ChangeState = "queued"
    starts: int = 0
    done: int = 0
    total: int = 0
    article_id: str | None = None
    title: str | None = None
    effect: Effect | None = None
    report: BuildReport | None = None
    failure: Failure | None = None

    @property
    def error(self) -> Exception | None:
        """Why it failed."""
        return self.failure.error() if self.failure else None


class Editor(Protocol):
    """What changes are made with: see `editing.CorpusEditor`. Calls come from one thread at a time, except `stop`.

    Each call succeeds completely or changes nothing, and may raise Busy or Misconfigured. Answers change only with `rebuild`.
    """

    def add_url(self, url: str) -> Arrival:
        """Fetch a page, clean it and add it to the corpus. Raises InvalidRequest, Unreachable, Unreadable, Duplicate."""

    def add_file(self, data: bytes, name: str) -> Arrival:
        """Add the article in a file. The extension of `name` decides the format. Raises Unreadable, Duplicate."""

    def add_draft(self, draft: Draft) -> Arrival:
        """Add an article given as clean text. Raises InvalidRequest, Duplicate."""

    def add_feed(self, feed: str) -> Iterator[tuple[str, Arrival | CoopbotError]]:
        """Add the new articles of a feed: each address with its result."""

    def remove(self, article_id: str) -> None:
        """Remove an article from the corpus. Raises NotFound."""

    def rebuild(self, progress: Progress, /) -> BuildReport:
        """Update the index from the corpus. An error raised by `progress` ends the build; the old snapshot stays current."""

    def stop(self) -> None:
        """Stop reading documents at once, from any thread. Later calls that have to read one raise Busy."""


class Stopping(Busy):
    """The process is shutting down; another, or the next, makes the change."""

    def __init__(self) -> None:
        super().__init__("the service is stopping; try again when it is back")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """waiting, waiting_bytes: how many changes may wait, and how large all of them may be. remembered: finished ones kept.

    busy_s: how long a change is retried while another process writes. share_s: changes of one kind made within this time share
    a rebuild. stop_s: how long a shutdown waits for the running change. lease_s: see LEASE_S.
    """

    waiting: int = 100
    waiting_bytes: int = 100_000_000
    remembered: int = 1000
    busy_s: float = 60.0
    share_s: float = 1.0
    stop_s: float = 8.0
    lease_s: float = LEASE_S


_Result = TypeVar("_Result")


class Changes:
    """A context manager: within `with`, a thread makes changes whenever no other process does.

    On exit the running change ends at its next safe point and waits for another process, or for the next start. If it reaches
    none within `stop_s` after `stop`, `still_running` is true and the process has to exit without joining the thread.

    Methods that request a change return it at once, stored. They raise Busy if too many changes are waiting.
    """

    def __init__(
        self,
        editor: Editor,
        state: State,
        *,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._editor, self._state = editor, state
        self._limits = limits or Limits()
        self._stop = threading.Event()
        self._clock, self._sleep, self._now = clock, sleep or self._stop.wait, now
        self._woken = threading.Event()
        self._stopped_at_s = 0.0
        self._lease: Lease | None = None
        # A daemon, so that a document that takes minutes to read does not keep the process alive.
        self._thread = threading.Thread(target=self._work, name="coopbot-changes", daemon=True)

    def __enter__(self) -> Changes:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._thread.join(max(0.0, self._stopped_at_s + self._limits.stop_s - self._clock()))
        if self.still_running:
            if self._lease is not None:  # another process need not wait until it expires
                self._lease.release()
            log.warning("change_left", reason="it did not end in time; corpus and index are intact")

    def stop(self) -> None:
        """Refuse further changes and stop the running one. Does not wait."""
        if not self._stop.is_set():
            self._stopped_at_s = self._clock()
        self._stop.set()
        self._woken.set()
        self._editor.stop()

    @property
    def still_running(self) -> bool:
        """Whether a change is still running after `stop`."""
        return self._stop.is_set() and self._thread.is_alive()

    def add_url(self, url: str) -> Change:
        """Add the article at a web address to corpus and index."""
        return self._request(Change(kind="add", given="address", subject=url, created_at=self._now()))

    def add_file(self, data: bytes, name: str) -> Change:
        """Add the article in a file. name: with its extension."""
        return self._request(Change(kind="add", given="file", subject=name, created_at=self._now()), data)

    def add_draft(self, draft: Draft) -> Change:
        """Add an article given as text."""
        return self._request(Change(kind="add", given="text", created_at=self._now()), to_json(Draft, draft))

    def remove(self, article_id: str) -> Change:
        """Remove an article from corpus and index."""
        return self._request(Change(kind="remove", subject=article_id, article_id=article_id, created_at=self._now()))

    def read_feed(self, feed: str, every_s: float = 0.0) -> Change | None:
        """Add and index the new articles of a feed; None if some process did so within `every_s`, or is about to."""
        with self._state.write():
            now_s = self._state.now_s()
            # A tenth less, since rounds do not begin exactly on time.
            asked = self._state.execute(
                "INSERT INTO feeds (feed, read_at_s) VALUES (?1, ?2)"
                " ON CONFLICT (feed) DO UPDATE SET read_at_s = ?2 WHERE read_at_s <= ?3 OR read_at_s > ?2",
                feed,
                now_s,
                now_s - 0.9 * every_s,
            )
            if not asked.rowcount or self._waiting("feed", feed):
                return None
            return self._request(Change(kind="feed", subject=feed, created_at=self._now()))

    def rebuild(self) -> Change:
        """Update the index from the corpus. Returns the waiting rebuild if there is one, so there is always room."""
        with self._state.write():
            return self._waiting("rebuild", "") or self._request(Change(kind="rebuild", created_at=self._now()))

    def get(self, change_id: str) -> Change:
        """The current state of a change. Raises NotFound if there is none, or it finished too long ago."""
        row = self._state.first("SELECT record FROM changes WHERE change_id = ?", change_id)
        if row is None:
            raise NotFound("there is no job of that id; only the latest ones are kept")
        return from_json(Change, row["record"])

    def take_over(self, folder: Path) -> None:
        """Request the changes that an earlier release, 0.1.0, stored in a folder, and delete them there."""
        orders = []
        for path in folder.glob("*.json"):
            try:
                order = json.loads(path.read_bytes())
                draft, file, remove = order["draft"], order["file"], order["remove"]
                change = Change(
                    change_id=order["job_id"],
                    kind="add" if remove is None else "remove",
                    given="" if remove else "file" if file else "text" if draft else "address",
                    subject=remove or file or order["url"] or "",
                    created_at=datetime.fromisoformat(order["created_at"]),
                    starts=order["starts"],
                    effect=order["change"],
                    article_id=order["article_id"] or remove,
                    title=order["title"],
                )
                data = path.with_suffix(".data").read_bytes() if file else json.dumps(draft).encode() if draft else None
                orders.append((change, data, path))
            except (OSError, ValueError, KeyError, TypeError):
                log.error("change_unreadable", file=path.name)
        for change, data, path in sorted(orders, key=lambda one: one[0].created_at):
            self._request(change, data)
            path.unlink(missing_ok=True)
            path.with_suffix(".data").unlink(missing_ok=True)

    @property
    def unfinished(self) -> int:
        """The number of changes that are waiting or running, in any process."""
        return self._state.number("SELECT COUNT(*) FROM changes WHERE state IN ('queued', 'running')")

    def _request(self, change: Change, data: bytes | None = None) -> Change:
        """Store a change, on disk on return, so that an accepted one is never lost."""
        with self._state.write(flushed=True):
            if self._stop.is_set():
                raise Stopping
            query = "SELECT COUNT(*) AS waiting, TOTAL(LENGTH(data)) AS bytes FROM changes WHERE state = 'queued'"
            queue = self._state.first(query)
            assert queue is not None
            is_full = queue["bytes"] + len(data or b"") > self._limits.waiting_bytes or queue["waiting"] >= self._limits.waiting
            if change.kind != "rebuild" and is_full:
                raise Busy("too many changes are waiting; try again when some are done")
            self._state.execute(
                "INSERT OR IGNORE INTO changes (change_id, kind, subject, state, record, data) VALUES (?, ?, ?, ?, ?, ?)",
                *(change.change_id, change.kind, change.subject, change.state, to_json(Change, change), data),
            )
        self._woken.set()
        return change

    def _waiting(self, kind: Kind, subject: str) -> Change | None:
        query = "SELECT record FROM changes WHERE state = 'queued' AND kind = ? AND subject = ?"
        row = self._state.first(query, kind, subject)
        return from_json(Change, row["record"]) if row else None

    def _work(self) -> None:
        """Make changes, whenever there are some and no other process does."""
        while not self._stop.is_set():
            self._woken.clear()
            try:
                lease = self._state.lease("changes", self._limits.lease_s) if self.unfinished else None
                self._lease = lease
                if lease is not None:
                    with lease:
                        self._make_all(lease)
            except CoopbotError as exc:  # the state cannot be written; what is begun is begun again
                log.warning("changes_wait", error=type(exc).__name__, reason=without_secrets(str(exc)))
            self._woken.wait(_LOOK_S)

    def _make_all(self, lease: Lease) -> None:
        """Make the waiting changes, in order, those first that a process left when it died."""
        for row in self._state.read("SELECT record FROM changes WHERE state = 'running'"):
            self._store(lease, replace(from_json(Change, row["record"]), state="queued"))
        while (change := self._next(lease)) is not None:
            share_until_s = self._clock() + self._limits.share_s
            changed = self._make(lease, change)
            while self._clock() < share_until_s and (more := self._next(lease, change.kind)) is not None:
                changed += self._make(lease, more)
            if changed:
                self._index(lease, changed)

    def _next(self, lease: Lease, kind: Kind | None = None) -> Change | None:
        """The next change, if it is of this kind; another kind gets a rebuild of its own."""
        row = self._state.first("SELECT kind, record FROM changes WHERE state = 'queued' ORDER BY number LIMIT 1")
        if row is None or kind not in (None, row["kind"]) or self._stop.is_set() or lease.lost:
            return None
        return from_json(Change, row["record"])

    def _make(self, lease: Lease, change: Change) -> list[Change]:
        """Make a change to the corpus. Returns it if the index must be rebuilt."""
        if change.starts >= MOST_STARTS:
            reason = "the service ended each time it was read; send another file"
            self._fail(lease, change, Unreadable(change.subject or "the article", reason))
            return []
        change = self._store(lease, replace(change, state="running", starts=change.starts + 1, started_at=self._now()))
        try:
            changed = change if change.effect or change.kind == "rebuild" else self._retried(lambda: self._edit_corpus(change))
        except Exception as exc:  # the thread's outermost edge: the change reports the error, and the next one is made
            self._fail(lease, change, exc)
            return []
        if changed is None:
            self._store(lease, replace(change, state="done", finished_at=self._now()))
            return []
        return [self._store(lease, changed)]

    def _edit_corpus(self, change: Change) -> Change | None:
        """The change with its effect on the corpus; None if it has none."""
        # Begun before, it may have been made by a process that died before it could say so.
        again = change.starts > 1
        match change.kind:
            case "remove":
                try:
                    self._editor.remove(change.subject)
                except NotFound:
                    if not again:
                        raise
                return replace(change, effect="removed")
            case "feed":
                arrived = 0
                for url, result in self._editor.add_feed(change.subject):
                    arrived += not isinstance(result, CoopbotError)
                    if isinstance(result, CoopbotError) and not isinstance(result, Duplicate):
                        log.warning("not_taken_from_feed", url=public_address(url), reason=without_secrets(str(result)))
                return replace(change, effect="added") if arrived or again else None
        row = self._state.first("SELECT data FROM changes WHERE change_id = ?", change.change_id)
        data = bytes(row["data"] or b"") if row else b""
        try:
            match change.given:
                case "address":
                    arrival = self._editor.add_url(change.subject)
                case "file":
                    arrival = self._editor.add_file(data, change.subject)
                case _:
                    arrival = self._editor.add_draft(from_json(Draft, data))
        except Duplicate as exc:
            if not again:
                raise
            return replace(change, article_id=exc.article_id, effect="added")
        return replace(change, article_id=arrival.article.article_id, title=arrival.article.title, effect=arrival.change)

    def _index(self, lease: Lease, changes: Sequence[Change]) -> None:
        stored_at_s = -_PROGRESS_S

        def progress(done: int, total: int) -> None:
            nonlocal changes, stored_at_s
            if self._stop.is_set():
                raise Stopping
            changes = [replace(change, done=done, total=total) for change in changes]
            if self._clock() - stored_at_s >= _PROGRESS_S:
                stored_at_s = self._clock()
                with self._state.write():
                    for change in changes:
                        self._store(lease, change)

        try:
            report = self._retried(lambda: self._editor.rebuild(progress))
        except Exception as exc:  # as above
            for change in changes:
                self._fail(lease, change, exc)
            return
        with self._state.write():
            for change in changes:
                self._store(lease, replace(change, state="done", report=report, finished_at=self._now()))
        log.info("indexed", changes=len(changes), snapshot=report.snapshot, written=report.written, embedded=report.embedded)

    def _retried(self, action: Callable[[], _Result]) -> _Result:
        """The result of `action`, retried for up to `busy_s` while another process writes."""
        give_up_at = self._clock() + self._limits.busy_s
        while True:
            try:
                return action()
            except Busy as exc:
                if self._stop.is_set():
                    raise Stopping from exc
                if self._clock() >= give_up_at:
                    raise Busy(f"gave up after {self._limits.busy_s:.0f} s: {exc}") from exc
            self._sleep(_BUSY_RETRY_S)

    def _fail(self, lease: Lease, change: Change, error: Exception) -> None:
        """Record why a change failed, and log it. One that the shutdown stopped waits for another process."""
        if isinstance(error, Stopping):
            self._store(lease, replace(change, state="queued", starts=change.starts - 1))
            return
        self._store(lease, replace(change, state="failed", failure=Failure.of(error), finished_at=self._now()))
        # The text of an unexpected error may contain anything, so only its type is logged.
        reason = without_secrets(str(error)) if isinstance(error, CoopbotError) else ""
        log.warning("change_failed", change_id=change.change_id, error=type(error).__name__, reason=reason)

    def _store(self, lease: Lease, change: Change) -> Change:
        """Store a change, and forget the oldest finished ones. Raises Busy if another process makes changes now."""
        with self._state.write():
            lease.check()
            query = "UPDATE changes SET state = ?, record = ? WHERE change_id = ?"
            self._state.execute(query, change.state, to_json(Change, change), change.change_id)
            if change.finished_at is not None:
                self._state.execute("UPDATE changes SET data = NULL WHERE change_id = ?", change.change_id)
                finished = "SELECT number FROM changes WHERE state IN ('done', 'failed') ORDER BY number DESC LIMIT -1 OFFSET ?"
                self._state.execute(f"DELETE FROM changes WHERE number IN ({finished})", self._limits.remembered)
        return change
