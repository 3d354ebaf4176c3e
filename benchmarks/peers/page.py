"""docs/benchmarks.md, made from the results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from benchmarks.peers.dataset import LANGUAGES

# `Any`: JSON.
Json = dict[str, Any]

_OURS = "coopbot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A row of the table. error: the standard error of the value, 0 if unknown. why: the reason if coopbot is not the best."""

    name: str
    unit: str = ""
    value: Callable[[Json], float]
    digits: int = 0
    more_is_better: bool = False
    error: Callable[[Json], float] = lambda row: 0.0
    why: str = ""


def _figure(name: str) -> Callable[[Json], float]:
    return lambda row: float(row[name])


def _mrr(title: str, name: str) -> Measure:
    return Measure(
        name=f"MRR@10, {title}",
        value=lambda row: float(row["mrr"][name][0]),
        error=lambda row: float(row["mrr"][name][1]),
        digits=3,
        more_is_better=True,
    )


_MEASURES = (
    Measure(name="Building the index", unit="s", value=_figure("build_s"), digits=1),
    Measure(
        name="Index on disk",
        unit="MiB",
        value=_figure("disk_mib"),
        digits=1,
        why="The smaller indexes keep only one vector a passage. coopbot also stores a vector for each token and each "
        "sentence, the words, and a cache of the vectors that makes the next build quick.",
    ),
    Measure(name="Process start to first passages", unit="s", value=_figure("first_s"), digits=1),
    Measure(name="Question to passages, median", unit="ms", value=_figure("p50_ms"), digits=1),
    Measure(name="Question to passages, 95th percentile", unit="ms", value=_figure("p95_ms"), digits=1),
    Measure(name="Peak memory while answering", unit="MiB", value=_figure("peak_mib")),
    Measure(name="Its own share of memory, at the end", unit="MiB", value=_figure("pss_mib")),
    _mrr("same language", "same"),
    _mrr("across languages", "across"),
    *(_mrr(f"{asked} to {language}", f"{asked}-{language}") for asked in LANGUAGES for language in LANGUAGES),
)

_TEMPLATE = Path(__file__).parent / "page.template"


def render(results: Json) -> str:
    """The page, in Markdown."""
    rows = results["rows"]
    conditions = (
        f"{results['date']}, {results['machine']}, threads: {results['threads']}; {results['passages']} passages, "
        f"{results['questions']} questions, asked in three languages. {results['remark']}".rstrip()
    )
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    return Template(_TEMPLATE.read_text("utf-8")).substitute(
        conditions=f"{conditions}\n\n{versions}.",
        table="\n".join(_table(rows)),
        behind="".join(f"{line}\n" for line in _behind(rows)),
        killed=results["killed_passages"],
    )


def _table(rows: list[Json]) -> list[str]:
    lines = ["|  | " + " | ".join(row["name"] for row in rows) + " |", "| --- |" + " ---: |" * len(rows)]
    for measure in _MEASURES:
        shown = [_shown(measure, row) for row in rows]
        best = _shown(measure, _best(measure, rows))
        cells = [f"**{one}**" if one == best else one for one in shown]
        unit = f" ({measure.unit})" if measure.unit else ""
        lines.append(f"| {measure.name}{unit} | " + " | ".join(cells) + " |")
    if any("kills" in row for row in rows):
        lines.append("| After `kill -9` | " + " | ".join(_outcomes(row.get("kills", [])) for row in rows) + " |")
    return lines


def _shown(measure: Measure, row: Json) -> str:
    return f"{measure.value(row):,.{measure.digits}f}"


def _best(measure: Measure, rows: list[Json]) -> Json:
    best = max if measure.more_is_better else min
    return best(rows, key=measure.value)


def _outcomes(kills: list[str]) -> str:
    """The outcomes with their counts."""
    return ", ".join(f"{outcome} {count}×" for outcome, count in Counter(kills).items())


def _behind(rows: list[Json]) -> list[str]:
    """A section on where coopbot is not the best, and why; empty if it is everywhere."""
    ours = next((row for row in rows if row["name"] == _OURS), None)
    if ours is None:
        return []
    lines = [
        f"* **{measure.name}**: {_reason(measure, ours, best)}"
        for measure in _MEASURES
        if _shown(measure, ours) != _shown(measure, best := _best(measure, rows))
    ]
    return ["## Where coopbot is not ahead", "", *lines, ""] if lines else []


def _reason(measure: Measure, ours: Json, best: Json) -> str:
    """Why another is better: chance, if the difference is within two standard errors of it."""
    error = 2 * (measure.error(ours) ** 2 + measure.error(best) ** 2) ** 0.5
    if abs(measure.value(best) - measure.value(ours)) <= error:
        return (
            f"{best['name']} is ahead by no more than chance explains: two standard errors of the difference are {error:.3f}."
        )
    return measure.why or f"{best['name']} is ahead, and we do not know why."
