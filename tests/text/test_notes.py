from __future__ import annotations

import pytest

from coopbot.text.notes import dump_notes, load_notes, take_notes

SENTENCES = [
    "The bridge, 1,283 m long, opened on 10 June 2022.",
    "Товарооборот достиг 27 млрд долларов в 2023 году.",
    "2023年贸易额约270亿美元。",
    "No figures here.",
]


@pytest.mark.parametrize(
    ("sentence", "amount", "year"),
    [
        (SENTENCES[0], (1283.0, "m"), 2022),
        (SENTENCES[1], (27e9, "usd"), 2023),
        (SENTENCES[2], (27e9, "usd"), 2023),
    ],
)
def test_amounts_and_years_are_noted(sentence: str, amount: tuple[float, str], year: int) -> None:
    notes = take_notes(sentence)
    assert amount in notes.amounts
    assert notes.years == {year}


def test_notes_survive_storage() -> None:
    notes = tuple(map(take_notes, SENTENCES))
    assert load_notes(dump_notes(notes)) == notes
    assert load_notes(dump_notes([])) == ()
