"""Times the steps of an answer."""

from __future__ import annotations

import time


class Clock:
    """A stopwatch with named laps."""

    def __init__(self) -> None:
        self._start = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        """Add the time since the last lap to `name`, in milliseconds."""
        now = time.perf_counter()
        self._laps[name] = round(self._laps.get(name, 0.0) + (now - self._last) * 1000, 2)
        self._last = now

    def finish(self, name: str = "") -> dict[str, float]:
        """All laps and their total; with a `name`, after a last lap."""
        if name:
            self.lap(name)
        return {**self._laps, "total": round((self._last - self._start) * 1000, 2)}
