"""`python -m tests.page.service INDEX_DIR OPTIONS`: the service over the articles of the page's tests, quick to start."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from coopbot.ask.answer.answerer import Answerer
from coopbot.ask.rank.reader import ReadPassage
from coopbot.domain import Passage
from coopbot.index.live import LiveIndex
from coopbot.sections import Access
from coopbot.serve.changes import Changes
from coopbot.serve.http.service import HttpService
from coopbot.serve.run import listen, run_http
from coopbot.state import State
from tests.fakes import BagOfWords, FigureReader
from tests.page.corpus import ARTICLES, QUESTIONS
from tests.serve.fake_editor import FakeEditor

ADMIN_TOKEN = "only-for-tests-of-the-page"


class PatientReader(FigureReader):
    """Takes longer than any test over a question with "slowly" in it, the first time it is asked."""

    most = 16

    def __init__(self) -> None:
        super().__init__()
        self._asked: set[str] = set()

    def read(self, question: str, passages: Sequence[tuple[str, Passage]]) -> list[ReadPassage]:
        if "slowly" in question and question not in self._asked:
            self._asked.add(question)
            time.sleep(300)
        return super().read(question, passages)


def main() -> None:
    index_dir, options = Path(sys.argv[1]), json.loads(sys.argv[2])
    embedder = BagOfWords()
    editor = FakeEditor(index_dir, embedder, ARTICLES)
    if not (index_dir / "CURRENT").exists():
        editor.rebuild(lambda done, total: None)
    index = LiveIndex(index_dir, embedder.fingerprint)
    sockets = listen("127.0.0.1", 0)
    print(sockets[0].getsockname()[1], flush=True)
    service = HttpService(
        answerer=Answerer(embedder, index.current, PatientReader()),
        index=index,
        changes=Changes(editor, State(None)),
        access=Access(**{"admin_token": ADMIN_TOKEN, **options}),
        questions=QUESTIONS,
    )
    run_http(service, sockets, shutdown_s=2)


if __name__ == "__main__":
    main()
