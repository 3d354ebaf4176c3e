"""XQuAD-R as passages and questions, read from its folder, never kept.

Questions are those of articles with an odd number only: coopbot's weights were learned on the even ones.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.peers.protocol import Passage

LANGUAGES = ("en", "zh", "ru")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """text: by language. paragraph: the number of the passage that answers, in every language."""

    text: dict[str, str]
    paragraph: int

    def gold(self, language: str) -> str:
        """The id of the passage that answers, in a language."""
        return passage_id(language, self.paragraph)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """All passages, of three languages, and questions about some of them."""

    passages: list[Passage]
    questions: list[Question]


def passage_id(language: str, paragraph: int) -> str:
    """How a passage is named."""
    return f"{language}/{paragraph:03d}"


def load_dataset(folder: Path, *, paragraphs: int | None = None, every: int = 1) -> Dataset:
    """The first `paragraphs` in each language, and of their questions every so manieth. Raises OSError."""
    tables = {language: list(islice(_paragraphs(folder / f"{language}.json"), paragraphs)) for language in LANGUAGES}
    passages = [
        Passage(passage_id=passage_id(language, number), language=language, text=paragraph["context"])
        for language, table in tables.items()
        for number, (_, paragraph) in enumerate(table)
    ]
    questions = [
        Question(text={one: tables[one][number][1]["qas"][row]["question"] for one in LANGUAGES}, paragraph=number)
        for number, (article, paragraph) in enumerate(tables["en"])
        if article % 2
        for row in range(len(paragraph["qas"]))
    ]
    return Dataset(passages=passages, questions=questions[::every])


# `Any`: JSON.
def _paragraphs(path: Path) -> Any:
    articles = json.loads(path.read_text("utf-8"))["data"]
    return ((number, paragraph) for number, article in enumerate(articles) for paragraph in article["paragraphs"])
