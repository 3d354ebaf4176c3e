from __future__ import annotations

import pytest

from coopbot.write.writer import WrittenSentence, parse_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("It opened in 2022 [1]. It is long. [2]", [("It opened in 2022.", (1,)), ("It is long.", (2,))]),
        ("It opened [1][2].", [("It opened.", (1, 2))]),
        ("It opened. [1, 2] It is long [2].", [("It opened.", (1, 2)), ("It is long.", (2,))]),
        ("[1] It opened in 2022.", [("It opened in 2022.", (1,))]),
        ("2022年通车。[1]长1080米【2】。", [("2022年通车。", (1,)), ("长1080米。", (2,))]),
        ("Открыт в 2022 г. [1] Длина 1080 м [2].", [("Открыт в 2022 г.", (1,)), ("Длина 1080 м.", (2,))]),
        ("- **One** bridge [1]\n- Two bridges [2]\n", [("One bridge", (1,)), ("Two bridges", (2,))]),
        ("1. One bridge [1]\n2. Two bridges [2]", [("One bridge", (1,)), ("Two bridges", (2,))]),
        ("<think>The user wants [3].</think>It opened [1].", [("It opened.", (1,))]),
        ("<think>It never ends", []),
        ("It opened (in 2022) [1].", [("It opened (in 2022).", (1,))]),
        ("It \u202eopened\u200b [1].", [("It opened.", (1,))]),
        ("No number at all.", [("No number at all.", ())]),
        ("[1]\n\n[2].\n---\n...", []),
        ("", []),
    ],
)
def test_an_answer_is_cut_into_sentences_with_their_numbers(text: str, sentences: list[tuple[str, tuple[int, ...]]]) -> None:
    assert parse_sentences(text) == [WrittenSentence(text=text, numbers=numbers) for text, numbers in sentences]
