"""docs/benchmarks.md, from what was measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from benchmarks.dataset import LANGUAGES

# `Any`: JSON.
Json = dict[str, Any]

_OURS = "coopbot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A row of the table. why: what there is to say where coopbot is not ahead."""

    name: str
    unit: str = ""
    value: Callable[[Json], float]
    digits: int = 0
    more_is_better: bool = False
    why: str = ""


def _figure(name: str) -> Callable[[Json], float]:
    return lambda row: float(row[name])


def _mrr(name: str) -> Callable[[Json], float]:
    return lambda row: float(row["mrr"][name])


def _direction(asked: str, language: str) -> Measure:
    return Measure(
        name=f"MRR@10, {asked} to {language}",
        value=_mrr(f"{asked}-{language}"),
        digits=3,
        more_is_better=True,
        why=_CHANCE,
    )


_CHANCE = "Over so many questions two figures that are this near differ by chance (the scoreboard has intervals)."
_MEASURES = (
    Measure(name="Building the index", unit="s", value=_figure("build_s"), digits=1),
    Measure(
        name="Index on disk",
        unit="MiB",
        value=_figure("disk_mib"),
        digits=1,
        why="Beside one vector a passage, which is what the smaller ones keep, coopbot stores a vector for each token and each "
        "sentence, the words, and a cache of the vectors that makes the next build quick.",
    ),
    Measure(name="Process start to first passages", unit="s", value=_figure("first_s"), digits=1),
    Measure(name="Question to passages, median", unit="ms", value=_figure("p50_ms"), digits=1),
    Measure(name="Question to passages, 95th percentile", unit="ms", value=_figure("p95_ms"), digits=1),
    Measure(name="Peak memory while answering", unit="MiB", value=_figure("peak_mib")),
    Measure(name="Its own share of memory, at the end", unit="MiB", value=_figure("pss_mib")),
    Measure(name="MRR@10, same language", value=_mrr("same"), digits=3, more_is_better=True, why=_CHANCE),
    Measure(name="MRR@10, across languages", value=_mrr("across"), digits=3, more_is_better=True, why=_CHANCE),
    *(_direction(asked, language) for asked in LANGUAGES for language in LANGUAGES),
)

_TEMPLATE = Path(__file__).parent / "page.template"


def render(results: Json) -> str:
    """The page."""
    rows = results["rows"]
    conditions = (
        f"{results['date']}, {results['machine']}, {results['threads']} threads; {results['passages']} passages, "
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
        best = _best(measure, rows)
        cells = [f"**{one}**" if one == best else one for one in shown]
        unit = f" ({measure.unit})" if measure.unit else ""
        lines.append(f"| {measure.name}{unit} | " + " | ".join(cells) + " |")
    if all("kills" in row for row in rows):
        lines.append("| After `kill -9` | " + " | ".join(_outcomes(row["kills"]) for row in rows) + " |")
    return lines


def _shown(measure: Measure, row: Json) -> str:
    return f"{measure.value(row):,.{measure.digits}f}"


def _best(measure: Measure, rows: list[Json]) -> str:
    best = max if measure.more_is_better else min
    return _shown(measure, best(rows, key=measure.value))


def _outcomes(kills: list[str]) -> str:
    """Each outcome with its count; what a system raised is in results.json."""
    counts = Counter(outcome.split(" (")[0] for outcome in kills)
    return ", ".join(f"{outcome} {count}×" for outcome, count in counts.items())


def _behind(rows: list[Json]) -> list[str]:
    """Where coopbot is not the best, and why."""
    ours = next((row for row in rows if row["name"] == _OURS), None)
    if ours is None:
        return []
    measures = [one for one in _MEASURES if _shown(one, ours) != _best(one, rows)]
    lines = [f"* **{one.name}**: {one.why or 'not explained yet.'}" for one in measures]
    return ["## Where coopbot is not ahead", "", *lines, ""] if lines else []
