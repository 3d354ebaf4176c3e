"""`python -m tests.serve.worker_service FOLDER PROCESSES`: equal processes over a small index, with changes and metrics.

Prints its port. With 0 processes, it is one without uvicorn's. Where FOLDER has a file `broken`, processes end before they can
answer. Articles whose title is "slow" are added by whoever finds no file `died` in FOLDER for longer than any test waits.
"""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from pathlib import Path

from pydantic import SecretStr

from coopbot.ask.answer.answerer import Answerer
from coopbot.ask.understand.conversations import Conversations
from coopbot.errors import Misconfigured
from coopbot.index.live import LiveIndex
from coopbot.ingest.corpus.arrival import Arrival
from coopbot.ingest.draft import Draft
from coopbot.sections import Access
from coopbot.serve.changes import Changes, Limits
from coopbot.serve.http.metrics import Metrics, Monitoring
from coopbot.serve.http.service import HttpService
from coopbot.serve.run import Opened, listen, run_http, run_workers
from coopbot.state import State
from tests.fakes import BagOfWords, make_article
from tests.serve.fake_editor import FakeEditor

TOKEN = "only-for-tests-of-workers"
SHUTDOWN_S = 20
LEASE_S = 1.0
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


class DyingEditor(FakeEditor):
    """Writes its process id to `making` before it adds a slow article."""

    def add_draft(self, draft: Draft) -> Arrival:
        folder = self.index_dir.parent
        if draft.title == "slow" and not (folder / "died").exists():
            (folder / "making").write_text(str(os.getpid()))
            time.sleep(300)
        return super().add_draft(draft)


def open_service(folder: Path, shared: bool) -> Opened:
    if (folder / "broken").exists():
        raise Misconfigured("broken")
    embedder, metrics = BagOfWords(), Metrics(shared=shared)
    index = LiveIndex(folder / "index", embedder.fingerprint)
    state = State(folder / "state.sqlite")
    editor = DyingEditor(folder / "index", embedder, ARTICLES)
    changes = Changes(editor, state, limits=Limits(lease_s=LEASE_S))

    def waiting() -> dict[str, int]:
        return {"changes": changes.unfinished}

    (folder / f"worker-{os.getpid()}").touch()
    answerer = SlowAnswerer(embedder, index.current, on_answer=metrics.answered, conversations=Conversations(state))
    service = HttpService(
        answerer=answerer,
        index=index,
        changes=changes,
        access=Access(admin_token=SecretStr(TOKEN), rate_limit="off"),
        monitoring=Monitoring(metrics=metrics, token=TOKEN, index=index, models={}, waiting=waiting),
    )
    return service, None


def main() -> None:
    folder, processes = Path(sys.argv[1]), int(sys.argv[2])
    if not (folder / "index" / "CURRENT").exists():
        FakeEditor(folder / "index", BagOfWords(), ARTICLES).rebuild(lambda done, total: None)
    sockets = listen("127.0.0.1", 0)
    print(sockets[0].getsockname()[1], flush=True)
    if processes:
        hung_s = 5 if (folder / "broken").exists() else 30
        sys.exit(run_workers(partial(open_service, folder, True), sockets, processes, shutdown_s=SHUTDOWN_S, hung_s=hung_s))
    service, _ = open_service(folder, False)
    run_http(service, sockets, shutdown_s=SHUTDOWN_S)


if __name__ == "__main__":
    main()
