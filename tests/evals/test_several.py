"""The questions that one sentence cannot answer: that articles hold what they accept, and how answers in parts are judged."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import pytest

from coopbot.domain import Answer, Claim, Point, Span
from evals.measure.facts import Accepted
from evals.measure.golden import SPLITS
from evals.measure.several import (
    SEVERAL_KINDS,
    SeveralPart,
    SeveralQuestion,
    ask_several,
    judge_several,
    load_several,
)
from tests.cases import check_each
from tests.evals.accepting import CORPUS, EVALS, articles, sentences_holding
from tests.evals.test_golden import ARTICLES, GAS, LONG, OPENED, RUSSIAN, Scripted, citation

TRAINS = "Trains carried 5 million tonnes."


@cache
def questions() -> tuple[SeveralQuestion, ...]:
    return tuple(load_several(EVALS / "several.jsonl"))


def test_there_are_as_many_as_the_readme_says() -> None:
    assert f"| `several.jsonl` | {len(questions())} questions " in (EVALS / "README.md").read_text(encoding="utf-8")
    assert len({one.id for one in questions()}) == len(questions())
    counts = Counter((one.split, one.kind) for one in questions())
    assert min(counts[split, kind] for split in SPLITS for kind in SEVERAL_KINDS) >= 13


def test_each_part_is_stated_in_an_article() -> None:
    check_each(questions(), parts_are_stated, lambda one: one.id)


def parts_are_stated(question: SeveralQuestion) -> None:
    asked = [Accepted(facts=question.facts, figures=(figure,)) for figure in question.figures if question.facts]
    asked += [Accepted(facts=side.facts, figures=side.figures) for side in question.sides if side.facts]
    asked += [Accepted(facts=point.facts, figures=point.figures) for point in question.points]
    assert [one for one in asked if not sentences_holding(one)] == []
    for item in question.items:
        assert any(item.is_told(quote) for quote in sentences_holding(Accepted(facts=item.facts)))
    briefs = {article.article_id.partition("/")[2] for article in articles(CORPUS).values()}
    assert {one.removesuffix(".md") for one in (question.topic, *question.subject)} <= briefs


def asked(kind: str, **fields: Any) -> SeveralQuestion:
    common = {"id": "x", "language": "en", "split": "dev", "topic": "bridge.md", "kind": kind, "question": "?"}
    return SeveralQuestion.model_validate({**common, **fields})


def answer(*quotes: str, **changes: Any) -> Answer:
    given = Scripted(*quotes).ask("?")
    labels = changes.pop("labels", [""] * len(quotes))
    claims = tuple(
        Claim(text=quote, citations=(number,), label=label)
        for number, (quote, label) in enumerate(zip(quotes, labels, strict=True), start=1)
    )
    return replace(given, claims=claims, **{"outcome": "answered", **changes})


ITEMS = {"items": [{"name": ["Bridge"]}, {"name": ["Pipe-line"]}], "wrong": ["Ferry"]}
SUBJECT = {"subject": ["bridge.md"]}


@pytest.mark.parametrize(
    ("question", "given", "right"),
    [
        (asked("list", **ITEMS), answer(OPENED, kind="list"), True),
        (asked("list", **ITEMS), answer(OPENED, GAS, kind="list"), False),
        (asked("list", **ITEMS), answer(OPENED, kind="list", labels=["Ferry"]), False),
        (asked("list", **ITEMS), answer(LONG, kind="list"), False),
        (asked("list"), answer(LONG, kind="list"), False),
        (asked("list"), answer(outcome="no_evidence"), True),
        (asked("summary", **SUBJECT), answer(OPENED, LONG, kind="summary"), True),
        (asked("summary", **SUBJECT), answer(GAS, OPENED, LONG, kind="summary"), False),
        (asked("summary"), answer(OPENED, LONG, kind="summary"), False),
        (asked("summary"), answer(OPENED, kind="summary", remarks=("not_about",)), True),
        (asked("compare", sides=[{"name": "one"}, {"name": "other"}]), answer(outcome="no_evidence"), True),
    ],
)
def test_what_is_right(question: SeveralQuestion, given: Answer, right: bool) -> None:
    assert judge_several(question, given, ARTICLES).right == right


def test_points_are_judged_by_time_and_figure_and_exact_quote() -> None:
    words = Span(start_char=TRAINS.index("5"), end_char=TRAINS.index(" tonnes"))
    point = Point(
        first=date(2022, 1, 1),
        last=date(2022, 12, 31),
        value=5e6,
        high=5e6,
        unit="t",
        approximate=False,
        citation=1,
        words=words,
    )
    given = replace(answer(TRAINS, kind="series"), series=(point,), citations=(citation(1, TRAINS),))
    question = asked("years", points=[{"time": "2023", "facts": ["HB-01"], "figures": ["4 million tonnes"]}])
    reply = judge_several(question, given, ARTICLES)
    assert (reply.found, reply.wanted, reply.points, reply.exact, reply.right) == (0, 1, 1, 1, False)
    elsewhere = replace(point, words=Span(start_char=0, end_char=6))
    assert judge_several(question, replace(given, series=(elsewhere,)), ARTICLES).exact == 0


def test_a_board_has_a_figure_for_each_kind_and_names_no_missed_test_question() -> None:
    rows = [asked("list", **ITEMS, id="dev-1"), asked("list", **ITEMS, id="test-1").model_copy(update={"split": "test"})]
    part = SeveralPart(replies=ask_several(rows, Scripted(RUSSIAN, outcome="no_evidence"), ARTICLES))
    assert part.figures["several.test.list.right"].value == 0.0
    assert "dev-1" in part.sections()
    assert "test-1" not in part.sections()
