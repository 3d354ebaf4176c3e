"""The process that reads documents, limited in memory and time and to reading alone; see `sandbox`.

`python -m coopbot.ingest.formats.sandbox_worker MEMORY_BYTES TIMEOUT_S OUTPUT_BYTES`. Requests arrive on standard input, one
at a time: a line of JSON, then the document, whose length it gives in `bytes`. Answers are lines of JSON on standard output.
The process exits at the end of its input.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from datetime import date
from typing import Any, BinaryIO

from coopbot.errors import Unreadable

if sys.platform != "win32":
    import fcntl
    import resource
    import select

_IDLE_S = 60.0  # then the process exits; the next document starts another in a fifth of a second
_NICENESS = 10
_OPEN_FILES = 64
_ALL_BUT = 0.95  # of the memory limit: above this, an allocation has probably been refused
# Audit events that reading never needs. Stops a library from acting on a document's content; the system limits memory and
# time.
_REFUSED = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "os.startfile", "pty.")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


def main() -> None:
    """Answer requests until the input ends."""
    memory_bytes, timeout_s, output_bytes = map(int, sys.argv[1:])
    # The original standard output. Descriptor 1 now discards what libraries print.
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.close(nothing)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if sys.platform != "win32":
        os.nice(_NICENESS)
        for kind, limit in (
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_NOFILE, _OPEN_FILES),
            (resource.RLIMIT_AS, memory_bytes),
        ):
            with suppress(ValueError, OSError):  # macOS has no limit on address space
                resource.setrlimit(kind, (limit, limit))
    sys.addaudithook(_refuse)
    while (request := _next(requests)) is not None:
        header, data = request
        # Limit processor time. The parent watches the clock; this holds even without a parent.
        if sys.platform != "win32":
            _, hard = resource.getrlimit(resource.RLIMIT_CPU)
            resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + timeout_s + 2, hard))
        _die_with_parent(True)
        answer = _answer(header, data, memory_bytes, output_bytes)
        del request, data
        _die_with_parent(False)
        answers.write(answer + b"\n")
        answers.flush()


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event.startswith(_REFUSED) or (event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING):
        raise PermissionError(f"reading a document needs no {event}")


def _next(requests: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """Header and document of the next request; None at the end of input or after a long idle time."""
    if sys.platform != "win32" and not select.select([requests], [], [], _IDLE_S)[0]:
        return None
    line = requests.readline()
    if not line.endswith(b"\n"):
        return None
    header = json.loads(line)
    data = requests.read(header["bytes"])
    return (header, data) if len(data) == header["bytes"] else None


def _die_with_parent(on: bool) -> None:
    """Have the system kill this process, whatever it is doing, once the other end of its input is closed.

    PR_SET_PDEATHSIG would not do: Linux sends it when the thread that started the process ends.
    """
    if sys.platform != "win32":
        with suppress(OSError):  # not supported for pipes here: the processor time limit remains
            fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
            flags = fcntl.fcntl(0, fcntl.F_GETFL)
            fcntl.fcntl(0, fcntl.F_SETFL, flags | os.O_ASYNC if on else flags & ~os.O_ASYNC)


def _answer(header: dict[str, Any], data: bytes, memory_bytes: int, output_bytes: int) -> bytes:
    try:
        name = header["name"]
        if header["kind"] == "feed":
            from coopbot.ingest.web.feed import read_feed

            answer = _json({"addresses": read_feed(data, name)})
        else:
            from coopbot.ingest.formats.readers import read_bytes

            answer = _json({"draft": asdict(read_bytes(data, name))})
        return answer if len(answer) <= output_bytes else _json({"limit": "output"})
    except MemoryError:
        outcome: dict[str, object] = {"limit": "memory"}  # nothing more here: the traceback still holds memory
    except Unreadable as error:
        outcome = {"unreadable": error.reason}
    except Exception as error:  # outermost handler: a reader's bug is reported and costs one document
        outcome = {"broken": type(error).__name__}
    gc.collect()
    # Libraries may report that memory ran out as a fault in the document.
    with suppress(OSError), open("/proc/self/status", encoding="ascii") as status:
        peak_kb = next((int(line.split()[1]) for line in status if line.startswith("VmPeak")), 0)
        if peak_kb * 1024 > _ALL_BUT * memory_bytes:
            outcome = {"limit": "memory"}
    return _json(outcome)


def _json(answer: dict[str, object]) -> bytes:
    return json.dumps(answer, ensure_ascii=False, default=date.isoformat).encode("utf-8", "replace")


if __name__ == "__main__":
    main()
