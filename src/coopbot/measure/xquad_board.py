"""XQuAD-R on the scoreboard: figures such as `xquad.odd.en-zh.mrr`, and their section."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from coopbot.measure.board import cell, table
from coopbot.measure.scores import Estimate
from coopbot.measure.xquad_scores import XquadScores

_ABOUT = """\
## XQuAD-R

All passages of one language are the corpus; each question is asked against one language at a time. Odd articles, which
nothing was learned from, with their intervals, beside all. MRR is of the right passage. The next columns tell how often
the gold sentence is the first quote, and among the first two. No evidence: with the right passage taken out of the index,
the share refused at precision .90, every question whose passage is in the index counting as answerable; and the same if
only those count whose passage came first.

"""

_LABELS = {
    "mrr": "MRR",
    "first": "first quote",
    "first_two": "first two",
    "no_recall_strict": "no evidence",
    "no_recall_found": "no evidence, found",
}


@dataclass(frozen=True, kw_only=True)
class XquadPart:
    """Keeps the `Part` contract. Besides the nine directions there are their means: `same` language and `across`."""

    scores: XquadScores

    @cached_property
    def figures(self) -> Mapping[str, Estimate]:
        """By name."""
        return {f"xquad.{name}": figure for name, figure in self.scores.estimates().items()}

    def sections(self) -> str:
        """Markdown."""
        figures = self.figures
        names = [name.split(".")[2] for name in figures if name.startswith("xquad.all.") and name.endswith(".mrr")]
        header = ("", *(f"{label} {part}" for label in _LABELS.values() for part in ("odd", "all")))
        rows = [
            (name.replace("-", " → "), *(text for measure in _LABELS for text in _cells(figures, name, measure)))
            for name in names
        ]
        return _ABOUT + table(header, rows)


def _cells(figures: Mapping[str, Estimate], name: str, measure: str) -> tuple[str, str]:
    return cell(figures[f"xquad.odd.{name}.{measure}"]), f"{figures[f'xquad.all.{name}.{measure}'].value:.3f}"
