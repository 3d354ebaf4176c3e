"""The scoreboard: figures as Markdown, the same text for the same figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from coopbot.domain import LANGUAGES
from coopbot.measure.figures import GoldenScores
from coopbot.measure.floors import Floors
from coopbot.measure.golden import KINDS, PLAIN, SPLITS
from coopbot.measure.scores import Estimate

_ABOUT = """\
# Scoreboard

Made by `coopbot eval` from [the golden questions](../evals/README.md); not written by hand. Weights and thresholds are
tuned on dev; test only reports. No subject is in both. Figures are shares from 0 to 1, with 95 % intervals from 1,000
bootstrap resamples of the questions, and behind each row how many questions its first figure is of.
"""

_ABOUT_FLOORS = """\
## Floors

`coopbot eval` fails when a figure is on the wrong side of its floor, which is near what landed last.

"""

_ABOUT_ANSWERS = """\
## Answers

An answer is found when a quote holds one of the strings that the question accepts; a refusal is not found. Of questions
that quotes answer: not of conflicts, false premises, unanswerable ones and small talk.

"""

_ABOUT_REFUSALS = """\
## Saying no

Precision: the share of refusals that are right, because no article answers. Recall: the share of such questions that are
refused. Then the threshold may go where it gives the most recall at precision .90. Area: how often a question with an answer
gets more confidence than one without.

"""

_ABOUT_CONFIDENCE = """\
## Confidence

Of all questions; right means that the first quote holds an accepted answer, so nothing is right for a question that has
none. Area under risk-coverage: the share wrong among the most confident answers, mean over all ways to draw the line; less
is better. Calibration error: how far confidence lies from the share right.

"""

_ABOUT_DISAGREEMENTS = """\
## Disagreements

Found: questions to which articles give different figures, with a disagreement told that quotes two sides. False: other
questions that have an answer, with a disagreement told; less is better.

"""

_ABOUT_RETRIEVAL = """\
## Retrieval

From the question's language to the language of the articles searched, by article. Recall@k: the listed articles among the
first k, of as many as fit in k. MRR: 1 / rank of the first listed one. nDCG@10 rewards all of them, early ones more.

"""

_ABOUT_MISSED = """\
## Dev questions missed

By kind: not found in the first quote, a side missing, a false premise neither corrected nor refused, answered without
evidence, small talk with passages.

