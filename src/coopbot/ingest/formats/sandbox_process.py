"""The parent's side of a `sandbox_worker` process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import weakref
from contextlib import suppress

from coopbot.errors import Misconfigured

# The only environment variables passed to the process; none holds a secret.
_PASSED_ON = ("PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR")
_SLACK_BYTES = 1000  # overhead of an answer around the largest allowed document


class TookTooLong(Exception):
    """The process was killed at the time limit."""


class Ended(Exception):
    """The process ended without an answer."""


class WorkerProcess:
    """A worker, started at once and killed when garbage-collected. `kill` is safe from any thread, the rest from one."""

    def __init__(self, *, memory_bytes: int, timeout_s: float, output_bytes: int) -> None:
        self.documents = 0
        self._timeout_s = timeout_s
        self._most_bytes = output_bytes + _SLACK_BYTES
        limits = [str(memory_bytes), str(int(timeout_s) + 1), str(output_bytes)]
        # -P: a module in the current folder must not shadow a library.
        command = [sys.executable, "-P", "-B", "-m", "coopbot.ingest.formats.sandbox_worker", *limits]
        environ = {name: value for name in _PASSED_ON if (value := os.environ.get(name)) is not None}
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environ
            )
        except OSError as error:
            raise Misconfigured(f"cannot start a process to read documents in ({error.strerror}); free some memory") from error
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._input, self._output = process, process.stdin, process.stdout
        self.end = weakref.finalize(self, _end, process)
        """Kill the process and clean up."""

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def kill(self) -> None:
        """Kill the process at once; a pending `exchange` raises Ended."""
        self._process.kill()

    def exchange(self, header: dict[str, str], data: bytes) -> bytes:
        """The answer to a request. Raises TookTooLong or Ended; the process is then gone."""
        expired = threading.Event()
        timer = threading.Timer(self._timeout_s, self._expire, [expired])
        timer.daemon = True
        timer.start()
        self.documents += 1
        try:
            self._input.write(json.dumps({**header, "bytes": len(data)}).encode() + b"\n")
            self._input.write(data)
            self._input.flush()
            answer = self._output.readline(self._most_bytes)
            if not answer.endswith(b"\n"):  # it ended, or would answer without end
                raise EOFError
            return answer
        except (OSError, EOFError) as error:
            self.end()
            raise TookTooLong if expired.is_set() else Ended from error
        except BaseException:  # Ctrl-C, for example: nobody will read the pending answer
            self.end()
            raise
        finally:
            timer.cancel()

    def _expire(self, expired: threading.Event) -> None:
        expired.set()
        self._process.kill()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in filter(None, (process.stdin, process.stdout)):
        with suppress(OSError):  # flushing unwritten data failed
            pipe.close()
