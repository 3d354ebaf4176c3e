"""XQuAD-R as passages and questions. The data set is not part of the repository.

Questions are those about articles with an odd number only: coopbot's weights were learned on the even ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.protocol import Passage
from evals.xquad.files import paragraph_id, read_paragraphs

LANGUAGES = ("en", "zh", "ru")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """text: by language. paragraph: the number of the passage that answers, the same in every language."""

    text: dict[str, str]
    paragraph: int

    def gold(self, language: str) -> str:
        """The id of the passage in a language that answers."""
        return paragraph_id(language, self.paragraph)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Passages in three languages, and questions about some of them."""

    passages: list[Passage]
    questions: list[Question]


def load_dataset(folder: Path, *, paragraphs: int | None = None, every: int = 1) -> Dataset:
    """The first `paragraphs` in each language, all by default, and every `every`-th question about them.

    Raises OSError, ValueError or KeyError.
    """
    tables = {language: read_paragraphs(folder, language)[:paragraphs] for language in LANGUAGES}
    passages = [
        Passage(passage_id=paragraph_id(language, number), language=language, text=paragraph["context"])
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
