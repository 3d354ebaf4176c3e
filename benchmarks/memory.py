"""Memory of processes, in MiB, where the system reports it: on Linux, in /proc."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Literal


def peak_mib(pid: int | Literal["self"]) -> float | None:
    """The most that was resident so far. None where the system does not report it."""
    return _memory_mib(pid, "VmHWM")


def resident_mib(pid: int | Literal["self"]) -> float | None:
    """What is resident now. None where the system does not report it."""
    return _memory_mib(pid, "VmRSS")


def private_mib(pid: int) -> float | None:
    """What no other process shares. None where the system does not report it."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return None
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def reset_peak(pid: int) -> None:
    """Set the peak of a process to what is resident now, where the system allows it."""
    with suppress(OSError):
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def child_pids(pid: int) -> list[int]:
    """The processes that this one started. Empty where the system does not report them."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _memory_mib(pid: int | Literal["self"], name: str) -> float | None:
    status = Path(f"/proc/{pid}/status")
    if not status.is_file():
        return None
    line = next(line for line in status.read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024
