"""One process of `sandbox_worker`, from the side of whoever asks it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import weakref
from typing import IO

from coopbot.errors import Misconfigured
from coopbot.ingest.formats.sandbox_worker import LENGTH, LENGTHS

# All that the process gets of the environment: no tokens are in these.
_PASSED_ON = ("PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR")
_SLACK_BYTES = 1000  # what an answer has around a document that is as large as allowed


class TookTooLong(Exception):
    """The process was killed when the time was up."""


class Ended(Exception):
    """The process ended without an answer; the message says how."""


class WorkerProcess:
    """Started at once; `kill` may come from any thread, everything else from one. Killed when nobody holds it any more."""

    def __init__(self, *, memory_bytes: int, timeout_s: float, output_bytes: int) -> None:
        self.documents = 0
        self._timeout_s = timeout_s
        self._most_bytes = output_bytes + _SLACK_BYTES
        limits = [str(memory_bytes), str(int(timeout_s) + 1), str(output_bytes)]
        # -P: a module in the folder that the command is run in must not take the place of a library.
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
        """Kill the process and clear up after it."""

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def kill(self) -> None:
        """End the process at once; whoever waits for it gets Ended."""
        self._process.kill()

    def exchange(self, header: dict[str, str], data: bytes) -> bytes:
        """The answer to a request. Raises TookTooLong and Ended; the process is no more then."""
        expired = threading.Event()
        timer = threading.Timer(self._timeout_s, self._expire, [expired])
        timer.daemon = True
        timer.start()
        self.documents += 1
        try:
            packed = json.dumps(header).encode()
            self._input.write(LENGTHS.pack(len(packed), len(data)) + packed)
            self._input.write(data)
            self._input.flush()
            (length,) = LENGTH.unpack(_read(self._output, LENGTH.size))
            if length > self._most_bytes:
                raise EOFError
            return _read(self._output, length)
        except (OSError, EOFError) as error:
            self.end()
            raise TookTooLong if expired.is_set() else Ended(f"exit code {self._process.returncode}") from error
        except BaseException:  # such as Ctrl-C: what it is still to answer is nobody's answer
            self.end()
            raise
        finally:
            timer.cancel()

    def _expire(self, expired: threading.Event) -> None:
        expired.set()
        self._process.kill()


def _read(pipe: IO[bytes], length: int) -> bytes:
    data = pipe.read(length)
    if len(data) < length:
        raise EOFError
    return data


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        try:
            if pipe is not None:
                pipe.close()
        except OSError:  # what was still to be written to it
            continue
