from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from coopbot.errors import IndexBroken
from coopbot.index.disk.lexical import Postings, PostingsWriter, _summed, inverse_frequency, word_keys
from coopbot.index.types import I64
from coopbot.text.tokens import lexical_tokens

PASSAGES = ["Мосты через Амур строили долго.", "В порту грузят уголь.", "Мост открыли в 2022 году, уголь везут по мосту.", ""]


def postings(folder: Path, passages: list[str], removed: tuple[int, ...] = ()) -> Postings:
    if not any(folder.iterdir()):
        writer = PostingsWriter(folder)
        for text in passages:
            writer.add(lexical_tokens(text))
        writer.close()
    return Postings(folder, np.array(removed, dtype=np.int64))


def frequency(words: Postings, question: str) -> I64:
    return words.frequencies(words.places(word_keys(lexical_tokens(question))))


def scores(words: Postings, question: str, rows: int) -> dict[int, float]:
    places = words.places(word_keys(dict.fromkeys(lexical_tokens(question))))
    idf = [inverse_frequency(rows, int(count)) for count in words.frequencies(places)]
    found, totals = words.matches(places, idf, words.words_total / rows)
    assert np.allclose(words.scores(found, places, idf, words.words_total / rows), totals)
    return dict(zip(found.tolist(), totals.tolist(), strict=True))


@pytest.mark.parametrize(("question", "best"), [("моста и уголь", 2), ("порт", 1), ("амур", 0), ("2022", 2)])
def test_inflected_forms_match(tmp_path: Path, question: str, best: int) -> None:
    found = scores(postings(tmp_path, PASSAGES), question, 4)
    assert max(found, key=lambda row: found[row]) == best


@pytest.mark.parametrize("of_rows", [6, 1000])
def test_scores_of_a_row_are_summed_in_an_index_of_any_size(of_rows: int) -> None:
    rows, scores = np.array([4, 1, 4, 5], dtype=np.int64), np.array([1, 2, 3, 4], dtype=np.float32)
    found, totals = _summed(rows, scores, of_rows)
    assert (found.tolist(), totals.tolist()) == ([1, 4, 5], [2, 4, 4])


def test_only_passages_with_one_of_the_words_are_found(tmp_path: Path) -> None:
    words = postings(tmp_path, PASSAGES)
    assert set(scores(words, "уголь", 4)) == {1, 2}
    assert scores(words, "zzz", 4) == {}
    assert scores(words, "", 4) == {}


def test_scores_are_those_of_lucene(tmp_path: Path) -> None:
    found = scores(postings(tmp_path, PASSAGES), "мост", 4)
    lengths = [len(lexical_tokens(text)) for text in PASSAGES]
    average = sum(lengths) / 4
    idf = np.log(1 + (50 - 2 + 0.5) / (2 + 0.5))
    assert found[0] == pytest.approx(idf * 1 / (1 + 1.2 * (0.25 + 0.75 * lengths[0] / average)), rel=1e-5)
    assert found[2] == pytest.approx(idf * 2 / (2 + 1.2 * (0.25 + 0.75 * lengths[2] / average)), rel=1e-5)


def test_rarer_words_weigh_more(tmp_path: Path) -> None:
    having = frequency(postings(tmp_path, PASSAGES), "мост Амур телефон")
    assert having.tolist() == [2, 1, 0]
    weights = [inverse_frequency(4, int(count)) for count in having]
    assert sorted(set(weights)) == weights


def test_removed_passages_do_not_count(tmp_path: Path) -> None:
    words = postings(tmp_path, PASSAGES)
    without = postings(tmp_path, PASSAGES, removed=(2,))
    assert set(scores(without, "уголь мост", 3)) == {0, 1}
    assert frequency(without, "уголь мост 2022").tolist() == [1, 1, 0]
    assert without.words_total == words.words_total - len(lexical_tokens(PASSAGES[2]))


def test_a_damaged_folder_raises_index_broken(tmp_path: Path) -> None:
    with pytest.raises(IndexBroken, match="coopbot index"):
        Postings(tmp_path / "nothing", np.zeros(0, dtype=np.int64))
