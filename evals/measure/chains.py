"""Conversations of two to four questions about one subject, to measure whether a follow-up keeps to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from coopbot.domain import LANGUAGES, Article, Language
from coopbot.index.model.embedder import Progress
from evals.measure.board import ANSWER_COLUMNS, compared, fill, grades, missed_by_kind
from evals.measure.figures import Figures, answer_figures, grade_figures, kind_figures, share
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
    read_rows,
)
from evals.measure.scores import Estimate

_TURNS = {
    "first question": "first_question",
    "follow-ups": "follow_up",
    **{f"follow-ups in {language}": f"follow_up_{language}" for language in LANGUAGES},
    "follow-ups without an answer": "follow_up_without_answer",
    "switches": "switch",
}
_ASKED_IN = {f"asked in {language}": f"answer.{language}" for language in LANGUAGES}


class ChainTurn(AskedQuestion):
    """A question of a conversation. number: its place, from 1. switch: it changes the subject on purpose, and says all."""

    kind: SharedKind
    split: Split
    number: int
    switch: bool = False

    @property
    def is_follow_up(self) -> bool:
        """Whether it is about what was asked before."""
        return self.number > 1 and not self.switch


class Chain(BaseModel):
    """One line of `evals/chains.jsonl`: a conversation. The questions after the first, but for switches, are follow-ups."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    language: Language
    split: Split
    topic: str
    turns: tuple[ChainTurn, ...]

    @model_validator(mode="before")
    @classmethod
    def _complete_turns(cls, row: dict[str, Any]) -> dict[str, Any]:
        # Conversations of one topic ask for much the same, so that intervals draw topics where they otherwise draw facts.
        shared = {"language": row["language"], "split": row["split"], "fact": row["topic"]}
        turns = [
            {**turn, **shared, "id": f"{row['id']}.{number}", "number": number}
            for number, turn in enumerate(row["turns"], start=1)
        ]
        return {**row, "turns": turns}


def load_chains(path: Path) -> list[Chain]:
    """The conversations of a JSONL file. Raises Unreadable."""
    return read_rows(path, Chain, option="--chains")


def ask_chains(
    chains: Sequence[Chain],
    answerer: QuestionAnswerer,
    articles: Mapping[str, Article],
    progress: Progress = lambda done, total: None,
) -> list[Reply[ChainTurn]]:
    """Ask each conversation from its first question to its last. Raises IndexMissing as `located` does."""
    conversation_of = {turn.id: f"eval-{chain.id}" for chain in chains for turn in chain.turns}
    turns = [turn for chain in chains for turn in chain.turns]
    return [
        judge_answer(turn, answerer.ask(turn.question, conversation_id=conversation_of[turn.id]), articles)
        for turn in in_turn(turns, articles, progress)
    ]


@dataclass(frozen=True, kw_only=True)
class ChainsPart:
    """Keeps the `Part` contract."""

    replies: Sequence[Reply[ChainTurn]]

    @cached_property
    def figures(self) -> Mapping[str, Estimate]:
        """By name, such as `chains.test.follow_up.right`."""
        return {
            f"chains.{split}.{name}": figure
            for split in SPLITS
            for name, figure in _figures([one for one in self.replies if one.question.split == split]).items()
        }

    def sections(self) -> str:
        """Markdown."""
        shown = partial(compared, self.figures, sets=[f"chains.{split}" for split in SPLITS])
        missed = [one for one in self.replies if one.question.split == "dev" and one.question.number > 1 and not one.right]
        return fill(
            "chains",
            turns=shown(_TURNS, {"right": "right"}),
            answers=shown({"all": "answer.all", **_ASKED_IN}, ANSWER_COLUMNS),
            kinds=shown({kind: f"kind.{kind}" for kind in PLAIN_SHARED}, {"first quote": "first"}),
            grades=grades(self.figures, sets=[f"chains.{split}" for split in SPLITS]),
            missed=missed_by_kind([one.question for one in missed]),
        )


def _figures(replies: Sequence[Reply[ChainTurn]]) -> Figures:
    follow_ups = [one for one in replies if one.question.is_follow_up]
    groups = {
        "first_question": [one for one in replies if one.question.number == 1],
        "follow_up": follow_ups,
        **{f"follow_up_{language}": [one for one in follow_ups if one.question.language == language] for language in LANGUAGES},
        "follow_up_without_answer": [one for one in follow_ups if not one.question.answers],
        "switch": [one for one in replies if one.question.switch],
    }
    answerable = [one for one in follow_ups if one.question.answers]
    return {
        **{f"{name}.right": share(group, lambda one: one.right) for name, group in groups.items()},
        **answer_figures(answerable),
        **kind_figures(answerable, PLAIN_SHARED),
        **grade_figures(follow_ups),
    }
