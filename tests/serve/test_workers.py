"""Several workers are one service to whoever asks, and end together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from .worker_service import SHUTDOWN_S, TOKEN

ROOT = Path(__file__).parents[2]
ADMIN = {"Authorization": f"Bearer {TOKEN}"}
FIRST = "How much cargo did the Tongjiang bridge carry in 2023?"
_PATIENCE_S = 90


@dataclass(frozen=True, slots=True)
class Crew:
    process: subprocess.Popen[str]
    folder: Path
    address: str

    # Each request on a connection of its own, so that any worker may get it.
    def post(self, path: str, json: dict[str, str]) -> httpx.Response:
        return httpx.post(self.address + path, json=json, headers=ADMIN, timeout=_PATIENCE_S, trust_env=False)

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.address + path, headers=ADMIN, timeout=_PATIENCE_S, trust_env=False)

    def answers(self) -> bool:
        try:
            return self.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False

    @property
    def workers(self) -> set[int]:
        """Their process ids, of those that run."""
        pids = {int(path.name.partition("-")[2]) for path in self.folder.glob("worker-*")}
        return {pid for pid in pids if _runs(pid)}


@contextmanager
def crew(folder: Path, workers: int = 2) -> Iterator[Crew]:
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
    command = [sys.executable, "-m", "tests.serve.worker_service", str(folder), str(workers)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout is not None
    try:
        yield Crew(process, folder, f"http://127.0.0.1:{int(process.stdout.readline())}")
    finally:
        process.kill()
        process.wait(_PATIENCE_S)
        process.stdout.close()


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.server
@pytest.mark.process
def test_workers_are_one_service(tmp_path: Path) -> None:
    with crew(tmp_path) as one:
        until(lambda: len(one.workers) == 2 and one.answers())
        first = one.post("/v1/ask", {"question": FIRST}).json()
        for _ in range(12):  # whichever worker has them, follow-ups are understood and changes are found
            followed = one.post("/v1/ask", {"question": "and in 2022?", "conversation_id": first["conversation_id"]}).json()
            assert "Tongjiang" in followed["searched_as"]
            accepted = one.post("/v1/index/rebuild", {})
            assert accepted.status_code == 202
            assert one.get(accepted.headers["location"]).status_code == 200
        refused = httpx.post(f"{one.address}/v1/index/rebuild", headers={"Authorization": "Bearer x"}, trust_env=False)
        assert refused.status_code == 403
        lines = one.get("/metrics").text.splitlines()
        answers = [float(line.split()[-1]) for line in lines if line.startswith("coopbot_answers_total{")]
        assert sum(answers) == 13
        killed = min(one.workers)
        os.kill(killed, signal.SIGKILL)
        until(lambda: len(one.workers) == 2 and killed not in one.workers)
        workers = one.workers
        one.process.terminate()
        assert one.process.wait(SHUTDOWN_S * 2) == 0
        assert not any(map(_runs, workers))


@pytest.mark.server
@pytest.mark.process
def test_of_three_servers_over_one_folder_another_finishes_what_a_killed_one_was_making(tmp_path: Path) -> None:
    """Three processes that know nothing of each other, as Compose or systemd starts them."""
    with crew(tmp_path, 0) as one, crew(tmp_path, 0) as two, crew(tmp_path, 0) as three:
        until(lambda: one.answers() and two.answers() and three.answers())
        slow = one.post("/v1/articles", {"title": "slow", "text": "The ferry carries 400 passengers a day."})
        quick = two.post("/v1/articles", {"title": "quick", "text": "The road is 90 kilometres long."})
        until(lambda: (tmp_path / "making").exists())
        killed = int((tmp_path / "making").read_text())
        for server in (one, two, three):  # all show the same
            states = [server.get(change.headers["location"]).json()["state"] for change in (slow, quick)]
            assert states == ["running", "queued"]
        (tmp_path / "died").touch()
        os.kill(killed, signal.SIGKILL)
        left = [server for server in (one, two, three) if server.process.pid != killed]
        assert len(left) == 2
        for change in (slow, quick):
            until(lambda change=change: left[0].get(change.headers["location"]).json()["state"] == "done")  # type: ignore[misc]
        for server in left:
            articles = [server.get(f"/v1/articles/en/{title}").status_code for title in ("slow", "quick")]
            assert articles == [200, 200]


@pytest.mark.server
@pytest.mark.process
def test_questions_in_progress_are_answered_though_workers_are_signalled_twice(tmp_path: Path) -> None:
    with crew(tmp_path) as one, ThreadPoolExecutor(4) as clients:
        until(lambda: len(one.workers) == 2 and one.answers())
        asked = [clients.submit(one.post, "/v1/ask", {"question": "How slowly did the bridge open?"}) for _ in range(4)]
        time.sleep(1)
        for pid in one.workers:  # as systemd does
            os.kill(pid, signal.SIGTERM)
        one.process.terminate()
        assert [done.result().status_code for done in asked] == [200] * 4
        assert one.process.wait(SHUTDOWN_S * 2) == 0


@pytest.mark.server
@pytest.mark.process
def test_if_a_worker_cannot_start_all_end(tmp_path: Path) -> None:
    (tmp_path / "broken").touch()
    with crew(tmp_path) as one:
        assert one.process.wait(_PATIENCE_S) == 3


@pytest.mark.server
@pytest.mark.process
def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    with crew(tmp_path) as one:
        until(lambda: len(one.workers) == 2 and one.answers())
        workers = one.workers
        one.process.kill()
        until(lambda: not any(map(_runs, workers)))
