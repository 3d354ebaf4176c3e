"""Questions by somebody who had seen neither the code nor the golden questions: over the corpus, and over pages of their own.

They are for reporting only: nothing is tuned on them, and no figure or board names those that were missed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from coopbot.index.model.embedder import Progress
from coopbot.sections import MilvusServer
from coopbot.settings import Settings
from coopbot.wiring import Models, Service, open_service, rebuild
from evals.measure.golden import AskedQuestion, SharedKind, read_questions

UnseenKind = Literal[SharedKind, "by-date"]
UNSEEN_KINDS: tuple[UnseenKind, ...] = get_args(UnseenKind)


class UnseenQuestion(AskedQuestion):
    """One line of `unseen.jsonl`, `blind.jsonl`, `final.jsonl`, `former-final.jsonl` or `pages.jsonl` in `evals/`.

    topic: the section of the fact sheet. near: for an unanswerable one, articles on its subject.
    """

    kind: UnseenKind
    topic: str = ""
    near: tuple[str, ...] = ()


def load_unseen(path: Path, *, option: str) -> list[UnseenQuestion]:
    """The questions of a JSONL file. option: names the file on the command line. Raises Unreadable."""
    return read_questions(path, UnseenQuestion, option=option)


def open_pages(folder: Path, settings: Settings, models: Models, progress: Progress = lambda done, total: None) -> Service:
    """The pages of a folder in a local index of their own, which is kept beside the vector cache and brought up to date.

    Raises Unreadable for a page that cannot be read.
    """
    own = settings.model_copy(
        update={"corpus_dir": folder, "index_dir": settings.index_dir / "cache" / folder.name, "milvus": MilvusServer()}
    )
    _, unreadable = rebuild(own, models.embedder, progress=progress)
    if unreadable:
        raise unreadable[0]
    return open_service(own, models=models)
