"""Questions about one of two things that are easily mixed up, to measure how often the other one is quoted."""

from __future__ import annotations

from pathlib import Path

from evals.measure.golden import AskedQuestion, SharedKind, Split, read_questions


class SiblingQuestion(AskedQuestion):
    """One line of `evals/siblings.jsonl`.

    topic: the section of the fact sheet, or the page. pages: whether it is about `evals/siblings/` and not about the corpus.
    tempting: strings of the sentences about the other thing.
    """

    kind: SharedKind
    split: Split
    topic: str
    tempting: tuple[str, ...]
    pages: bool = False


def load_siblings(path: Path) -> list[SiblingQuestion]:
    """The questions of a JSONL file. Raises Unreadable."""
    return read_questions(path, SiblingQuestion, option="--siblings")
