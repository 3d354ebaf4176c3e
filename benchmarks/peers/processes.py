"""Each system in a process of its own: it gets a job and returns a result, as JSON files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

ROOT = Path(__file__).parents[2]
# While it is measured, no system may look for a newer model or report on its use.
_OFFLINE = {"HF_HUB_OFFLINE": "1", "HAYSTACK_TELEMETRY_ENABLED": "False", "LOGFIRE_IGNORE_NO_CONFIG": "1"}

# `Any`: JSON.
Json = dict[str, Any]


class WorkerFailed(Exception):
    """A system failed at its job. The message ends with the last line that it printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A system as it is measured. `system` names its file in systems/."""

    name: str
    system: str
    hybrid: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What all systems share.

    model: a sentence-transformers folder. python, haiku_python: interpreters of the environments with the peers. scratch: an
    empty folder for indexes and jobs.
    """

    model: Path
    threads: int
    scratch: Path
    python: str
    haiku_python: str

    def start(self, row: Row, action: str, folder: Path, **details: object) -> Worker:
        """Start a job."""
        files = Path(mkdtemp(prefix="job-", dir=self.scratch))
        job = {
            "system": row.system,
            "hybrid": row.hybrid,
            "model": str(self.model),
            "threads": self.threads,
            "python": self.python,
            "action": action,
            "folder": str(folder),
            "started": time.time(),
            **details,
        }
        (files / "job.json").write_text(json.dumps(job), encoding="utf-8")
        command = [self._python(row), "-m", "benchmarks.peers.worker", str(files / "job.json"), str(files / "result.json")]
        with (files / "output").open("wb") as output:
            process = subprocess.Popen(command, cwd=ROOT, env=self._environ(), stdout=output, stderr=output)
        return Worker(name=row.name, process=process, files=files)

    def run(self, row: Row, action: str, folder: Path, *, timeout_s: float = 3600, **details: object) -> Json:
        """The result of a job. Raises WorkerFailed."""
        return self.start(row, action, folder, **details).result(timeout_s)

    def _python(self, row: Row) -> str:
        own = {"coopbot": sys.executable, "haiku": self.haiku_python}
        return own.get(row.system, self.python)

    def _environ(self) -> dict[str, str]:
        return {**os.environ, **_OFFLINE, "OMP_NUM_THREADS": str(self.threads), "PYTHONWARNINGS": "ignore"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A running job."""

    name: str
    process: subprocess.Popen[bytes]
    files: Path

    def result(self, timeout_s: float) -> Json:
        """Wait for the result. Raises WorkerFailed."""
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise WorkerFailed(f"{self.name}: not done within {timeout_s:.0f} s") from None
        if code:
            printed = (self.files / "output").read_text("utf-8", "replace").strip().splitlines()
            raise WorkerFailed(f"{self.name}: {printed[-1] if printed else f'exit status {code}'}")
        result: Json = json.loads((self.files / "result.json").read_text("utf-8"))
        return result
