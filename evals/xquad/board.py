"""XQuAD-R on the scoreboard: figures such as `xquad.en-zh.mrr`, and their section."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from coopbot.domain import LANGUAGES
from evals.measure.board import cell, table
from evals.measure.scores import Estimate
from evals.xquad.scores import XquadScores

_ABOUT = """\
## XQuAD-R

All passages of one language are the corpus; every sixth question of the odd articles, which nothing was learned from, is asked
against one language at a time. MRR is of the right passage. The next columns say how often the gold sentence is the first
quote, and among the first two. No evidence: with the right passage taken out of the index, the share refused at precision .90,
every question whose passage is in the index counting as answerable; and the same if only those count whose passage came first.
"""

_ABOUT_UNREAD = """
The same without the reader, by retrieval alone:

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
    """A `Part` of the evaluation. unread: scores of the same questions without the reader, if there is one."""

    scores: XquadScores
    unread: XquadScores | None = None

    @cached_property
    def figures(self) -> Mapping[str, Estimate]:
        """By name; those without the reader begin with `xquad.unread.`."""
        unread = self.unread.estimates() if self.unread else {}
        return {
            **{f"xquad.{name}": figure for name, figure in self.scores.estimates().items()},
            **{f"xquad.unread.{name}": figure for name, figure in unread.items()},
        }

    def sections(self) -> str:
        """Markdown."""
        text = f"{_ABOUT}\n{self._table('xquad.')}"
        return text + _ABOUT_UNREAD + self._table("xquad.unread.") if self.unread else text

    def _table(self, start: str) -> str:
        names = [*(f"{asked}-{language}" for asked in LANGUAGES for language in LANGUAGES), "same", "across"]
        rows = [(name.replace("-", " → "), *self._cells(start + name)) for name in names]
        return table(("", *_LABELS.values()), rows)

    def _cells(self, name: str) -> Iterator[str]:
        return (cell(self.figures[f"{name}.{measure}"]) for measure in _LABELS)
