"""Answers that are kept for whoever asks the same, and passages that are read once for a question."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from coopbot.ask.answer.answerer import Answerer, KeptAnswers
from coopbot.ask.answer.asking import ReadOnce
from coopbot.ask.rank.reader import ReadPassage
from coopbot.domain import Article, Filters, Passage
from coopbot.index.build import build
from coopbot.index.live import LiveIndex
from tests.fakes import BagOfWords, FigureReader, make_article

BRIDGE = make_article("en/bridge", "The bridge is 1,283 metres long. It opened in 2022.", title="The bridge")
ROAD = make_article("en/road", "The road is 40 km long.", title="The road")


class Counting(FigureReader):
    """Counts the passages that are read."""

    seen = 0

    def read(self, question: str, passages: Sequence[tuple[str, Passage]]) -> list[ReadPassage]:
        self.seen += len(passages)
        return super().read(question, passages)


class Asked:
    """An answerer with a day that passes, over an index that changes."""

    def __init__(self, folder: Path, kept: int = 8) -> None:
        self.day = date(2026, 1, 20)
        self.reader = Counting()
        self._folder = folder
        self.index([BRIDGE])
        index = LiveIndex(folder, BagOfWords().fingerprint)
        self.answerer = Answerer(BagOfWords(), index.current, self.reader, today=lambda: self.day, kept=kept)

    def index(self, articles: list[Article]) -> None:
        build(articles, BagOfWords(), self._folder, model="bag of words", precision="f32")

    def read_by(self, question: str, **given: object) -> int:
        """How many passages are read to answer a question."""
        before = self.reader.seen
        self.answerer.ask(question, **given)  # type: ignore[arg-type]  # the names are those of `ask`, the values of any parameter
        return self.reader.seen - before


QUESTION = "How long is the bridge?"


def test_an_equal_question_is_answered_from_what_is_kept(tmp_path: Path) -> None:
    asked = Asked(tmp_path)
    first = asked.answerer.ask(QUESTION)
    assert asked.read_by(QUESTION) == 0
    again = asked.answerer.ask(f" {QUESTION} ")
    assert (again.claims, again.citations) == (first.claims, first.citations)


@pytest.mark.parametrize(
    "given", [{"filters": Filters(languages=("en",))}, {"max_citations": 1}, {"earlier": ["When did the road open?"]}]
)
def test_with_other_filters_or_something_asked_before_it_is_answered_anew(tmp_path: Path, given: dict[str, object]) -> None:
    asked = Asked(tmp_path)
    asked.answerer.ask(QUESTION)
    assert asked.read_by(QUESTION, **given) > 0


def test_another_day_or_index_ends_what_is_kept(tmp_path: Path) -> None:
    asked = Asked(tmp_path)
    asked.answerer.ask(QUESTION)
    asked.day = date(2026, 1, 21)
    assert asked.read_by(QUESTION) > 0
    asked.index([BRIDGE, ROAD])
    assert asked.read_by(QUESTION) > 0
    assert asked.read_by(QUESTION) == 0


def test_in_a_conversation_only_the_first_question_is(tmp_path: Path) -> None:
    asked = Asked(tmp_path)
    asked.answerer.ask(QUESTION)
    assert asked.read_by(QUESTION, conversation_id="a" * 22) == 0
    assert asked.read_by(QUESTION, conversation_id="a" * 22) > 0


def test_none_are_kept_with_0(tmp_path: Path) -> None:
    asked = Asked(tmp_path, kept=0)
    asked.answerer.ask(QUESTION)
    assert asked.read_by(QUESTION) > 0


def test_the_one_not_asked_for_longest_goes(tmp_path: Path) -> None:
    answer = Asked(tmp_path).answerer.ask(QUESTION)
    kept = KeptAnswers(2)
    for key in ("a", "b"):
        kept.keep(key, (answer, ()))
    kept.get("a")
    kept.keep("c", (answer, ()))
    assert [kept.get(key) is not None for key in ("a", "b", "c")] == [True, False, True]


def test_a_passage_is_read_once_for_a_question() -> None:
    text = "The road is 40 km long."
    one, other = (
        Passage(
            passage_id=name, article_id="en/road", start_char=0, end_char=len(text), text=text, heading_path=(), sentences=()
        )
        for name in ("one", "other")
    )
    reader = Counting()
    once = ReadOnce(reader)
    assert len(once.read("How long?", [("", one), ("", one)])) == 2
    assert len(once.read("How long?", [("", other), ("", one)])) == 2
    assert reader.seen == 2
    once.read("How wide?", [("", one)])
    assert reader.seen == 3


class Tracing(FigureReader):
    """Notes how many passages are read at a time."""

    def __init__(self, steps: list[int | str]) -> None:
        super().__init__()
        self._steps = steps

    def read(self, question: str, passages: Sequence[tuple[str, Passage]]) -> list[ReadPassage]:
        self._steps.append(len(passages))
        return super().read(question, passages)


@pytest.mark.parametrize(
    "question",
    [
        "How long is the road, and when did the bridge open?",
        "How many lorries crossed the border by year?",
        "Compare the bridge and the road",
    ],
)
def test_whatever_its_form_a_question_may_be_held_up_after_every_four_passages(tmp_path: Path, question: str) -> None:
    """Else it would keep others waiting, and go on after its asker has gone."""
    lorries = [
        make_article(
            f"en/lorries-{year}", f"In {year} {year * 3:,} lorries crossed the Amur border bridges by road.", title="Lorries"
        )
        for year in range(2015, 2026)
    ]
    build([BRIDGE, ROAD, *lorries], BagOfWords(), tmp_path, model="bag of words", precision="f32")
    steps: list[int | str] = []
    answerer = Answerer(BagOfWords(), LiveIndex(tmp_path, BagOfWords().fingerprint).current, Tracing(steps))
    answerer.find(question, watch=lambda seen: steps.append(seen.stage))
    assert steps[0] == "retrieved"
    assert [most for most in steps if isinstance(most, int) and most > 4] == []
    assert all(after == "read" for before, after in pairwise([*steps, ""]) if isinstance(before, int))
