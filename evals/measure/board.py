"""The scoreboard: figures as Markdown, the same text for the same figures. What stands around the figures is in pages/."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from string import Template

from coopbot.domain import LANGUAGES
from evals.measure.figures import COSTS, GoldenScores
from evals.measure.floors import Floors
from evals.measure.golden import KINDS, PLAIN, SPLITS, AskedQuestion
from evals.measure.scores import Estimate

# Rows and columns of tables by the parts of the figures' names, as `compared` takes them.
ANSWERS = {
    "an article in the question's language has it": "answer.same",
    "only articles in other languages have it": "answer.across",
    **{f"asked in {language}": f"answer.{language}" for language in LANGUAGES},
    "all": "answer.all",
}
REFUSALS = {"all": "no_evidence.all", **{f"asked in {language}": f"no_evidence.{language}" for language in LANGUAGES}}
REFUSAL_FIGURES = {"precision": "precision", "recall": "recall", "recall at precision .90": "recall_at_90", "area": "area"}
ANSWER_COLUMNS = {"first quote": "first", "refused": "refused", "wrong": "wrong", "right first": "offered"}
_GRADES = {grade.replace("_", " "): f"grade.{grade}" for grade in COSTS}
_GRADE_FIGURES = {"right": "right", "of those with an answer": "with_answer", "of those without": "without_answer"}
_ANSWER_FIGURES = {"first quote": "first", "any quote": "any", "first, if answered": "first_when_answered"}
_CONFIDENCE_FIGURES = {"area under risk-coverage": "risk_coverage_area", "calibration error": "calibration_error"}
_DIRECTIONS = {f"{asked} → {language}": f"retrieval.{asked}-{language}" for asked in LANGUAGES for language in LANGUAGES}


def render(golden: GoldenScores, floors: Floors, further: Mapping[str, Estimate], sections: Iterable[str]) -> str:
    """The board. `further` figures and their `sections` come from further parts of the evaluation."""
    shown = partial(compared, golden.figures, sets=SPLITS)
    return fill(
        "scoreboard",
        floors=_floors(floors, {**golden.figures, **further}),
        answers=shown({**ANSWERS, "follow-ups": "answer.follow_up"}, _ANSWER_FIGURES),
        kinds=shown({kind: f"kind.{kind}" for kind in KINDS if kind in PLAIN}, {"first quote": "first"}),
        grades=grades(golden.figures, sets=SPLITS),
        exact=shown({"citations": "citation"}, {"exact": "exact"}),
        refusals=shown(REFUSALS, REFUSAL_FIGURES),
        false_premises=shown({"false premises": "false_premise"}, {"right": "right"}),
        small_talk=shown({"small talk": "small_talk"}, {"right": "right"}),
        confidence=shown({"all": "confidence"}, _CONFIDENCE_FIGURES),
        reliability=_reliability(golden),
        disagreements=shown({"disagreements": "disagreement"}, {"found": "found", "false": "false"}),
        retrieval=shown(_DIRECTIONS, {"MRR": "mrr", "nDCG@10": "ndcg_10"}),
        recall=shown(_DIRECTIONS, {f"recall@{depth}": f"recall_{depth}" for depth in (1, 5, 10)}),
        further="\n".join(sections),
        missed=_missed(golden.missed.items()),
    )


def grades(figures: Mapping[str, Estimate], sets: Sequence[str]) -> str:
    """What people meet, of sets of questions side by side."""
    shown = partial(compared, figures, sets=sets)
    costs = (
        f"{grade.replace('_', ' ')} {', '.join(f'{verdict} {cost:g}' for verdict, cost in by_verdict.items())}"
        for grade, by_verdict in COSTS.items()
    )
    return fill(
        "grades",
        grades=shown(_GRADES, _GRADE_FIGURES),
        language=shown({"right first quotes": "met"}, {"own language": "own_language"}),
        costs="; ".join(costs),
        cost=shown({"all": "met"}, {"cost": "cost"}),
    )


def missed_by_kind(questions: Iterable[AskedQuestion]) -> str:
    """The ids of questions, by kind."""
    by_kind: dict[str, list[str]] = {}
    for question in questions:
        by_kind.setdefault(question.kind, []).append(question.id)
    return _missed(by_kind.items())


def _missed(by_kind: Iterable[tuple[str, Sequence[str]]]) -> str:
    return table(("kind", "questions"), [(kind, ", ".join(ids)) for kind, ids in by_kind if ids])


def fill(name: str, **parts: object) -> str:
    """A page of the folder pages/ with its tables and other parts; where one is empty, no gap is left."""
    page = (Path(__file__).parent / "pages" / f"{name}.txt").read_text(encoding="utf-8")
    filled = Template(page).substitute({key: str(part).rstrip() for key, part in parts.items()})
    return re.sub(r"\n{3,}", "\n\n", filled).rstrip() + "\n"


def _floors(floors: Floors, figures: Mapping[str, Estimate]) -> str:
    rows = [
        (f"`{name}`", f"{sign} {_number(bound)}", _number(figures[name].value))
        for bounds, sign in ((floors.at_least, "≥"), (floors.at_most, "≤"))
        for name, bound in bounds.items()
        if name in figures
    ]
    return table(("figure", "floor", "now"), rows)


def _reliability(golden: GoldenScores) -> str:
    rows = []
    for low in sorted({b.low for bins in golden.reliability.values() for b in bins}):
        cells = []
        for split in SPLITS:
            found = next((b for b in golden.reliability[split] if b.low == low), None)
            cells += [str(found.count), _number(found.confidence), _number(found.right)] if found else ["0", "–", "–"]
        rows.append((f"{low:.1f}–{low + 0.1:.1f}", *cells))
    names = (f"{split} {name}" for split in SPLITS for name in ("questions", "mean confidence", "right"))
    return table(("confidence", *names), rows)


def compared(
    figures: Mapping[str, Estimate], groups: Mapping[str, str], columns: Mapping[str, str], sets: Sequence[str]
) -> str:
    """A table with one row per group and, for each column, the sets of questions side by side.

    A figure's name is `set.group.column`. The column `n` has the number of questions behind the first figure.
    """
    header = ["", f"n {' / '.join(sets)}", *(f"{name} {one}" for name in columns for one in sets)]
    rows = []
    for label, group in groups.items():
        found = [[figures[f"{one}.{group}.{key}"] for one in sets] for key in columns.values()]
        counts = " / ".join(str(figure.count) for figure in found[0])
        rows.append((label, counts, *(cell(figure) for column in found for figure in column)))
    return table(header, rows)


def cell(figure: Estimate) -> str:
    """A figure with its interval."""
    if figure.value is None:
        return "–"
    return f"{_number(figure.value)} ({_number(figure.low)}–{_number(figure.high)})"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)
