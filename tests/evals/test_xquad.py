"""XQuAD-R as an index, and the figures of its outcomes on the scoreboard."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from coopbot.ask.weights import load_weights
from coopbot.domain import LANGUAGES, Filters
from coopbot.errors import Unreadable
from evals.measure.floors import OPTIONAL_PARTS
from evals.xquad.board import XquadPart
from evals.xquad.dataset import WithoutParagraph, load_xquad
from evals.xquad.scores import F64, XquadScores, run_xquad
from tests.fakes import BagOfWords

# Two articles of two paragraphs, each of two sentences and with one question, which the second sentence answers.
_FIRST = {"en": "It rains.", "zh": "下雨了。", "ru": "Идёт дождь."}
_SECOND = {"en": "{} is here.", "zh": "{}在此。", "ru": "{} здесь."}
_PLACES = ("Heihe", "Chita", "Harbin", "Manzhouli")

# Ranks of passage and sentence, log odds with the passage and without it, of four questions.
_WELL = np.array([[1, 1, 1, 1], [1, 1, 1, 1], [3, 3, 3, 3], [-3, -3, -3, -3]], dtype=np.float64)
_ILL = np.array([[2, 1, 1, 1], [0, 2, 1, 1], [-4, 3, 3, 3], [-3, -3, -3, -3]], dtype=np.float64)


def scores(same: F64, across: F64) -> XquadScores:
    return XquadScores(outcomes={(asked, text): same if asked == text else across for asked in LANGUAGES for text in LANGUAGES})


@pytest.fixture(scope="module")
def part() -> XquadPart:
    return XquadPart(scores=scores(_WELL, _ILL), unread=scores(_ILL, _ILL))


def test_figures_have_names_and_means(part: XquadPart) -> None:
    values = {name: figure.value for name, figure in part.figures.items()}
    assert all(name.startswith(OPTIONAL_PARTS) for name in values)
    assert values["xquad.same.mrr"] == values["xquad.same.first"] == 1
    assert values["xquad.en-zh.mrr"] == values["xquad.across.mrr"] == values["xquad.unread.same.mrr"] == 0.875
    assert (values["xquad.en-zh.first"], values["xquad.en-zh.first_two"]) == (0.5, 0.75)


def test_no_is_precise_at_the_recall_reported(part: XquadPart) -> None:
    values = {name: figure.value for name, figure in part.figures.items()}
    assert values["xquad.same.no_recall_strict"] == 1
    # The one refused before the others has its passage in the index, if not in front.
    assert values["xquad.across.no_recall_strict"] == 0
    assert values["xquad.across.no_recall_found"] == 1


def test_intervals_are_of_the_questions(part: XquadPart) -> None:
    sure, unsure = part.figures["xquad.same.mrr"], part.figures["xquad.across.first"]
    assert (sure.low, sure.high, sure.count) == (1, 1, 4)
    assert (unsure.low, unsure.high, unsure.count) == (0, 1, 4)


def test_the_section_has_a_row_a_direction_and_the_means(part: XquadPart) -> None:
    text = part.sections()
    assert text.startswith("## XQuAD-R\n")
    rows = [line for line in text.splitlines() if line.startswith("| ") and "---" not in line]
    assert len(rows) == 2 * 12
    assert any(row.startswith("| en → zh | 0.875 (") for row in rows)
    assert rows[10].startswith("| same | 1.000 (1.000–1.000) | 1.000 (1.000–1.000) |")


def test_without_a_reader_there_is_one_table() -> None:
    part = XquadPart(scores=scores(_WELL, _ILL))
    assert not any(name.startswith("xquad.unread.") for name in part.figures)
    assert part.sections().count("| same |") == 1


def _paragraph(language: str, place: str) -> dict[str, object]:
    first, second = _FIRST[language], _SECOND[language].format(place)
    start = len(first) + 1
    return {
        "context": f"{first} {second}",
        "sentence_breaks": [[0, len(first)], [start, start + len(second)]],
        "qas": [{"question": f"{place}?", "answers": [{"answer_start": start, "text": place}]}],
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for language in LANGUAGES:
        paragraphs = [_paragraph(language, place) for place in _PLACES]
        data = {"data": [{"paragraphs": paragraphs[:2]}, {"paragraphs": paragraphs[2:]}]}
        (tmp_path / f"{language}.json").write_text(json.dumps(data), encoding="utf-8")
    return tmp_path


def test_paragraphs_are_passages_with_the_sentences_of_the_data_set(folder: Path, tmp_path: Path) -> None:
    xquad = load_xquad(folder, tmp_path / "index", BagOfWords())
    question = xquad.questions[3]
    assert (question.text["zh"], question.gold, question.article, question.is_odd) == ("Manzhouli?", 3, 1, True)
    passage = xquad.snapshot.stored("ru", [3])[0].passage
    assert passage.quoted(passage.sentences[question.gold_sentence["ru"]]) == "Manzhouli здесь."


def test_a_paragraph_can_be_hidden(folder: Path, tmp_path: Path) -> None:
    embedder = BagOfWords()
    xquad = load_xquad(folder, tmp_path / "index", embedder)
    vector = embedder.embed_question("Chita is here").pooled[0]
    for store, best in ((xquad.snapshot, True), (WithoutParagraph(xquad.snapshot, 1), False)):
        found = store.first_stage("en", vector, ["chita"], 3, Filters())
        assert (1 in found.rows) == best
        assert len(found.rows) >= 3


def test_a_folder_without_the_data_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"not an XQuAD-R folder with en\.json"):
        load_xquad(tmp_path, tmp_path / "index", BagOfWords())


def test_every_direction_is_asked_with_the_passage_and_without(folder: Path) -> None:
    scores = run_xquad(folder, BagOfWords(), {"unread": None}, load_weights())["unread"]
    passage_rank, sentence_rank, shown, hidden = scores.outcomes["en", "en"][:, 0]
    assert (passage_rank, sentence_rank) == (1, 1)
    assert shown != hidden  # which is more likely is up to the learned weights
    assert {outcomes.shape for outcomes in scores.outcomes.values()} == {(4, 1)}
