"""The check of briefs against the fact sheets: each thing that it finds, and nothing in briefs that are right."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from coopbot.domain import Attribution, Language, Source, When
from coopbot.errors import Misconfigured
from evals.facts_check import (
    Brief,
    Sheets,
    Statement,
    briefs_of,
    known_numbers,
    problems,
    read_sheets,
    unknown_figures,
    unknown_numbers,
)
from tests.fakes import make_article

SHEET = """# Facts

## 1. A bridge (HB)

* **HB-01** Works launched 24 Dec 2016; main span 147 m, 14.5 m wide; CNY 2.47bn. - People.cn, 2016-12-25 [zh] A.
* **HB-02** First five months: over 1,500 vehicles, eight trucks a day. - Sputnik, 2022-11-12 [en] A.
* **HB-03** To open in August 2026. - Interfax, 2026-03-02 [ru] A.

## 26. Totals

| Year | Total |
| --- | --- |
| 2024 | 244.8 |
"""
TODAY = date(2026, 12, 1)
SOURCE = Source(publisher="People's Daily", url="https://people.example/a", published=When("2016-12"))

Sentences = list[tuple[str, tuple[str, ...]]]


def note(*sources: Source, planned_for: str = "") -> Attribution:
    return Attribution(
        start_char=0, end_char=1, label="", sources=sources, planned_for=When(planned_for) if planned_for else None
    )


NOTES = {"HB-01": note(SOURCE), "HB-02a": note(SOURCE), "HB-03": note(SOURCE, planned_for="2026-08")}

FILLER: Sentences = [(f"Nothing of note stands in sentence {word}.", ()) for word in ("alpha", "beta", "gamma", "delta")]
ENGLISH: Sentences = [
    ("The main span is 147 metres long and 14.5 metres wide.", ("HB-01",)),
    ("Works began on 24 December 2016.", ("HB-01",)),
    ("In five months 1,500 vehicles crossed, eight lorries a day.", ("HB-02a",)),
    ("In March 2026 it was planned for August 2026.", ("HB-03",)),
]
CHINESE: Sentences = [
    ("主跨长147米，宽14.5米。", ("HB-01",)),
    ("2016年12月24日开工。", ("HB-01",)),
    ("五个月有1500辆车通过，每天8辆货车。", ("HB-02a",)),
    ("2026年3月宣布计划于2026年8月开通。", ("HB-03",)),
]
RUSSIAN: Sentences = [
    ("Главный пролёт — 147 метров, ширина — 14,5 метра.", ("HB-01",)),
    ("Работы начали 24 декабря 2016 года.", ("HB-01",)),
    ("За пять месяцев проехало 1500 машин, по восемь грузовиков в день.", ("HB-02a",)),
    ("В марте 2026 года открытие планировали на август 2026 года.", ("HB-03",)),
]


@pytest.fixture(scope="module")
def sheets(tmp_path_factory: pytest.TempPathFactory) -> Sheets:
    folder = tmp_path_factory.mktemp("sheets")
    (folder / "facts.md").write_text(SHEET, encoding="utf-8")
    remarks = "Do not link: copies.example, other.example; cite.\n\n* HB-02 - https://x.example/b - ASN (190 lanes)\n"
    (folder / "addresses.md").write_text(remarks, encoding="utf-8")
    return read_sheets(folder)


def brief(language: Language, sentences: Sentences) -> Brief:
    # English briefs have a length.
    padding = Statement(text=" ".join(["word"] * 300), labels=(), is_last=True)
    said = tuple(Statement(text=text, labels=labels, is_last=False) for text, labels in sentences)
    return Brief(
        subject="bridge", language=language, title="The bridge", statements=(*said, padding), headings=("A",), notes=NOTES
    )


def versions(**changed: tuple[int, str]) -> list[Brief]:
    """The three, with a sentence of some replaced: its place and text."""
    found = []
    texts: dict[Language, Sentences] = {"en": ENGLISH, "zh": CHINESE, "ru": RUSSIAN}
    for language, sentences in texts.items():
        own = list(sentences)
        if language in changed:
            place, text = changed[language]
            own[place] = (text, own[place][1])
        found.append(brief(language, own))
    return found


def test_right_briefs_have_no_problems(sheets: Sheets) -> None:
    assert list(problems(versions(), sheets, TODAY)) == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"en": (0, "The main span is 174 metres long and 14.5 metres wide.")}, 'en/bridge: "ain span is 174 metres long"'),
        ({"zh": (1, "2016年12月26日开工。")}, 'zh/bridge: "2016年12月26日" (day)'),
        ({"zh": (1, "2017年12月24日开工。")}, 'zh/bridge: "2017年12月24日" (year)'),
        ({"ru": (2, "За пять месяцев проехало много машин.")}, "bridge: HB-02a: ru lacks"),
        ({"en": (3, "It will open in August 2026.")}, "en/bridge: future tense (will) after the date has passed"),
        ({"ru": (3, "Открытие будет в августе 2026 года.")}, "ru/bridge: future tense (будет) after the date has passed"),
        ({"zh": (3, "大桥将于2026年8月开通。")}, "zh/bridge: future tense (将) after the date has passed"),
        ({"en": (1, "Works will begin on 24 December 2016.")}, "en/bridge: future tense (will) without a plan"),
        ({"zh": (0, "主跨長147米，宽14.5米。")}, "zh/bridge: traditional characters: 長"),
    ],
)
def test_a_wrong_sentence_is_found(changed: dict[str, tuple[int, str]], expected: str, sheets: Sheets) -> None:
    assert any(line.startswith(expected) for line in problems(versions(**changed), sheets, TODAY))


def test_a_plan_for_later_may_be_in_the_future_tense(sheets: Sheets) -> None:
    said = versions(en=(3, "It will open in August 2026."))
    assert not any("future tense" in line for line in problems(said, sheets, date(2026, 8, 31)))


def changed(english: Brief) -> list[Brief]:
    return [english, *versions()[1:]]


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (note(), "no source"),
        (note(Source(publisher="Nobody's News")), "Nobody's News is not in the table of publishers"),
        (note(Source(publisher="People's Daily", via="Nobody's News")), "Nobody's News is not in the table of publishers"),
        (note(Source(publisher="People's Daily", url="people.example")), "no address: people.example"),
        (note(Source(publisher="People's Daily", url="https://a.example/b c")), "no address"),
        (note(Source(publisher="People's Daily", url="https://m.copies.example/a")), "a copy is linked"),
    ],
)
def test_a_wrong_note_is_found(wrong: Attribution, expected: str, sheets: Sheets) -> None:
    found = problems(changed(replace(versions()[0], notes={**NOTES, "HB-01": wrong})), sheets, TODAY)
    assert any(expected in line for line in found)


def test_an_article_becomes_a_brief() -> None:
    text = "It is long.\n\n## What is not known\n\nThe cost is open."
    here = Attribution(start_char=0, end_char=11, label="HB-01", sources=(SOURCE,))
    (brief,) = briefs_of([replace(make_article("en/bridge", text), attributions=(here,)), make_article("en/page", text)])
    assert (brief.subject, brief.headings, brief.notes) == ("bridge", ("What is not known",), {"HB-01": here})
    assert [(one.text, one.labels, one.is_last) for one in brief.statements] == [
        ("It is long.", ("HB-01",), False),
        ("The cost is open.", (), True),
    ]


def test_labels_headings_and_length_are_compared(sheets: Sheets) -> None:
    english = versions()[0]
    unlike = replace(english, statements=english.statements[1:], headings=("A", "B"))
    unknown = replace(english.statements[0], labels=("HB-99",))
    bare = Statement(text="It cost 2.47 billion yuan.", labels=(), is_last=False)
    assert "bridge: en has 2 headings, zh 1" in list(problems(changed(unlike), sheets, TODAY))
    lines = list(problems(changed(replace(english, statements=(unknown, bare))), sheets, TODAY))
    assert "en/bridge: HB-99 is no fact of the sheets" in lines
    assert "en/bridge: a figure without a footnote: It cost 2.47 billion yuan." in lines
    assert "en/bridge: 16 words" in lines
    assert "bridge: en and zh differ in HB-01, HB-02a, HB-03, HB-99" in lines
    assert "ru/bridge: missing" in list(problems(versions()[:2], sheets, TODAY))


def test_a_phrase_that_many_sentences_have_is_found(sheets: Sheets) -> None:
    cargo = ("coal", "ore", "grain", "wood", "oil", "fish")
    said = [(f"The long bridge carried freight of kind {word}.", ("HB-01",)) for word in cargo]
    lines = list(problems([brief("en", [*said, *FILLER, *ENGLISH])], sheets, TODAY))
    assert any("is in 6 of 15 sentences" in line for line in lines)


def test_facts_are_read_with_remarks_totals_and_copies(sheets: Sheets) -> None:
    assert set(sheets.facts) >= {"HB-01", "HB-02", "HB-03", "BT-24"}
    assert "190 lanes" in sheets.facts["HB-02"]
    assert sheets.copies == {"copies.example", "other.example"}


def test_a_folder_without_sheets_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="--sheets"):
        read_sheets(tmp_path)


@pytest.mark.parametrize(
    ("text", "facts", "unknown"),
    [
        ("Dalian's trade rose by 9% more than in 2024.", "+9% in 2025", []),
        ("It works 24小时", "works round the clock", []),
        ("Eight trucks, that is 8.", "eight trucks", []),
        ("in the first half of 2025", "H1 2025", []),
        ("from January to 26 November 2024", "5.002 Mt by 26 Nov 2024", []),
        ("in June 2025", "Q1 2025", ['"June 2025" (month)']),
    ],
)
def test_ways_of_writing_dates_and_figures(text: str, facts: str, unknown: list[str]) -> None:
    assert unknown_figures(text, facts) == unknown


@pytest.mark.parametrize(
    ("text", "known", "unknown"),
    [
        ("过货2100万吨", "21 Mt", False),
        ("Через мост прошло 2,1 млн т", "2.1 million tonnes", False),
        ("供气104亿立方米", "bcm: 4.1 (2020), 10.4 (2021)", False),
        ("投资24.7亿元", "CNY 2.47bn", False),
        ("длина 1 283 м", "1,283 m", False),
        ("过货2200万吨", "21 Mt", True),
        ("It is 1,284 m long.", "1,283 m", True),
        ("It grew by 12%.", "It grew by 12.5%", True),
    ],
)
def test_numbers_are_known_across_languages(text: str, known: str, unknown: bool) -> None:
    assert bool(unknown_numbers(text, known_numbers(known))) is unknown
