"""Each row: a question, sentences that might answer it, best first, and the figures shown to differ, or none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from coopbot.ask.coverage import sought_in
from coopbot.ask.disagree import Statement, find_disagreement
from coopbot.ask.expected import expected
from coopbot.ask.question import Question
from coopbot.text.gazetteer import find_names
from coopbot.text.language import detect_language
from coopbot.text.notes import take_notes
from coopbot.text.sentences import split_sentences

ROOT = Path(__file__).parents[2]


def asked(text: str) -> Question:
    nothing = np.zeros((1, 1), dtype=np.float32)
    return Question(
        text=text,
        language=detect_language(text),
        vector=nothing[0],
        rotated_tokens=nothing,
        content=np.ones(1, dtype=bool),
        sought=sought_in(text),
        wanted=expected(text),
        names=find_names(text),
    )


def statements(*texts: str, apart: bool, behind: float = 0.0) -> list[Statement]:
    """In one passage or apart; each is so much further behind, in log odds."""
    return [
        Statement(
            text=text,
            passage_id=f"p{number if apart else 0}",
            odds=-behind * number,
            vector=np.zeros(1, dtype=np.float32),
            notes=take_notes("", [text]).sentences[0],
        )
        for number, text in enumerate(texts)
    ]


def told(question: str, texts: list[str], *, apart: bool, behind: float = 0.0) -> list[str]:
    found = statements(*texts, apart=apart, behind=behind)
    sides = find_disagreement(asked(question), found)
    return [found[side.place].text[side.figure.start_char : side.figure.end_char] for side in sides]


FOUND: list[tuple[str, list[str], list[str]]] = [
    (
        "how long is the Oldtown bridge",
        ["The Oldtown bridge is 1,283 m long.", "The Oldtown bridge is 1284 metres long, says the Post."],
        ["1,283 m", "1284 metres"],
    ),
    (
        "island area",
        ["One survey says 327 square kilometres, while the Post gives 335 sq km."],
        ["327 square kilometres", "335 sq km"],
    ),
    (
        "bridge length",
        ["The Herald in 2016 says 1,283 metres, while People's Daily says 1,284 metres."],
        ["1,283 metres", "1,284 metres"],
    ),
    (
        "площадь острова",
        ["Площадь острова «Вести» оценивают в 327 кв. км, а «Почта» называет 335 кв. км."],
        ["327 кв. км", "335 кв. км"],
    ),
    ("岛有多大", ["甲报说面积是327平方公里，乙报则称335平方公里。"], ["327平方公里", "335平方公里"]),
    (
        "How many households can the pipe supply?",
        ["The page says it is enough for 130 million urban households, while its translation says 13 million."],
        ["130 million", "13 million"],
    ),
    (
        "how many wagons had the first train",
        ["The first train had 62 wagons.", "The Post says the first train had 64 wagons."],
        ["62 wagons", "64 wagons"],
    ),
    ("how many tigers live in the park", ["The park has 40 tigers.", "About 70 tigers live there, in the park."], ["40", "70"]),
    (
        "what share of the beans goes abroad",
        ["The share of beans sold abroad is 65%.", "Abroad goes a share of 76% of the beans, the Post wrote."],
        ["65%", "76%"],
    ),
    (
        "gas sold in 2024, billion cubic metres",
        ["In 2024 gas sold was 38 billion cubic metres.", "In 2024 gas sold was 38.8 billion cubic metres."],
        ["38 billion cubic metres", "38.8 billion cubic metres"],
    ),
    (
        "cost of the plant",
        ["It cost 950 billion roubles, the owner says, while the guest spoke of over 1 trillion roubles."],
        ["950 billion roubles", "1 trillion roubles"],
    ),
    (
        "dry port cost in dollars",
        [
            "The Post put the cost of the dry port at $300-350 million.",
            "The Herald gives a cost of $3-3.5 billion for the dry port.",
        ],
        ["$300-350 million", "$3-3.5 billion"],
    ),
    (
        "when did the checkpoint open",
        ["The Herald says the checkpoint opened on 3 May 2015, while the Post gives 7 June 2016."],
        ["3 May 2015", "7 June 2016"],
    ),
    (
        "когда открыли пункт пропуска",
        ["«Вести» пишут, что пункт открыли 3 мая 2015 года, а «Почта» называет 7 июня 2016 года."],
        ["3 мая 2015 года", "7 июня 2016 года"],
    ),
]


@pytest.mark.parametrize(("question", "texts", "figures"), FOUND, ids=[row[0] for row in FOUND])
def test_found(question: str, texts: list[str], figures: list[str]) -> None:
    assert told(question, texts, apart=True) == figures


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
    ("another town", "Heihe bridge length", ["The Heihe bridge length is 900 m.", "The Tongjiang bridge length is 950 m."]),
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
@pytest.mark.parametrize("apart", [True, False])
def test_none(question: str, texts: list[str], apart: bool) -> None:
    assert told(question, texts, apart=apart) == []


BESIDE: list[tuple[str, str, list[str], list[str]]] = [
    (
        "each with its source",
        "cost of the port",
        ["The Herald put the port project at $2 billion.", "A page of the Post says about $4 billion."],
        ["$2 billion", "$4 billion"],
    ),
    (
        "a sentence says that they differ",
        "cost of the port in dollars",
        ["The port was to cost $200 million.", "Estimates of the cost vary.", "It was $300 million elsewhere."],
        ["$200 million", "$300 million"],
    ),
    (
        "in two currencies",
        "сколько стоил порт",
        ["Порт оценили в 40 млрд рублей.", "«Почта» называла другую сумму: 3 млрд долларов."],
        ["40 млрд рублей", "3 млрд долларов"],
    ),
    (
        "the best sentence tells only that they differ",
        "какие есть прогнозы перевозок",
        ["Прогнозы перевозок различаются.", "«Вести» писали о 45 млн т.", "«Почта» обещала 80 млн т."],
        ["45 млн т", "80 млн т"],
    ),
    (
        "the second leaves out the period",
        "доля соседей в торговле, процент",
        ["За девять месяцев доля составила 76%, писали «Вести».", "Раньше «Почта» называла 65%."],
        ["76%", "65%"],
    ),
    (
        "lanes, by their noun",
        "how many lanes has the road",
        ["Herald says 28 lanes.", "Post says 16 lanes."],
        ["28", "16"],
    ),
]


@pytest.mark.parametrize(("question", "texts", "figures"), [row[1:] for row in BESIDE], ids=[row[0] for row in BESIDE])
def test_sentences_of_a_passage(question: str, texts: list[str], figures: list[str]) -> None:
    assert told(question, texts, apart=False, behind=0.5) == figures


TOLD_TWICE = ["По мосту в 2023 году перевезли 60 000 т груза.", "2023年大桥运输货物8万吨。"]


def test_articles_in_two_languages_differ() -> None:
    question = "сколько тонн груза перевезли по мосту в 2023 году"
    assert told(question, TOLD_TWICE, apart=True, behind=1) == ["60 000 т", "8万吨"]
    assert told(question, TOLD_TWICE, apart=True, behind=5) == []
    assert told(question, [TOLD_TWICE[0], "2023年上半年大桥运输货物8万吨。"], apart=True, behind=1) == []
    assert told(question, [TOLD_TWICE[0], "2023年同江大桥运输货物8万吨。"], apart=True, behind=1) == []
    assert told(question, [TOLD_TWICE[0], "2023年大桥运输货物8万吨、6万吨。"], apart=True, behind=1) == []
    assert told(question, [TOLD_TWICE[0], "2023年谷物8万吨。"], apart=True, behind=1) == []


def test_the_best_sentence_is_of_the_year_that_is_asked_about_if_it_says_none() -> None:
    question = "сколько тонн груза перевезли по мосту в 2023 году"
    undated = "По мосту перевезли 60 000 т груза."
    assert told(question, [undated, TOLD_TWICE[1]], apart=True, behind=1) == ["60 000 т", "8万吨"]
    assert told(question, [undated, TOLD_TWICE[1].replace("2023", "2022")], apart=True, behind=1) == []


def test_a_sentence_that_is_like_the_best_need_not_say_what_is_asked() -> None:
    texts = ["Through it went 60,000 tonnes.", "Прошло 80 000 т."]
    one, other = statements(*texts, apart=True, behind=5)
    question = asked("how many tonnes of cargo crossed the bridge")
    assert find_disagreement(question, [one, other]) == ()
    near = np.ones(1, dtype=np.float32)
    found = find_disagreement(question, [replace(one, vector=near), replace(other, vector=near)])
    assert [side.place for side in found] == [0, 1]


LINKED = ["The excess was 800 million tonnes.", "The Herald gives 800 million tonnes; the Post says over 700 million."]


def test_a_sentence_far_behind_counts_if_it_gives_the_figure_of_the_best_and_another() -> None:
    assert told("how large was the excess in tonnes", LINKED, apart=True, behind=6) == ["800 million tonnes", "700 million"]
    assert told("how large was the excess in tonnes", LINKED, apart=True, behind=8) == []
    other = ["The excess was 500 million tonnes.", LINKED[1]]
    assert told("how large was the excess in tonnes", other, apart=True, behind=6) == []


def test_wagons_may_be_called_cars() -> None:
    texts = [
        "首列火车有40节车厢。",
        "The first train is disputed: the Herald wrote of 40 cars, while the Post says 30 cars of coal.",
    ]
    assert told("首列火车有多少节车厢", texts, apart=True, behind=3) == ["40 cars", "30 cars"]


def test_figures_that_the_question_offers_are_looked_for() -> None:
    texts = ["Разнятся и описания.", "Herald speaks of 28 lanes, whereas the Post counts 16."]
    assert told("几条车道，28还是16", texts, apart=True, behind=3) == ["28", "16"]


def test_no_sentences() -> None:
    assert told("how long is the bridge", [], apart=True) == []


def sentences_with(question: dict[str, list[str]]) -> list[Statement]:
    """The sentences of a golden question's articles that hold an accepted answer, an article's as one passage."""
    held: list[Statement] = []
    for article_id in question["articles"]:
        body = (ROOT / "corpus" / f"{article_id}.md").read_text(encoding="utf-8").split("---\n", 2)[2]
        accepted = [*question["answers"], *(string for side in question.get("conflict", ()) for string in side)]
        sentences = (body[span.start_char : span.end_char] for span in split_sentences(body))
        answering = [text for text in sentences if any(answer in text for answer in accepted)]
        held += [replace(one, passage_id=article_id) for one in statements(*answering, apart=False)]
    return held


def golden(*kinds: str) -> list[dict[str, list[str]]]:
    """Questions of the dev split."""
    lines = (ROOT / "evals" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line) for line in lines]
    return [question for question in questions if question["split"] == "dev" and question["kind"] in kinds]


def flagged(questions: list[dict[str, list[str]]]) -> float:
    found = [bool(find_disagreement(asked(str(question["question"])), sentences_with(question))) for question in questions]
    return sum(found) / len(found)


def test_golden_conflicts_are_found() -> None:
    assert flagged(golden("conflict")) >= 0.8


def test_golden_answers_are_not_called_conflicts() -> None:
    assert flagged(golden("number", "date", "cross-language")) <= 0.05
