"""Asks the golden questions, adds further parts, compares with the floors, and lays out the board."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from coopbot.domain import Article
from coopbot.index.model.embedder import Progress
from evals.measure.board import render
from evals.measure.figures import GoldenScores, summed_up
from evals.measure.floors import load_floors, misses
from evals.measure.golden import QuestionAnswerer, Split, ask_all, load_questions
from evals.measure.scores import Estimate


class Part(Protocol):
    """What a further part of the evaluation brings to the board, such as XQuAD-R."""

    @property
    def figures(self) -> Mapping[str, Estimate]:
        """By names that begin with one of `OPTIONAL_PARTS`."""

    def sections(self) -> str:
        """Markdown that begins with a `## ` heading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """All that was measured, and the board. further: figures of the further parts. below: a line for each missed floor."""

    golden: GoldenScores
    further: Mapping[str, Estimate]
    board: str
    below: tuple[str, ...]

    def as_json(self) -> str:
        """Every figure with its interval, the reliability table, and the dev questions missed."""
        content = {
            "figures": {name: asdict(figure) for name, figure in {**self.golden.figures, **self.further}.items()},
            "reliability": {split: [asdict(b) for b in bins] for split, bins in self.golden.reliability.items()},
            "missed_dev": self.golden.missed,
            "questions": self.golden.counts,
            "below_floor": self.below,
        }
        return json.dumps(content, ensure_ascii=False, indent=2)


def evaluate(
    answerer: QuestionAnswerer,
    articles: Mapping[str, Article],
    *,
    questions: Path,
    floor: Path,
    split: Split | None = None,
    further: Sequence[Part] = (),
    progress: Progress = lambda done, total: None,
) -> Evaluation:
    """Ask the golden questions and lay out the board. Raises Unreadable, IndexMissing, Misconfigured.

    split: only these are asked. The figures of the other are then undefined, and a floor of one counts as missed.
    """
    floors = load_floors(floor)
    asked = [question for question in load_questions(questions) if split in (None, question.split)]
    golden = summed_up(ask_all(asked, answerer, articles, progress, search=True))
    figures = {name: figure for part in further for name, figure in part.figures.items()}
    return Evaluation(
        golden=golden,
        further=figures,
        board=render(golden, floors, figures, [part.sections() for part in further]),
        below=misses(floors, {**golden.figures, **figures}),
    )
