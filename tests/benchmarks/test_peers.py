"""What benchmarks/peers makes of data, answers and kills. The peers themselves are not installed here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.peers.dataset import load_dataset
from benchmarks.peers.kills import verdict
from benchmarks.peers.page import render
from benchmarks.peers.protocol import Passage
from benchmarks.peers.run import PAGE, RESULTS, reciprocal_ranks
from benchmarks.peers.systems.coopbot import Coopbot
from tests.fakes import BagOfWords

BRIDGE = Passage(passage_id="en/000", language="en", text="The bridge over the river opened in June.")
BORDER = Passage(passage_id="en/001", language="en", text="Customs officers check lorries at the border.")
PARALLEL = Passage(passage_id="ru/000", language="ru", text="Мост через реку открыли в июне.")


def an_xquad_folder(folder: Path) -> Path:
    def article(name: str) -> dict[str, Any]:
        qas = [{"question": f"{name}, question {number}?"} for number in range(2)]
        return {"paragraphs": [{"context": f"{name}, paragraph {number}.", "qas": qas} for number in range(2)]}

    for language in ("en", "zh", "ru"):
        data = {"data": [article(f"{language} article {number}") for number in range(3)]}
        (folder / f"{language}.json").write_text(json.dumps(data), encoding="utf-8")
    return folder


def a_row(name: str, *, p50_ms: float, same: float, kills: list[str], across: float = 0.5) -> dict[str, Any]:
    figures = dict.fromkeys(("build_s", "disk_mib", "first_s", "p95_ms", "peak_mib", "pss_mib"), 1.0)
    names = ["same", "across", *(f"{asked}-{language}" for asked in ("en", "zh", "ru") for language in ("en", "zh", "ru"))]
    return {
        "name": name,
        "p50_ms": p50_ms,
        "mrr": {**{key: [0.5, 0.02] for key in names}, "same": [same, 0.01], "across": [across, 0.02]},
        "kills": kills,
        **figures,
    }


def test_questions_are_those_of_odd_articles(tmp_path: Path) -> None:
    dataset = load_dataset(an_xquad_folder(tmp_path))
    assert len(dataset.passages) == 3 * 3 * 2
    assert [question.text["zh"] for question in dataset.questions] == [
        "zh article 1, question 0?",
        "zh article 1, question 1?",
    ] * 2
    gold = {one.passage_id: one.text for one in dataset.passages}[dataset.questions[-1].gold("ru")]
    assert gold == "ru article 1, paragraph 1."


def test_a_part_of_the_data_set(tmp_path: Path) -> None:
    dataset = load_dataset(an_xquad_folder(tmp_path), paragraphs=3, every=2)
    assert len(dataset.passages) == 3 * 3
    assert [(question.text["en"], question.paragraph) for question in dataset.questions] == [("en article 1, question 0?", 2)]


def test_coopbot_is_measured_by_its_own_search(tmp_path: Path) -> None:
    system = Coopbot(BagOfWords)
    system.prepare()
    system.build(tmp_path, [BRIDGE, BORDER, PARALLEL])
    system.open(tmp_path)
    assert next(one.passage_id for one in system.search("Who checks lorries at the border?", None)) == "en/001"
    assert [(one.passage_id, one.text) for one in system.search("мост через реку", "ru")] == [("ru/000", PARALLEL.text)]


def test_a_rank_counts_up_to_ten_and_directions_are_averaged() -> None:
    ranks = {"en-en": [1, 2], "en-ru": [0, 4], "ru-en": [10, 11], "ru-ru": [1, 1]}
    found = reciprocal_ranks(ranks)
    assert {name: mean for name, (mean, _) in found.items()} == {
        "same": 0.875,
        "across": (0.125 + 0.05) / 2,
        "en-en": 0.75,
        "en-ru": 0.125,
        "ru-en": 0.05,
        "ru-ru": 1.0,
    }
    assert found["en-en"][1] == pytest.approx(0.25 / 2**0.5)
    assert found["ru-ru"][1] == 0


def test_what_a_kill_left_behind() -> None:
    old, new = {"text": "The bridge."}, {"text": "The bridge. (2)"}
    assert verdict([[old], [old]], 2, 2) == "old"
    assert verdict([[new], [new]], 2, 2) == "new"
    assert verdict([[old], [new]], 2, 2) == "mixed"
    assert verdict([[old], []], 1, 2) == "incomplete"


def test_the_page_has_the_best_in_bold_and_says_where_coopbot_is_behind() -> None:
    results = {
        "date": "2026-11-26",
        "machine": "a machine",
        "threads": 2,
        "versions": {"coopbot": "0.1.0"},
        "passages": 6,
        "questions": 3,
        "killed_passages": 6,
        "remark": "",
        "rows": [
            a_row("coopbot", p50_ms=10, same=0.9, kills=["old", "old", "new"]),
            a_row("other", p50_ms=20, same=0.95, across=0.51, kills=["does not answer", "mixed", "mixed"]),
        ],
    }
    page = render(results)
    assert "| Question to passages, median (ms) | **10.0** | 20.0 |" in page
    assert "| MRR@10, same language | 0.900 | **0.950** |" in page
    assert "| After `kill -9` | old 2×, new 1× | does not answer 1×, mixed 2× |" in page
    behind = page.partition("## Where coopbot is not ahead")[2].partition("##")[0]
    assert "* **MRR@10, same language**: other is ahead, and we do not know why." in behind
    assert "* **MRR@10, across languages**: other is ahead by no more than chance explains" in behind
    assert "median" not in behind


def test_the_page_is_made_from_the_results() -> None:
    assert PAGE.read_text("utf-8") == render(json.loads(RESULTS.read_text("utf-8")))
