from __future__ import annotations

from pathlib import Path

import pytest

from coopbot.errors import IndexBroken
from coopbot.index.lexical import Lexical
from coopbot.text.tokens import lexical_tokens

PASSAGES = ["Мосты через Амур строили долго.", "В порту грузят уголь.", "Мост открыли в 2022 году, уголь везут по мосту.", ""]


@pytest.fixture
def lexical(tmp_path: Path) -> Lexical:
    Lexical.write([lexical_tokens(text) for text in PASSAGES], tmp_path / "bm25")
    return Lexical.open(tmp_path / "bm25", len(PASSAGES))


@pytest.mark.parametrize(("question", "best"), [("моста и уголь", 2), ("порт", 1), ("амур", 0), ("2022", 2)])
def test_inflected_words_meet(lexical: Lexical, question: str, best: int) -> None:
    assert lexical.scores(lexical_tokens(question)).argmax() == best


def test_unknown_words_score_nothing(lexical: Lexical) -> None:
    assert lexical.scores(["zzz"]).tolist() == [0, 0, 0, 0]
    assert lexical.scores([]).tolist() == [0, 0, 0, 0]


def test_rarer_words_weigh_more(lexical: Lexical) -> None:
    weights = lexical.idf(lexical_tokens("мост Амур телефон"))
    assert sorted(weights.values()) == list(weights.values())
    assert len(set(weights.values())) == 3


def test_a_damaged_folder_is_broken(tmp_path: Path) -> None:
    with pytest.raises(IndexBroken, match="coopbot index"):
        Lexical.open(tmp_path / "nothing", 1)
