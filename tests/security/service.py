"""`python -m tests.security.service OPTIONS`: the HTTP service over a small index with a bag-of-words embedder, quick to start.

Its editor reads files whose name begins with `slow` for longer than any test waits. With `corpus`, a folder, it is the real
one, which reads documents in the sandbox.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from coopbot.ask.answer.answerer import Answerer
from coopbot.editing import CorpusEditor
from coopbot.index.live import LiveIndex
from coopbot.ingest.corpus.arrival import Arrival
from coopbot.ingest.corpus.store import Corpus
from coopbot.ingest.formats.sandbox import Sandbox
from coopbot.sections import QuestionLimits, ReadLimits
from coopbot.serve.admission import Admission
from coopbot.serve.changes import Changes, Editor, Limits
from coopbot.serve.http.connections import Timeouts
from coopbot.serve.http.service import HttpService
from coopbot.serve.run import listen, run_http
from coopbot.state import State
from tests.fakes import BagOfWords, make_article
from tests.serve.fake_editor import FakeEditor
from tests.serve.small_service import access

ADMIN_TOKEN = "only-for-tests-of-the-service"
BRIDGE = make_article("en/bridge", "The railway bridge opened to freight in 2022.", title="Bridge")


class SlowEditor(FakeEditor):
    slow = True

    def add_file(self, data: bytes, name: str) -> Arrival:
        if name.startswith("slow") and self.slow:
            time.sleep(300)
        if name.startswith("busy"):
            self.spin()
        return super().add_file(data, name)

    def spin(self) -> None:
        until = time.monotonic() + 300
        while time.monotonic() < until:
            pass


class SlowAnswerer(Answerer):
    """Answers questions with "slowly" in them after a second, and those with "never" not at all."""

    # The parameters are passed on as they are.
    def ask(self, question: str, **others):  # type: ignore[no-untyped-def]
        if "slowly" in question:
            time.sleep(1)
        if "never" in question:
            time.sleep(300)
        return super().ask(question, **others)


def main() -> None:
    options = json.loads(sys.argv[1])
    if "files" in options:
        resource.setrlimit(resource.RLIMIT_NOFILE, options["files"])
    index_dir = Path(options["index_dir"])
    embedder = BagOfWords()
    fake = SlowEditor(index_dir, embedder, [BRIDGE])
    fake.slow = not options.get("quick")
    if not (index_dir / "CURRENT").exists():
        fake.rebuild(lambda done, total: None)
    state = State(index_dir / "state.sqlite")
    editor: Editor = fake
    if "corpus" in options:
        # Longer than on any busy machine, so that what a test stops is still being read.
        sandbox = Sandbox(ReadLimits(timeout_s=300))
        corpus = Corpus(Path(options["corpus"]), read=sandbox.read)
        editor = CorpusEditor(corpus=corpus, state=state, rebuild=fake.rebuild, read=sandbox.read, stop=sandbox.close)
    index = LiveIndex(index_dir, embedder.fingerprint)
    sockets = listen("127.0.0.1", 0)
    print(sockets[0].getsockname()[1], flush=True)
    shutdown_s = options.get("shutdown_s", 2)
    limits = Limits(stop_s=options.get("stop_s", shutdown_s * 0.85), lease_s=options.get("lease_s", 15.0))
    service = HttpService(
        answerer=SlowAnswerer(embedder, index.current),
        index=index,
        admission=Admission(QuestionLimits(at_once=8)),
        changes=Changes(editor, state, limits=limits),
        access=access(**{"admin_token": ADMIN_TOKEN, **options.get("access", {})}),
    )
    timeouts = Timeouts(**options["timeouts"]) if "timeouts" in options else None
    run_http(service, sockets, shutdown_s=shutdown_s, timeouts=timeouts)


if __name__ == "__main__":
    main()
