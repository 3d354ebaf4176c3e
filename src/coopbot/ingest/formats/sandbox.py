"""Reads documents in a separate process with limits on memory, time and output, so that a bad one harms only itself.

Whatever a document does to its reader, the result is a draft or Unreadable. One process reads many documents, to pay for its
start once; it exits when idle for a while, and is replaced after a limit, a crash or a number of documents.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import weakref
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from coopbot.errors import Busy, Misconfigured, Unreadable
from coopbot.ingest.draft import Draft
from coopbot.ingest.formats.readers import check_readable
from coopbot.records import from_json
from coopbot.sections import ReadLimits

_MB = 1_000_000
_SHORTLY_S = 1.0
_MOST_DOCUMENTS = 200  # per process; replacing it frees what libraries leak
# The only environment variables passed to the process; none holds a secret.
_PASSED_ON = ("PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR")
_SLACK_BYTES = 1000  # overhead of an answer around the largest allowed document


class OverLimit(Unreadable):
    """A document that exceeds the limits. Higher limits may allow it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """The process's answer: exactly one field is set."""

    draft: Draft | None = None
    addresses: tuple[str, ...] | None = None
    unreadable: str | None = None
    limit: Literal["memory", "output"] | None = None
    broken: str | None = None


class Sandbox:
    """Reads documents in a process started on first use. Safe to call from several threads, which take turns."""

    def __init__(self, limits: ReadLimits | None = None) -> None:
        self.limits = limits or ReadLimits()
        self._turn = threading.Lock()
        self._state = threading.Lock()  # held only briefly, so that `close` never waits for a document
        self._worker: _Worker | None = None
        self._closed = False

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Kill the process at once, even in the middle of a document. Every later call raises Busy."""
        with self._state:
            self._closed = True
            worker = self._worker
        if worker is not None:
            worker.process.kill()
            if self._turn.acquire(timeout=_SHORTLY_S):  # the thread that was reading cleans up and releases it
                worker.end()
                self._turn.release()

    def read(self, data: bytes, name: str) -> Draft:
        """`readers.read_bytes` in the process. Raises Unreadable or OverLimit; Busy once closed."""
        check_readable(len(data), name)
        answer = self._answer("document", data, name)
        if answer.draft is None:
            raise _unreadable(answer, name, self.limits)
        return answer.draft

    def read_feed(self, data: bytes, url: str) -> tuple[str, ...]:
        """`feed.read_feed` in the process. Raises the same."""
        answer = self._answer("feed", data, url)
        if answer.addresses is None:
            raise _unreadable(answer, url, self.limits)
        return answer.addresses

    def _answer(self, kind: Literal["document", "feed"], data: bytes, name: str) -> _Answer:
        with self._turn:
            while True:
                with self._state:
                    if self._closed:
                        raise _closed()
                    if self._worker and (self._worker.documents >= _MOST_DOCUMENTS or not self._worker.end.alive):
                        self._worker.end()
                        self._worker = None
                    worker = self._worker = self._worker or _Worker(self.limits)
                is_new = worker.documents == 0
                answer = self._ask(worker, kind, data, name)
                # Earlier documents may have used up the process: judge this one in a new process.
                if is_new or (answer is not None and answer.limit != "memory"):
                    return answer or _Answer(broken="crash")
                worker.end()

    def _ask(self, worker: _Worker, kind: str, data: bytes, name: str) -> _Answer | None:
        """The process's answer; None if it ended without one, so that another process may try."""
        try:
            answer = from_json(_Answer, worker.exchange({"kind": kind, "name": name}, data))
        except TimeoutError as error:
            raise _over(name, f"takes longer than {self.limits.timeout_s:g} s", "COOPBOT_READ_TIMEOUT_S") from error
        except EOFError as error:
            if self._closed:
                raise _closed() from error
            return None
        except ValueError:  # not our format: the document may have taken over its reader
            worker.end()
            return _Answer(broken="answer")
        if answer.limit == "memory" or answer.broken:
            worker.end()
        return answer


def _unreadable(answer: _Answer, name: str, limits: ReadLimits) -> Unreadable:
    if answer.unreadable is not None:
        return Unreadable(name, answer.unreadable)
    if answer.limit == "memory":
        return _over(name, f"takes more than {limits.memory_mb} MB of memory", "COOPBOT_READ_MEMORY_MB")
    if answer.limit == "output":
        return _over(name, f"gives more than {limits.output_mb} MB of text", "COOPBOT_READ_OUTPUT_MB")
    return Unreadable(name, f"its reader failed on it ({answer.broken or 'answer'}); save it again or in another format")


def _over(name: str, what: str, setting: str) -> OverLimit:
    return OverLimit(name, f"reading it {what}; give a smaller or simpler copy, or raise {setting}")


def _closed() -> Busy:
    return Busy("the service is stopping and reads no more documents; try again when it is back")


class _Worker:
    """A `sandbox_worker` process, started at once and killed when garbage-collected. `process.kill` is safe from any thread."""

    def __init__(self, limits: ReadLimits) -> None:
        self.documents = 0
        self._limits = limits
        arguments = [limits.memory_mb * _MB, int(limits.timeout_s) + 1, limits.output_mb * _MB]
        # -P: a module in the current folder must not shadow a library.
        command = [sys.executable, "-P", "-B", "-m", "coopbot.ingest.formats.sandbox_worker", *map(str, arguments)]
        environ = {name: value for name in _PASSED_ON if (value := os.environ.get(name)) is not None}
        try:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environ
            )
        except OSError as error:
            raise Misconfigured(f"cannot start a process to read documents in ({error.strerror}); free some memory") from error
        self.end = weakref.finalize(self, _end, self.process)
        """Kill the process and clean up."""

    def exchange(self, header: dict[str, str], data: bytes) -> bytes:
        """The answer to a request. Raises TimeoutError, or EOFError without an answer; the process is then gone."""
        requests, answers = self.process.stdin, self.process.stdout
        assert requests is not None
        assert answers is not None
        started_s = time.monotonic()
        timer = threading.Timer(self._limits.timeout_s, self.process.kill)
        timer.daemon = True
        timer.start()
        self.documents += 1
        try:
            requests.write(json.dumps({**header, "bytes": len(data)}).encode() + b"\n")
            requests.write(data)
            requests.flush()
            answer = answers.readline(self._limits.output_mb * _MB + _SLACK_BYTES)
            if not answer.endswith(b"\n"):  # it ended, or would answer without end
                raise EOFError
            return answer
        except (OSError, EOFError) as error:
            self.end()
            raise TimeoutError if time.monotonic() - started_s >= self._limits.timeout_s else EOFError from error
        except BaseException:  # Ctrl-C, for example: nobody will read the pending answer
            self.end()
            raise
        finally:
            timer.cancel()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in filter(None, (process.stdin, process.stdout)):
        with suppress(OSError):  # flushing unwritten data failed
            pipe.close()
