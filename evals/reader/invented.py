"""The invented news, pages, subjects, disagreements, siblings, series, trios and basics.

`made-up.jsonl` has news of one paragraph, `companions.jsonl` second texts on the same stories, which answer what the first
leave open, `made-up-pages.jsonl` whole pages, `made-up-subjects.jsonl` three texts on one subject, in three languages,
`made-up-disagreements.jsonl` texts whose sources give different figures for the same thing, `made-up-siblings.jsonl` texts on
several things of one kind, each with its own figures, `made-up-series.jsonl` texts on one thing at several times, and
`made-up-trios.jsonl` three pages on one matter, in three languages, where what one answers another nearly says.
`made-up-basics.jsonl` has three texts on one thing, each with other milestones, roles and figures of it, and what people ask
first. `made-up-loose.jsonl` has further questions about subjects, siblings, series and trios, loose
and sloppy ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from coopbot.domain import Language

HERE = Path(__file__).parent
BETWEEN_PARAGRAPHS = "\n\n"

Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InventedText:
    """A news text of one paragraph, or a page of several. published: YYYY-MM-DD."""

    language: Language
    published: str
    title: str
    text: str

    def paragraphs(self) -> Iterator[tuple[int, str]]:
        """Each with the place of its first character."""
        start = 0
        for paragraph in self.text.split(BETWEEN_PARAGRAPHS):
            yield start, paragraph
            start += len(paragraph) + len(BETWEEN_PARAGRAPHS)


@dataclass(frozen=True, slots=True, kw_only=True)
class InventedQuestion:
    """A question about a story. answers: for each of its texts, the spans that answer; none where it does not.

    accounts: where sources disagree, the same for each version that they give; together they are the answers.
    """

    kind: str
    question: str
    answers: tuple[Spans, ...]
    accounts: tuple[tuple[Spans, ...], ...] = ()

    @property
    def is_loose(self) -> bool:
        """Whether it may not say which story it is about, so that it is to be asked of that story only."""
        return "loose" in self.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One to four texts and the questions about them. group: the stories that are held out from training together."""

    texts: tuple[InventedText, ...]
    questions: tuple[InventedQuestion, ...]
    group: str

    @property
    def source(self) -> str:
        """The set that it is from, such as `made-up-page`."""
        return self.group.partition("/")[0]

    @property
    def is_several(self) -> bool:
        """Whether it has several paragraphs, so that for most questions one answers and another is a near miss."""
        return sum(1 for text in self.texts for _ in text.paragraphs()) > 1


@cache  # a stage asks for them once for each kind of story
def load_stories() -> tuple[Story, ...]:
    """All stories: those of `made-up.jsonl` in their order, then those of the other files, in that of the list above."""
    companions = {row["id"]: row for row in _rows("companions.jsonl")}
    news = [
        _story(row, companions.get(row["id"]), group=f"made-up-{row['language']}/{number // 3}")
        for number, row in enumerate(_rows("made-up.jsonl"))
    ]
    pages = [_page(row, group=f"made-up-page/{number}") for number, row in enumerate(_rows("made-up-pages.jsonl"))]
    subjects = _subjects("made-up-subjects.jsonl", "made-up-subject")
    disagreements = [
        _disagreement(row, group=f"made-up-disagreement/{number}")
        for number, row in enumerate(_rows("made-up-disagreements.jsonl"))
    ]
    siblings = _subjects("made-up-siblings.jsonl", "made-up-sibling")
    series = _subjects("made-up-series.jsonl", "made-up-series")
    trios = _subjects("made-up-trios.jsonl", "made-up-trio")
    basics = _subjects("made-up-basics.jsonl", "made-up-basics")
    return (*news, *pages, *subjects, *disagreements, *siblings, *series, *trios, *basics)


def _story(row: dict[str, Any], companion: dict[str, Any] | None, group: str) -> Story:
    texts = [_text(row, row["text"])]
    asked = [(one["kind"], one["question"], [one["answers"]]) for one in row["questions"]]
    if companion:
        texts.append(_text(companion, companion["text"]))
        later = companion["answers"]
        asked = [(kind, question, [*own, later.get(str(place), [])]) for place, (kind, question, own) in enumerate(asked)]
        for one in companion["typed"]:
            of_original = one["of"] == "original"
            asked.append(("typed", one["question"], [one["answers"], []] if of_original else [[], one["answers"]]))
    questions = tuple(
        InventedQuestion(kind=kind, question=question, answers=tuple(map(_spans, texts, answers)))
        for kind, question, answers in asked
    )
    return Story(texts=tuple(texts), questions=questions, group=group)


def _page(row: dict[str, Any], group: str) -> Story:
    asked = [{**one, "answers": [[0, place, words] for place, words in one["answers"]]} for one in row["questions"]]
    return _subject({"texts": [row], "questions": asked}, group)


def _subjects(name: str, source: str) -> list[Story]:
    return [_subject(row, group=f"{source}/{number}") for number, row in enumerate(_rows(name))]


def _subject(row: dict[str, Any], group: str) -> Story:
    questions = [*row["questions"], *_loose_questions().get(group, [])]
    asked = [{**one, "accounts": [one["answers"]]} for one in questions]
    return _disagreement({**row, "questions": asked}, group)


@cache
def _loose_questions() -> dict[str, list[dict[str, Any]]]:
    """By the group of their story."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in _rows("made-up-loose.jsonl"):
        found.setdefault(row["story"], []).append(row)
    return found


def _disagreement(row: dict[str, Any], group: str) -> Story:
    texts = tuple(_text(one, BETWEEN_PARAGRAPHS.join(one["paragraphs"])) for one in row["texts"])
    questions = []
    for one in row["questions"]:
        accounts = tuple(_spans_by_text(texts, places) for places in one["accounts"])
        together = tuple(sum(spans, ()) for spans in zip(*accounts, strict=True))
        questions.append(
            InventedQuestion(
                kind=one["kind"], question=one["question"], answers=together, accounts=accounts if len(accounts) > 1 else ()
            )
        )
    return Story(texts=texts, questions=tuple(questions), group=group)


def _spans_by_text(texts: tuple[InventedText, ...], places: list[tuple[int, int, str]]) -> tuple[Spans, ...]:
    """places: (text, paragraph, words)."""
    starts = [[start for start, _ in text.paragraphs()] for text in texts]
    return tuple(
        tuple(_span(text.text, words, starts[number][place]) for own, place, words in places if own == number)
        for number, text in enumerate(texts)
    )


def _text(row: dict[str, Any], text: str) -> InventedText:
    return InventedText(language=row["language"], published=row["published"], title=row["title"], text=text)


def _spans(text: InventedText, answers: list[str]) -> Spans:
    return tuple(_span(text.text, answer) for answer in answers)


def _span(text: str, words: str, after: int = 0) -> tuple[int, int]:
    start = text.index(words, after)
    return start, start + len(words)


def _rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines()]
