"""The questions that `evals/reader/parallel.py` makes from translated news."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from evals.reader.parallel import parallel_examples

FILES = {
    "newstest2019-src.eng.txt": [
        "The ferry carried 412 passengers across the river in May.",
        "Its captain wants a longer pier",
    ],
    "newstest2019-ref.rus.txt": ["В мае паром перевёз через реку 412 пассажиров.", "Капитану нужен причал подлиннее."],
    "newstest2019-ref.zho-CN.txt": ["五月渡轮运送412名旅客过江。", "船长希望码头更长。"],
    "newstest2019-ref.zho-TW.txt": ["五月渡輪運送412名旅客過江。", "船長希望碼頭更長。"],
    "DOCUMENT_IDS.tsv": ["ferry", "ferry"],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, lines in FILES.items():
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def test_a_number_is_asked_for_in_one_language_and_found_in_another(folder: Path) -> None:
    asked = 0
    for seed in range(20):
        for example in parallel_examples(folder, random.Random(seed)):
            text = example.texts[0]
            ((start, end),) = text.answers
            assert text.text[start:end] == "412"
            assert "412" not in example.question
            assert not any(
                line in text.text for lines in FILES.values() for line in lines if line[:10] == example.question[:10]
            )
            asked += 1
    assert asked > 5


def test_a_sentence_without_a_number_is_answered_by_its_translation(folder: Path) -> None:
    lines = {name: [line.replace("412 ", "").replace("412", "") for line in own] for name, own in FILES.items()}
    for name, own in lines.items():
        (folder / name).write_text("\n".join(own) + "\n", encoding="utf-8")
    found = [one for seed in range(40) for one in parallel_examples(folder, random.Random(seed))]
    assert found
    for example in found:
        text = example.texts[0]
        ((start, end),) = text.answers
        assert any(text.text[start:end] == own[0] for own in lines.values())
