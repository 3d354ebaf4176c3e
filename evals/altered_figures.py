"""How often two articles that come to differ are shown to differ.

    python evals/altered_figures.py

Where two articles give one figure for what a question of dev or training asks, the figure in one of them is altered as it is
read, by a third up or by a fifth down, and the answer should then tell both. Prints how many do, in one language and across
languages, and how many answers tell of a disagreement when nothing was altered and none is known.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from learn import golden_questions

from coopbot.ask.compose import choose
from coopbot.ask.question import Question, understand
from coopbot.ask.retrieve import Reading, ScoredSentence, read_all
from coopbot.ask.weights import load_weights
from coopbot.domain import Filters
from coopbot.index.folder import open_current
from coopbot.measure.golden import GoldenQuestion, holds
from coopbot.settings import load_settings
from coopbot.text.figures import Figure
from coopbot.wiring import open_embedder

_FACTORS = (4 / 3, 4 / 5)
_CITATIONS = 4


def main() -> None:
    settings = load_settings()
    embedder = open_embedder(settings)
    store = open_current(Path(settings.index_dir), embedder.fingerprint)
    shown: dict[str, list[bool]] = {"in one language": [], "across languages": []}
    false: list[bool] = []
    for golden in golden_questions():
        question = understand(golden.question, embedder)
        readings = read_all(question, store, load_weights(), Filters())
        if golden.kind == "conflict":
            continue
        false.append(readings[0].confidence >= load_weights().threshold and bool(sides(question, readings)))
        for kind, differing, places in altered(golden, readings):
            shown[kind].append(are_opposed(question, differing, places))
    for kind, found in shown.items():
        print(f"{kind}: {sum(found)} of {len(found)} shown")
    print(f"told without a known disagreement: {sum(false)} of {len(false)}, {sum(false) / len(false):.3f}")


def sides(question: Question, readings: Sequence[Reading]) -> dict[str, set[int]]:
    """The passages whose figures an answer holds against each other, and the sides that each is on."""
    quotes = choose(question, readings, _CITATIONS, load_weights().least_log_odds)
    told = [quote for quote in quotes if quote.figures]
    return {quote.sentence.stored.passage.passage_id: {figure.side for figure in quote.figures} for quote in told}


def are_opposed(question: Question, readings: Sequence[Reading], passages: set[str]) -> bool:
    """Whether two passages are told, each on a side of its own."""
    told = sides(question, readings)
    return passages <= told.keys() and not set.intersection(*(told[passage] for passage in passages))


def altered(golden: GoldenQuestion, readings: Sequence[Reading]) -> Iterator[tuple[str, list[Reading], set[str]]]:
    """The readings with a figure altered in the next best sentence that gave the best one's, and the two passages."""
    best = readings[0].sentences[0]
    amounts = [figure for figure in best.notes.figures if figure.unit != "date"]
    if golden.kind not in ("number", "cross-language") or len(amounts) != 1 or not holds(best.text, golden.answers):
        return
    for place, reading in enumerate(readings):
        for sentence in reading.sentences:
            figure = _agreeing(sentence, amounts[0])
            is_own = sentence.stored.passage.article_id == best.stored.passage.article_id
            if is_own or figure is None or not holds(sentence.text, golden.answers):
                continue
            kind = "in one language" if sentence.stored.language == best.stored.language else "across languages"
            for factor in _FACTORS:
                other = figure._replace(low=figure.low * factor, high=figure.high * factor)
                yield (
                    kind,
                    [*readings[:place], _with(reading, sentence, figure, other), *readings[place + 1 :]],
                    {one.stored.passage.passage_id for one in (best, sentence)},
                )
            return


def _agreeing(sentence: ScoredSentence, figure: Figure) -> Figure | None:
    return next((one for one in sentence.notes.figures if one.unit == figure.unit and one.agrees(figure)), None)


def _with(reading: Reading, sentence: ScoredSentence, figure: Figure, other: Figure) -> Reading:
    figures = tuple(other if one is figure else one for one in sentence.notes.figures)
    changed = replace(sentence, notes=replace(sentence.notes, figures=figures))
    return replace(reading, sentences=tuple(changed if one is sentence else one for one in reading.sentences))


if __name__ == "__main__":
    main()
