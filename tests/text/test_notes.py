from __future__ import annotations

import pytest

from coopbot.text.notes import dump_notes, load_notes, take_notes

SENTENCES = [
    "The Heihe bridge, 1,283 m long, opened on 10 June 2022.",
    "Товарооборот достиг 27 млрд долларов в 2023 году.",
    "2023年贸易额约270亿美元。",
    "No figures here.",
]


@pytest.mark.parametrize(
    ("sentence", "amount", "date"),
    [
        (SENTENCES[0], (1283.0, "m"), (2022, 6)),
        (SENTENCES[1], (27e9, "usd"), (2023, None)),
        (SENTENCES[2], (27e9, "usd"), (2023, None)),
    ],
)
def test_amounts_and_dates_are_noted(sentence: str, amount: tuple[float, str], date: tuple[int, int | None]) -> None:
    (notes,) = take_notes("", [sentence]).sentences
    assert amount in notes.amounts
    assert notes.dates == (date,)


def test_names_are_noted_in_any_script_and_those_of_the_title_apart() -> None:
    latin = take_notes("", ["A train left Suifenhe."])
    han = take_notes("绥芬河", ["一列火车出发了。"])
    assert latin.sentences[0].names == han.context_names != frozenset()
    assert han.sentences[0].names == frozenset()


def test_concepts_are_noted_in_any_language() -> None:
    english, russian, chinese, none = take_notes(
        "", ["The bridge cost a lot.", "Стоимость моста высока.", "大桥造价很高。", "Nothing."]
    ).sentences
    assert english.concepts == russian.concepts == chinese.concepts == {"bridge", "cost"}
    assert none.concepts == frozenset()


def test_years_are_those_of_events_and_not_of_reports() -> None:
    (note,) = take_notes("", ["In 2023 and 2022 it grew, TASS wrote on 4 June 2024."]).sentences
    assert note.years == {2022, 2023}
    assert (2024, 6) in note.dates


def test_notes_survive_storage() -> None:
    notes = take_notes("Heihe — Trade", SENTENCES)
    assert load_notes(dump_notes(notes)) == notes
    assert load_notes(dump_notes(take_notes("", []))) == take_notes("", [])
