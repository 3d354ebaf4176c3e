"""XQuAD-R on the scoreboard: figures such as `xquad.odd.en-zh.mrr`, and their section."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

from coopbot.measure.board import table
from coopbot.measure.scores import Estimate
from coopbot.measure.xquad_scores import Direction, XquadScores

_ABOUT = """\
## XQuAD-R

All passages of one language are the corpus; each question is asked against one language at a time. Odd articles, which
nothing was learned from, beside all. MRR is of the right passage. The next columns tell how often the gold sentence is the
first quote, and among the first two. No evidence: with the right passage taken out of the index, the share refused at
precision .90, every question whose passage is in the index counting as answerable; and the same if only those count whose
passage came first.

"""

_MEASURES = {
    "mrr": "MRR",
    "first": "first quote",
    "first_two": "first two",
    "no_recall_strict": "no evidence",
    "no_recall_found": "no evidence, found",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class XquadPart:
    """Keeps the `Part` contract. Besides the nine directions there are their means: `same` language and `across`."""

    scores: XquadScores

    @property
    def figures(self) -> Mapping[str, Estimate]:
        """By name; without intervals."""
        return {f"xquad.{name}": Estimate(value=value, low=None, high=None, count=0) for name, value in self._values().items()}

    def sections(self) -> str:
        """Markdown."""
        values = self._values()
        directions = [name.split(".")[1] for name in values if name.startswith("all.") and name.endswith(".mrr")]
        header = ("", *(f"{label} {part}" for label in _MEASURES.values() for part in ("odd", "all")))
        rows = [
            (
                direction.replace("-", " → "),
                *(f"{values[f'{part}.{direction}.{measure}']:.3f}" for measure in _MEASURES for part in ("odd", "all")),
            )
            for direction in directions
        ]
        return _ABOUT + table(header, rows)

    def _values(self) -> dict[str, float]:
        values: dict[str, float] = {}
        for part, directions in (("odd", self.scores.odd), ("all", self.scores.all)):
            groups = {f"{d.question_language}-{d.passage_language}": [d] for d in directions}
            groups["same"] = [d for d in directions if d.question_language == d.passage_language]
            groups["across"] = [d for d in directions if d.question_language != d.passage_language]
            for name, group in groups.items():
                measured = [_measures(d) for d in group]
                values |= {f"{part}.{name}.{measure}": fmean(m[measure] for m in measured) for measure in _MEASURES}
        return values


def _measures(direction: Direction) -> dict[str, float]:
    return {
        "mrr": direction.mrr,
        "first": direction.first,
        "first_two": direction.first_two,
        "no_recall_strict": direction.no_recall_strict,
        "no_recall_found": direction.no_recall_found,
    }
