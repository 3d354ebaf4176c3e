from __future__ import annotations

import numpy as np
import pytest

from coopbot.ask.coverage import Sought, said_by, share, sought_in
from coopbot.text.notes import take_notes

RUSSIAN = sought_in("сколько стоит мост, что у Хэйхэ")


def test_words_are_sought_once_with_what_they_mean() -> None:
    assert (
        Sought(word="сто", meanings=frozenset({"cost"})),
        Sought(word="мост", meanings=frozenset({"bridge"})),
        Sought(word="хэйхэ", meanings=frozenset({"heihe"})),
    ) == RUSSIAN
    assert sought_in("мост мост") == (Sought(word="мост", meanings=frozenset({"bridge"})),)
    assert sought_in("?") == ()


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("Хэйхэ строит мост.", [False, True, True]),
        ("In Heihe a bridge cost 2.5 bn yuan.", [True, True, True]),
        ("黑河有一座大桥造价24.7亿元。", [True, True, True]),
        ("Kheikhe sells tea.", [False, False, True]),
        ("Погода хорошая.", [False, False, False]),
    ],
)
def test_said_by_the_word_the_concept_or_the_name(sentence: str, said: list[bool]) -> None:
    assert said_by(RUSSIAN, take_notes("", [sentence]).sentences)[:, 0].tolist() == said


def test_rare_words_weigh_more() -> None:
    said = np.array([[True, False], [False, True], [False, False]])
    assert share(said, np.array([3, 1, 1], dtype=np.float32)).tolist() == pytest.approx([0.6, 0.2])
    assert share(said[:0], np.zeros(0, dtype=np.float32)).tolist() == [0, 0]
