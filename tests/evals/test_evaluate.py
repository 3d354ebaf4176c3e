"""From questions and floors in files to the board, the JSON and the figures that miss their floor."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pytest

from coopbot.errors import Misconfigured
from evals.measure.evaluate import Evaluation, Part, evaluate
from evals.measure.floors import Floors, load_floors, misses
from evals.measure.scores import Estimate
from tests.evals.test_golden import ARTICLES, LONG, QUESTIONS, Scripted


def figure(value: float | None) -> Estimate:
    return Estimate(value=value, low=value, high=value, count=1)


class Second:
    """A further part, as small as can be."""

    @property
    def figures(self) -> Mapping[str, Estimate]:
        return {"xquad.mrr": figure(0.9)}

    def sections(self) -> str:
        return "## XQuAD-R\n\nA table.\n"


def run(
    tmp_path: Path, floors: dict[str, dict[str, float]], *further: Part, split: Literal["dev", "test"] | None = None
) -> Evaluation:
    questions, floor = tmp_path / "questions.jsonl", tmp_path / "floor.json"
    questions.write_text("".join(question.model_dump_json() + "\n" for question in QUESTIONS), encoding="utf-8")
    floor.write_text(json.dumps(floors), encoding="utf-8")
    answerer = Scripted(LONG, found=("en/bridge", "ru/most"))
    return evaluate(answerer, ARTICLES, questions=questions, floor=floor, split=split, further=further)


FLOORS = {"at_least": {"dev.citation.exact": 1.0, "xquad.mrr": 0.8}}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    return run(tmp_path_factory.mktemp("alone"), FLOORS)


@pytest.fixture(scope="module")
def with_second(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    floors = {"at_least": {"xquad.mrr": 0.95, "test.answer.all.first": 0.5}, "at_most": {"dev.disagreement.false": 1.0}}
    return run(tmp_path_factory.mktemp("second"), floors, Second())


def test_the_board_shows_both_splits_the_floors_and_the_misses(alone: Evaluation) -> None:
    board = alone.board
    assert "| `dev.citation.exact` | ≥ 1.000 | 1.000 |" in board
    # 1 of 4 plain dev questions, two of which ask for one fact, takes the only quote there is; the one test question is a
    # follow-up about something else.
    assert "| all | 4 / 1 | 0.250 (0.000–0.402) | 0.000 (0.000–0.000) |" in board
    assert "| number | en-002, ru-001 |" in board
    assert "| unanswerable | en-004 |" in board
    assert "xquad" not in board.lower()


def test_the_same_figures_give_the_same_board(alone: Evaluation, tmp_path: Path) -> None:
    assert run(tmp_path, FLOORS).board == alone.board


def test_of_one_split_the_other_is_not_asked_and_its_floors_are_missed(alone: Evaluation, tmp_path: Path) -> None:
    floors = {"at_least": {"dev.citation.exact": 1.0, "test.answer.all.first": 0.0}}
    half = run(tmp_path, floors, split="test")
    asked = {split: sum(kinds.values()) for split, kinds in half.golden.counts.items()}
    assert asked == {"dev": 0, "test": sum(alone.golden.counts["test"].values())}
    # A question's figures do not depend on which others are asked.
    for name, figure in alone.golden.figures.items():
        assert half.golden.figures[name].value == (figure.value if name.startswith("test.") else None)
    assert half.below == ("dev.citation.exact is undefined, below 1.000",)


def test_every_table_is_whole(with_second: Evaluation) -> None:
    for block in with_second.board.split("\n\n"):
        widths = {line.count("|") for line in block.splitlines() if line.startswith("|")}
        assert len(widths) <= 1, block


def test_a_second_part_has_its_place(with_second: Evaluation) -> None:
    assert "## XQuAD-R\n\nA table.\n\n## Dev questions missed" in with_second.board
    assert "xquad.mrr is 0.900, below 0.950" in with_second.below


def test_json_has_every_figure(with_second: Evaluation) -> None:
    content = json.loads(with_second.as_json())
    assert content["figures"]["dev.retrieval.en-en.recall_1"] == {"value": 2 / 3, "low": 0.0, "high": 1.0, "count": 3}
    assert content["figures"]["dev.answer.zh.first"]["value"] is None
    assert content["figures"]["xquad.mrr"]["value"] == 0.9
    assert content["below_floor"] == ["xquad.mrr is 0.900, below 0.950", "test.answer.all.first is 0.000, below 0.500"]
    assert content["missed_dev"]["unanswerable"] == ["en-004"]
    assert [b["count"] for b in content["reliability"]["dev"]] == [5]
    assert content["questions"]["test"]["follow-up"] == 1


@pytest.mark.parametrize(
    ("floors", "expected"),
    [
        (Floors(at_least={"a": 0.7}), ()),
        # As printed, to three places.
        (Floors(at_least={"a": 0.7004}), ()),
        (Floors(at_least={"a": 0.71}), ("a is 0.700, below 0.710",)),
        (Floors(at_most={"a": 0.7}), ()),
        (Floors(at_most={"a": 0.69}), ("a is 0.700, above 0.690",)),
        (Floors(at_least={"none": 0.1}), ("none is undefined, below 0.100",)),
        # A part that is left out.
        (Floors(at_least={"xquad.mrr": 0.9, "pages.answer.all.first": 0.5}, at_most={"unseen.answer.all.wrong": 0.1}), ()),
        (Floors(at_least={"a": 0.8}, at_most={"a": 0.6}), ("a is 0.700, below 0.800", "a is 0.700, above 0.600")),
    ],
)
def test_what_misses_its_floor_is_named(floors: Floors, expected: tuple[str, ...]) -> None:
    assert misses(floors, {"a": figure(0.70044), "none": figure(None)}) == expected


def test_a_floor_of_no_figure_is_refused() -> None:
    with pytest.raises(Misconfigured, match=r"xquad\.odd\.mrr"):
        misses(Floors(at_least={"xquad.odd.mrr": 0.9}), {"xquad.mrr": figure(0.95)})


@pytest.mark.parametrize("text", ["{", '{"at_leest": {}}', '{"at_least": {"a": "high"}}'])
def test_a_bad_file_of_floors_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "floor.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Misconfigured, match=r"floor\.json"):
        load_floors(path)


def test_a_missing_file_of_floors_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="--floor"):
        load_floors(tmp_path / "none.json")
