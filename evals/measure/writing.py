"""How a language model rewrites quotes: how much of it is supported, how often it is used, whether it is still right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import get_args

from coopbot.domain import Answer, Article, WritingOutcome
from coopbot.index.model.embedder import Progress
from evals.measure.board import cell, fill, table
from evals.measure.golden import AskedQuestion, QuestionAnswerer, in_turn, judge_answer
from evals.measure.scores import Estimate, estimate, mean

_LABELS = {"support": "support", "coverage": "coverage", "right": "right", "right_quoted": "right, quoted"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An answered question with its answer as it was written and as it is quoted."""

    question: AskedQuestion
    written: Answer
    right: bool
    right_quoted: bool

    @property
    def outcome(self) -> WritingOutcome:
        """What came of it."""
        assert self.written.writing is not None
        return self.written.writing.outcome

    @property
    def sentences(self) -> list[float]:
        """1 for each sentence that was kept, 0 for each that was dropped."""
        assert self.written.writing is not None
        kept = len(self.written.claims) if self.outcome == "written" else 0
        return [1.0] * kept + [0.0] * len(self.written.writing.dropped)


@dataclass(frozen=True, kw_only=True)
class WritingPart:
    """Keeps the `Part` contract. asked: how many questions; those that were answered are in `replies`."""

    model: str
    asked: int
    replies: Sequence[Written]

    @cached_property
    def figures(self) -> Mapping[str, Estimate]:
        """By names such as `llm.support`."""
        written = [one for one in self.replies if one.outcome == "written"]
        columns = {
            "support": [kept for one in self.replies for kept in one.sentences],
            "coverage": [float(one.outcome == "written") for one in self.replies],
            "right": [float(one.right) for one in written],
            "right_quoted": [float(one.right_quoted) for one in written],
        }
        return {f"llm.{name}": estimate(mean, values) for name, values in columns.items()}

    @cached_property
    def faults(self) -> Counter[str]:
        """How many sentences were dropped for each fault."""
        return Counter(fault for one in self.replies if one.written.writing for fault in one.written.writing.dropped)

    def sections(self) -> str:
        """Markdown."""
        figures = {label: self.figures[f"llm.{name}"] for name, label in _LABELS.items()}
        outcomes = Counter(one.outcome for one in self.replies)
        return fill(
            "writing",
            model=self.model,
            asked=self.asked,
            shares=table(("", "n", "share"), [(label, one.count, cell(one)) for label, one in figures.items()]),
            outcomes=table(("answers", "n"), [(name, outcomes[name]) for name in get_args(WritingOutcome)]),
            dropped=table(("dropped for", "sentences"), self.faults.most_common()),
        )


def ask_written(
    questions: Sequence[AskedQuestion],
    writing: QuestionAnswerer,
    quoting: QuestionAnswerer,
    articles: Mapping[str, Article],
    progress: Progress = lambda done, total: None,
) -> list[Written]:
    """Ask each twice, of an answerer with a writer and of one without. Raises IndexMissing as `located` does."""
    replies = []
    for question in in_turn(questions, articles, progress):
        answer = writing.ask(question.question)
        if answer.writing is not None:
            right = judge_answer(question, answer, articles).any
            right_quoted = judge_answer(question, quoting.ask(question.question), articles).any
            replies.append(Written(question=question, written=answer, right=right, right_quoted=right_quoted))
    return replies