"""


def render(golden: GoldenScores, floors: Floors, further: Mapping[str, Estimate], sections: Iterable[str]) -> str:
    """The board. `further` figures and their `sections` come from further parts of the evaluation."""
    parts = [
        _ABOUT,
        _floors(floors, {**golden.figures, **further}),
        _answers(golden),
        _refusals(golden),
        _confidence(golden),
        _disagreements(golden),
        _retrieval(golden),
        *sections,
        _missed(golden),
    ]
    return "\n".join(part.rstrip() + "\n" for part in parts if part)


def _floors(floors: Floors, figures: Mapping[str, Estimate]) -> str:
    rows = [
        (f"`{name}`", f"{sign} {_number(bound)}", _number(figures[name].value))
        for bounds, sign in ((floors.at_least, "≥"), (floors.at_most, "≤"))
        for name, bound in bounds.items()
        if name in figures
    ]
    return _ABOUT_FLOORS + table(("figure", "floor", "now"), rows)


def _answers(golden: GoldenScores) -> str:
    groups = {
        "an article in the question's language has it": "answer.same",
        "only articles in other languages have it": "answer.across",
        **{f"asked in {language}": f"answer.{language}" for language in LANGUAGES},
        "all": "answer.all",
        "follow-ups": "answer.follow_up",
    }
    columns = {"first quote": "first", "any quote": "any", "first, if answered": "first_when_answered"}
    kinds: dict[str, str] = {kind: f"kind.{kind}" for kind in KINDS if kind in PLAIN}
    return (
        _ABOUT_ANSWERS
        + _compared(golden, groups, columns)
        + "\nFound in the first quote, by kind:\n\n"
        + _compared(golden, kinds, {"first quote": "first"})
        + "\nQuotes that stand in their article exactly where the citation says; it must be 1:\n\n"
        + _compared(golden, {"citations": "citation"}, {"exact": "exact"})
    )


def _refusals(golden: GoldenScores) -> str:
    groups = {"all": "no_evidence.all", **{f"asked in {language}": f"no_evidence.{language}" for language in LANGUAGES}}
    columns = {"precision": "precision", "recall": "recall", "recall at precision .90": "recall_at_90", "area": "area"}
    return (
        _ABOUT_REFUSALS
        + _compared(golden, groups, columns)
        + "\nFalse premises that an article corrects, either refused or answered with a quote that corrects them:\n\n"
        + _compared(golden, {"false premises": "false_premise"}, {"right": "right"})
        + "\nSmall talk, which is right without passages; it counts nowhere else:\n\n"
        + _compared(golden, {"small talk": "small_talk"}, {"right": "right"})
    )


def _confidence(golden: GoldenScores) -> str:
    columns = {"area under risk-coverage": "risk_coverage_area", "calibration error": "calibration_error"}
    lows = sorted({b.low for bins in golden.reliability.values() for b in bins})
    rows = []
    for low in lows:
        cells = []
        for split in SPLITS:
            found = next((b for b in golden.reliability[split] if b.low == low), None)
            cells += [str(found.count), _number(found.confidence), _number(found.right)] if found else ["0", "–", "–"]
        rows.append((f"{low:.1f}–{low + 0.1:.1f}", *cells))
    header = ("confidence", *(f"{split} {name}" for split in SPLITS for name in ("questions", "mean confidence", "right")))
    return (
        _ABOUT_CONFIDENCE
        + _compared(golden, {"all": "confidence"}, columns)
        + "\nA calibrated confidence is near the share right in each row:\n\n"
        + table(header, rows)
    )


def _disagreements(golden: GoldenScores) -> str:
    return _ABOUT_DISAGREEMENTS + _compared(golden, {"disagreements": "disagreement"}, {"found": "found", "false": "false"})


def _retrieval(golden: GoldenScores) -> str:
    groups = {f"{asked} → {language}": f"retrieval.{asked}-{language}" for asked in LANGUAGES for language in LANGUAGES}
    return (
        _ABOUT_RETRIEVAL
        + _compared(golden, groups, {"MRR": "mrr", "nDCG@10": "ndcg_10"})
        + "\n"
        + _compared(golden, groups, {"recall@1": "recall_1", "recall@5": "recall_5", "recall@10": "recall_10"})
    )


def _missed(golden: GoldenScores) -> str:
    rows = [(kind, ", ".join(ids)) for kind, ids in golden.missed.items() if ids]
    return _ABOUT_MISSED + table(("kind", "questions"), rows)


def _compared(golden: GoldenScores, groups: Mapping[str, str], columns: Mapping[str, str]) -> str:
    return compared(golden.figures, groups, columns, SPLITS)


def compared(
    figures: Mapping[str, Estimate], groups: Mapping[str, str], columns: Mapping[str, str], sets: Sequence[str]
) -> str:
    """A table with a row a group, and the sets of questions side by side in each column.

    A figure's name is `set.group.column`. In front stands how many questions the first column is of.
    """
    header = ["", f"n {' / '.join(sets)}", *(f"{name} {one}" for name in columns for one in sets)]
    rows = []
    for label, group in groups.items():
        found = {(one, key): figures[f"{one}.{group}.{key}"] for key in columns.values() for one in sets}
        first = next(iter(columns.values()))
        counts = " / ".join(str(found[one, first].count) for one in sets)
        rows.append((label, counts, *(cell(found[one, key]) for key in columns.values() for one in sets)))
    return table(header, rows)


def cell(figure: Estimate) -> str:
    """A figure with its interval."""
    if figure.value is None:
        return "–"
    return f"{_number(figure.value)} ({_number(figure.low)}–{_number(figure.high)})"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
