"""Questions about one of two things that are easily mixed up, to measure how often the other one is quoted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from coopbot.domain import LANGUAGES, Article
from coopbot.index.model.embedder import Progress
from evals.measure.board import compared, fill, grades, missed_by_kind
from evals.measure.facts import Accepted, is_right
from evals.measure.figures import Figures, grade_figures, kind_figures, share
from evals.measure.golden import (
    PLAIN_SHARED,
    SPLITS,
    AskedQuestion,
    QuestionAnswerer,
    Reply,
    SharedKind,
    Split,
    in_turn,
    judge_answer,
    quote_of,
    read_questions,
)
from evals.measure.scores import Estimate

_ROWS = {"all": "all", "over the corpus": "corpus", "over pages": "pages", **{f"asked in {one}": one for one in LANGUAGES}}
_COLUMNS = {"first quote": "first", "refused": "refused", "wrong": "wrong", "tempted": "tempted", "declined": "declined"}


class SiblingQuestion(AskedQuestion):
    """One line of `evals/siblings.jsonl`.

    topic: the section of the fact sheet, or the page. pages: whether it is about `evals/siblings/` and not about the corpus.
    tempting: what the sentences about the other thing have.
    """

    kind: SharedKind
    split: Split
    topic: str
    tempting: tuple[Accepted, ...]
    pages: bool = False


def load_siblings(path: Path) -> list[SiblingQuestion]:
    """The questions of a JSONL file. Raises Unreadable."""
    return read_questions(path, SiblingQuestion, option="--siblings")


@dataclass(frozen=True, kw_only=True)
class SiblingReply(Reply[SiblingQuestion]):
    """tempted: whether it was answered with a first quote about the other thing, and not the right one."""

    tempted: bool


def ask_siblings(
    questions: Sequence[SiblingQuestion],
    answerer: QuestionAnswerer,
    articles: Mapping[str, Article],
    progress: Progress = lambda done, total: None,
) -> list[SiblingReply]:
    """Ask each once. Raises IndexMissing as `located` does."""
    replies = []
    for question in in_turn(questions, articles, progress):
        answer = answerer.ask(question.question)
        reply = judge_answer(question, answer, articles)
        first = any(is_right(quote_of(citation, articles), question.tempting) for citation in answer.citations[:1])
        replies.append(SiblingReply(**vars(reply), tempted=reply.shown and first and not reply.first))
    return replies


@dataclass(frozen=True, kw_only=True)
class SiblingsPart:
    """Keeps the `Part` contract."""

    replies: Sequence[SiblingReply]

    @cached_property
    def figures(self) -> Mapping[str, Estimate]:
        """By name, such as `siblings.test.all.first`."""
        return {
            f"siblings.{split}.{name}": figure
            for split in SPLITS
            for name, figure in _figures([one for one in self.replies if one.question.split == split]).items()
        }

    def sections(self) -> str:
        """Markdown."""
        sets = [f"siblings.{split}" for split in SPLITS]
        shown = partial(compared, self.figures, sets=sets)
        return fill(
            "siblings",
            answers=shown(_ROWS, _COLUMNS),
            kinds=shown({kind: f"kind.{kind}" for kind in PLAIN_SHARED}, {"first quote": "first"}),
            grades=grades(self.figures, sets=sets),
            missed=missed_by_kind([one.question for one in self.replies if one.question.split == "dev" and not one.right]),
        )


def _figures(replies: Sequence[SiblingReply]) -> Figures:
    groups: dict[str, Sequence[SiblingReply]] = {
        "all": replies,
        "corpus": [one for one in replies if not one.question.pages],
        "pages": [one for one in replies if one.question.pages],
        **{language: [one for one in replies if one.question.language == language] for language in LANGUAGES},
    }
    figures: Figures = {}
    for name, group in groups.items():
        answerable = [one for one in group if one.question.answers]
        figures[f"{name}.first"] = share(answerable, lambda one: one.found)
        figures[f"{name}.refused"] = share(answerable, lambda one: not one.shown)
        figures[f"{name}.wrong"] = share(answerable, lambda one: one.shown and not one.first)
        figures[f"{name}.tempted"] = share(group, lambda one: one.tempted)
        figures[f"{name}.declined"] = share([one for one in group if not one.question.answers], lambda one: one.declined)
    with_answer = [one for one in replies if one.question.answers]
    return {**figures, **kind_figures(with_answer, PLAIN_SHARED), **grade_figures(replies)}
