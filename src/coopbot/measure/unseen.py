"""Questions by somebody who had seen neither the code nor the golden questions: over the corpus, and over pages of their own.

They only report. Nothing is tuned on them, so no figure and no board names the ones that were missed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, get_args

from coopbot.domain import Article
from coopbot.index.model.embedder import Progress
from coopbot.measure.golden import AskedQuestion, Asks, Reply, judge_answer, read_questions, require_articles
from coopbot.settings import Settings
from coopbot.wiring import Models, Service, open_service, rebuild

UnseenKind = Literal[
    "number",
    "date",
    "who",
    "where",
    "list",
    "explain",
    "practical",
    "claim",
    "by-date",
    "latest",
    "keyword",
    "two-part",
    "rules",
    "compare",
    "summary",
    "source",
    "follow-up",
    "conflict",
    "small-talk",
    "unanswerable",
]
UNSEEN_KINDS: tuple[UnseenKind, ...] = get_args(UnseenKind)


class UnseenQuestion(AskedQuestion):
    """One line of `evals/unseen.jsonl`, `evals/blind.jsonl` or `evals/pages.jsonl`.

    topic: the section of the fact sheet. after: what was asked before, for a follow-up. near: for an unanswerable one, articles
    on its subject. conflict: the sides of a disagreement, each the strings of which one shows it.
    """

    kind: UnseenKind
    topic: str = ""
    after: str = ""
    near: tuple[str, ...] = ()
    conflict: tuple[tuple[str, ...], ...] = ()


def load_unseen(path: Path, *, option: str) -> list[UnseenQuestion]:
    """The questions of a JSONL file, which the command line takes by `option`. Raises Unreadable."""
    return read_questions(path, UnseenQuestion, option=option)


def ask_unseen(
    questions: Sequence[UnseenQuestion],
    answerer: Asks,
    article: Callable[[str], Article | None],
    progress: Progress = lambda done, total: None,
) -> list[Reply]:
    """Ask each once, a follow-up after the question before it. Raises IndexMissing if the index lacks a listed article."""
    require_articles(questions, article)
    replies = []
    progress(0, len(questions))
    for done, question in enumerate(questions, start=1):
        conversation = f"eval-{question.id}" if question.after else None
        if question.after:
            answerer.ask(question.after, conversation_id=conversation)
        replies.append(judge_answer(question, answerer.ask(question.question, conversation_id=conversation), article))
        progress(done, len(questions))
    return replies


def open_pages(folder: Path, settings: Settings, models: Models, progress: Progress = lambda done, total: None) -> Service:
    """The pages of a folder in a local index of their own, which is kept beside the vector cache and brought up to date.

    Raises Unreadable for a page that cannot be read.
    """
    own = settings.model_copy(
        update={"corpus_dir": folder, "index_dir": settings.index_dir / "cache" / "pages", "milvus_uri": None}
    )
    _, unreadable = rebuild(own, models.embedder, progress=progress)
    if unreadable:
        raise unreadable[0]
    return open_service(own, models=models)
