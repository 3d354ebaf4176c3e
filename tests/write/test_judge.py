from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from coopbot.ask.rank.reader import ReadPassage
from coopbot.domain import Passage, Span
from coopbot.write.judge import reads_alike
from tests.write.quotes import cited


class Told:
    """A reader that finds given words in each text, with a given score."""

    fingerprint = "given"

    def __init__(self, **found: float) -> None:
        self._found = found

    def read(self, question: str, passages: Sequence[tuple[str, Passage]]) -> list[ReadPassage]:
        return [self._one(passage.text) for _, passage in passages]

    def _one(self, text: str) -> ReadPassage:
        words, score = next((words, score) for words, score in self._found.items() if words in text)
        start = text.index(words)
        best = np.array([score], dtype=np.float32)
        return ReadPassage(starts=best, best=best, answers=(Span(start_char=start, end_char=start + len(words)),))


# By quote: what answers in it.
LIST = "The initiative brings together China, Mongolia, Russia and South Korea."
DATE = "The bridge at Tongjiang opened on 16 November 2022."


@pytest.mark.parametrize(
    ("quote", "answers", "sentence", "alike"),
    [
        (DATE, {"16 November 2022": 3.0}, "It opened on 16 November 2022.", True),
        (DATE, {"16 November 2022": 3.0, "16 ноября 2022": 1.0}, "Мост открылся 16 ноября 2022 года.", True),
        (DATE, {"16 November 2022": 3.0, "17 November 2022": 3.0}, "It opened on 17 November 2022.", False),
        # Held for an answer much less than the quote.
        (DATE, {"on 16 November 2022": 9.0, "16 November 2022": 3.0}, "A day: 16 November 2022.", False),
        # Not all of the answer.
        (LIST, {"China, Mongolia, Russia and South Korea": 5.0, "South Korea": 4.0}, "South Korea", False),
        (LIST, {"China, Mongolia, Russia and South Korea": 5.0}, "China, Mongolia, Russia and South Korea join.", True),
        ("Soy is sown in spring.", {"Soy": 4.0, "Rice": 4.0}, "Rice is sown in spring.", False),
        # By itself "people" is another concept of the glossary than before "crossed".
        ("Over 80,000 people crossed by bus.", {"Over 80,000 people": 4.0}, "Over 80,000 people crossed.", True),
    ],
)
def test_the_same_answer_must_be_found_in_both(quote: str, answers: dict[str, float], sentence: str, alike: bool) -> None:
    assert reads_alike("When?", sentence, cited(quote), Told(**answers)) is alike
