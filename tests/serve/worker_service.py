"""`python -m tests.serve.worker_service FOLDER WORKERS`: workers over a small index, with changes, metrics and conversations.

Prints its port. Where FOLDER has a file `broken`, workers end before they can answer.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from functools import partial
from pathlib import Path

from coopbot.ask.answer.answerer import Answerer
from coopbot.ask.understand.conversations import Conversations
from coopbot.index.live import LiveIndex
from coopbot.serve.http.metrics import Metrics, Monitoring
from coopbot.serve.http.service import HttpService
from coopbot.serve.jobs import Jobs
from coopbot.serve.run import run_http
from coopbot.serve.workers import Worker, listen, run_workers
from coopbot.state import State
from tests.fakes import BagOfWords, make_article
from tests.serve.fake_editor import FakeEditor

TOKEN = "only-for-tests-of-workers"
SHUTDOWN_S = 20
ARTICLES = [
    make_article("en/bridge", "The Tongjiang bridge carried 5.1 million tonnes of cargo in 2023."),
    make_article("en/port", "The port of Zarubino has a capacity of 60 million tonnes a year."),
]


class SlowAnswerer(Answerer):
    """Takes two seconds for questions with "slowly" in them."""

    # The parameters are passed on as they are.
    def ask(self, question: str, **others):  # type: ignore[no-untyped-def]
        if "slowly" in question:
            time.sleep(2)
        return super().ask(question, **others)


def work(folder: Path, worker: Worker, sockets: list[socket.socket]) -> None:
    if (folder / "broken").exists():
        sys.exit(3)
    embedder, metrics = BagOfWords(), Metrics(shared=True)
    editor = FakeEditor(folder / "index", embedder, ARTICLES)
    if worker.is_leader and not (folder / "index" / "CURRENT").exists():
        editor.rebuild(lambda done, total: None)
    index = LiveIndex(folder / "index", embedder.fingerprint)
    jobs = Jobs(editor) if worker.is_leader else None

    def waiting() -> dict[str, int]:
        return {"changes": jobs.unfinished} if jobs else {}

    shared = Conversations(State(folder / "state.sqlite"))
    (folder / f"worker-{os.getpid()}").touch()
    service = HttpService(
        answerer=SlowAnswerer(embedder, index.current, on_answer=metrics.answered, conversations=shared),
        index=index,
        jobs=jobs,
        admin_token=TOKEN,
        monitoring=Monitoring(metrics=metrics, token=TOKEN, index=index, models={}, waiting=waiting),
    )
    run_http(service, sockets, shutdown_s=SHUTDOWN_S, worker=worker)


def main() -> None:
    sockets = listen("127.0.0.1", 0)
    print(sockets[0].getsockname()[1], flush=True)
    sys.exit(run_workers(partial(work, Path(sys.argv[1])), sockets, int(sys.argv[2]), shutdown_s=SHUTDOWN_S))


if __name__ == "__main__":
    main()
