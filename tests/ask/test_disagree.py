"""Each row: a question, quotes and the figures shown to differ, or none."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from coopbot.ask.disagree import QuotedFact, find_disagreements
from coopbot.text.sentences import split_sentences

ROOT = Path(__file__).parents[2]
TOWNS = ("Oldtown", "Newtown")


def names(text: str) -> frozenset[str]:
    return frozenset(town for town in TOWNS if town in text)


def quoted(*texts: str) -> list[QuotedFact]:
    """Quotes of different articles, each a year newer than the one before."""
    return [
        QuotedFact(
            number=number,
            text=text,
            article_id=f"en/a{number}",
            publisher="Herald",
            published=date(2000 + number, 1, 1),
            score=0.0,
        )
        for number, text in enumerate(texts, 1)
    ]


FOUND: list[tuple[str, list[str], str, tuple[int, ...]]] = [
    (
        "how long is the Oldtown bridge",
        ["The Oldtown bridge is 1,283 m long.", "The Oldtown bridge is 1284 metres long, says the Post."],
        "1284 metres / 1,283 m",
        (2, 1),
    ),
    (
        "island area",
        ["One survey says 327 square kilometres, while the Post gives 335 sq km."],
        "327 square kilometres / 335 sq km",
        (1,),
    ),
    (
        "bridge length",
        ["The Herald in 2016 says 1,283 metres, while People's Daily says 1,284 metres."],
        "1,283 metres / 1,284 metres",
        (1,),
    ),
    (
        "площадь острова",
        ["Площадь острова «Вести» оценивают в 327 кв. км, а «Почта» называет 335 кв. км."],
        "327 кв. км / 335 кв. км",
        (1,),
    ),
    ("岛有多大", ["甲报说面积是327平方公里，乙报则称335平方公里。"], "327平方公里 / 335平方公里", (1,)),
    (
        "How many households can the pipe supply?",
        ["The page says it is enough for 130 million urban households, while its translation says 13 million."],
        "130 million / 13 million",
        (1,),
    ),
    (
        "how many wagons had the first train",
        ["The first train had 62 wagons.", "The Post says the first train had 64 wagons."],
        "64 wagons / 62 wagons",
        (2, 1),
    ),
    (
        "how many tigers live in the park",
        ["The park has 40 tigers.", "About 70 tigers live there, in the park."],
        "70 / 40",
        (2, 1),
    ),
    (
        "what share of the beans goes abroad",
        ["The share of beans sold abroad is 65%.", "Abroad goes a share of 76% of the beans, the Post wrote."],
        "76% / 65%",
        (2, 1),
    ),
    (
        "gas sold in 2024, billion cubic metres",
        ["In 2024 gas sold was 38 billion cubic metres.", "In 2024 gas sold was 38.8 billion cubic metres."],
        "38.8 billion cubic metres / 38 billion cubic metres",
        (2, 1),
    ),
    (
        "cost of the plant",
        ["It cost 950 billion roubles, the owner says, while the guest spoke of over 1 trillion roubles."],
        "950 billion roubles / 1 trillion roubles",
        (1,),
    ),
    (
        "dry port cost in dollars",
        [
            "The Post put the cost of the dry port at $300-350 million.",
            "The Herald gives a cost of $3-3.5 billion for the dry port.",
        ],
        "$3-3.5 billion / $300-350 million",
        (2, 1),
    ),
    (
        "when did the checkpoint open",
        ["The Herald says the checkpoint opened on 3 May 2015, while the Post gives 7 June 2016."],
        "3 May 2015 / 7 June 2016",
        (1,),
    ),
    (
        "когда открыли пункт пропуска",
        ["«Вести» пишут, что пункт открыли 3 мая 2015 года, а «Почта» называет 7 июня 2016 года."],
        "3 мая 2015 года / 7 июня 2016 года",
        (1,),
    ),
]


@pytest.mark.parametrize(("question", "texts", "about", "citations"), FOUND)
def test_found(question: str, texts: list[str], about: str, citations: tuple[int, ...]) -> None:
    found = find_disagreements(question, quoted(*texts), names)
    assert [(one.about, one.citations) for one in found] == [(about, citations)]


NONE: list[tuple[str, str, list[str]]] = [
    (
        "other years",
        "trade of the region",
        ["Trade of the region in 2023 was $5 billion.", "Trade of the region in 2024 was $6 billion."],
    ),
    ("not the year asked", "trade of the region in 2024", ["Trade in 2023 was $5 billion.", "Trade in 2024 was $6 billion."]),
    ("about", "trade of the region", ["Trade of the region was about $27 billion.", "Trade of the region was $27 billion."]),
    ("over", "passengers of the line", ["The line had over 120,000 passengers.", "The line had 122,562 passengers."]),
    ("spelling of a number", "share of beans", ["The share of beans is 5.2%.", "The share of beans is 5.20 percent."]),
    ("across units", "bridge length", ["The bridge length is 1.283 km.", "The bridge length is 1,283 metres."]),
    ("across scripts", "区域贸易额", ["区域贸易额270亿美元。", "区域贸易额为$27 billion。"]),
    ("width", "how long is the bridge", ["The bridge is 1,283 m long.", "The bridge is 14.5 m wide."]),
    ("another town", "Oldtown bridge length", ["The Oldtown bridge length is 900 m.", "The Newtown bridge length is 950 m."]),
    ("a stretch", "bridge length", ["The bridge length is 900 m.", "The bridge length on the Russian side is 540 m."]),
    (
        "part year",
        "cargo of the port",
        ["Cargo of the port was 5 million tonnes.", "Cargo of the port in the first half was 3 million tonnes."],
    ),
    (
        "sum of years",
        "cargo of the port",
        ["Cargo of the port was 5 million tonnes.", "Cargo of the port since opening is 9 million tonnes."],
    ),
    (
        "a plan",
        "cargo of the port",
        ["Cargo of the port was 5 million tonnes.", "Cargo of the port is expected to be 6 million tonnes."],
    ),
    ("a rise", "share of beans", ["The share of beans is 65%.", "The share of beans rose by 54%."]),
    (
        "start and now",
        "pipe capacity in tonnes",
        ["Reuters says the pipe capacity is 110 tonnes, but 15 tonnes at the start, it says."],
    ),
    (
        "agreed on one figure",
        "cargo of the port",
        [
            "Cargo of the port was 3 million tonnes, nearly all of it, 2.9 million tonnes, coal.",
            "Cargo of the port was 3.0 million tonnes.",
        ],
    ),
    ("daily", "trucks over the bridge, how many trucks", ["The bridge took 500 trucks.", "The bridge took 600 trucks a day."]),
    ("width told nowhere", "how wide is the bridge", ["The Post says 1,283 metres, while the Herald says 1,284 metres."]),
    ("one source", "bridge length", ["The bridge length is 900 m and 950 m of road."]),
    (
        "dates of sources",
        "when did the bridge open",
        ["It opened on 3 May 2015, TASS said on 24 October 2025, and the Post said on 5 May 2025."],
    ),
    ("other events", "when did the bridge open", ["The bridge opened in May 2015.", "The port was closed in June 2016."]),
    ("nothing counted", "why did exports fall", ["Exports fell to 5 tonnes, says one, while another says 6 tonnes."]),
    ("no figures", "how long is the bridge", ["The bridge is long.", "Nobody knows."]),
]


@pytest.mark.parametrize(("question", "texts"), [row[1:] for row in NONE], ids=[row[0] for row in NONE])
def test_none(question: str, texts: list[str]) -> None:
    assert find_disagreements(question, quoted(*texts), names) == []


def test_no_quotes() -> None:
    assert find_disagreements("how long is the bridge", [], names) == []


def sentences_with(question: dict[str, list[str]]) -> list[QuotedFact]:
    """The sentences of a golden question's articles that hold an accepted answer."""
    quotes: list[QuotedFact] = []
    for article_id in question["articles"]:
        body = (ROOT / "corpus" / f"{article_id}.md").read_text(encoding="utf-8").split("---\n", 2)[2]
        sentences = (body[span.start_char : span.end_char] for span in split_sentences(body))
        for text in sentences:
            if any(answer in text for answer in question["answers"]):
                number = len(quotes) + 1
                quotes.append(
                    QuotedFact(number=number, text=text, article_id=article_id, publisher="", published=None, score=0.0)
                )
    return quotes


def golden(*kinds: str) -> list[dict[str, list[str]]]:
    """Questions of the dev split."""
    lines = (ROOT / "evals" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line) for line in lines]
    return [question for question in questions if question["split"] == "dev" and question["kind"] in kinds]


def flagged(questions: list[dict[str, list[str]]]) -> float:
    found = [bool(find_disagreements(str(question["question"]), sentences_with(question))) for question in questions]
    return sum(found) / len(found)


def test_golden_conflicts_are_found() -> None:
    assert flagged(golden("conflict")) >= 0.8


def test_golden_answers_are_not_called_conflicts() -> None:
    assert flagged(golden("number", "date", "cross-language")) <= 0.05
