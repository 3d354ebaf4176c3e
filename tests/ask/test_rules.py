"""Questions about a place that a rule of its country answers: real models, an index of a few articles."""

from __future__ import annotations

from pathlib import Path

import pytest

from coopbot.ask.answer.answerer import Answerer
from coopbot.ask.rank.reader import ModelReader
from coopbot.ask.understand.question import understand
from coopbot.ask.understand.rules import Wider, wider
from coopbot.ask.weights import load_weights
from coopbot.domain import About
from coopbot.index.build import build
from coopbot.index.live import LiveIndex
from coopbot.index.model.encoder import Encoder
from coopbot.serve.answer_text import answer_text
from tests.fakes import BagOfWords, make_article

WEIGHTS = load_weights().rules
ARTICLES = [
    make_article(
        "en/visas",
        "Chinese citizens need no visa for Russia for stays of up to 30 days. The waiver began on 1 December 2025.",
        title="Visas for Russia",
    ),
    make_article(
        "zh/visas",
        "中国公民去俄罗斯不需要签证，可以停留30天。免签自2025年12月1日起实行。",
        language="zh",
        title="去俄罗斯的签证",
    ),
    make_article(
        "ru/visas",
        "Гражданам Китая виза в Россию не нужна, если поездка не дольше 30 дней. Так с 1 декабря 2025 года.",
        language="ru",
        title="Виза в Россию",
    ),
    make_article(
        "en/sochi-port",
        "In Blagoveshchensk 760,000 passengers crossed the river in 2024.",
        title="Passengers in Blagoveshchensk",
    ),
]


@pytest.fixture(scope="module")
def answerer(embedder: Encoder, reader: ModelReader, tmp_path_factory: pytest.TempPathFactory) -> Answerer:
    folder: Path = tmp_path_factory.mktemp("index")
    build(ARTICLES, embedder, folder, model="real", precision="f32")
    return Answerer(embedder, LiveIndex(folder, embedder.fingerprint).current, reader)


def test_a_rule_of_the_country_answers_for_a_place_in_it_and_is_said_to(answerer: Answerer) -> None:
    answer = answerer.ask("Do Chinese need a visa for Vladivostok?")
    assert answer.outcome in ("answered", "possible")
    assert answer.about == About(place="Vladivostok", around="Russia")
    assert answer.searched_as == "Do Chinese need a visa for Russia?"
    assert "30 days" in answer.claims[0].text
    assert "the answer is about Russia, which it belongs to" in answer_text(answer)


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("нужна ли китайцам виза во Владивосток", "нужна ли китайцам виза во Россия"),
        ("中国人去海参崴需要签证吗", "中国人去俄罗斯需要签证吗"),
        ("Do I need a visa for Harbin?", "Do I need a visa for China?"),
    ],
)
def test_the_question_is_asked_of_the_country(embedder: Encoder, question: str, asked: str) -> None:
    found = wider(understand(question, embedder), WEIGHTS)
    assert found is not None
    assert found.text == asked


@pytest.mark.parametrize(
    "question",
    [
        "How many passengers came to Vladivostok in 2024?",
        "Сколько пассажиров во Владивостоке в 2024 году?",
        "2024年符拉迪沃斯托克有多少旅客？",
    ],
)
def test_a_figure_of_another_place_is_no_answer(answerer: Answerer, question: str) -> None:
    answer = answerer.ask(question)
    assert answer.about is None
    assert answer.outcome != "answered"


@pytest.mark.parametrize(
    "question",
    [
        "Do I need a visa from Harbin to Vladivostok?",
        "Do I need a visa for Mars?",
        "Who built the Heihe bridge?",
        "黑河有多少人口？",
    ],
)
def test_questions_of_several_places_none_or_no_rule_are_not(embedder: Encoder, question: str) -> None:
    assert wider(understand(question, embedder), WEIGHTS) is None


def test_another_embedding_model_than_that_of_the_weights_asks_nothing_again() -> None:
    assert wider(understand("Do I need a visa for Harbin?", BagOfWords()), WEIGHTS) is None


def test_what_names_another_place_in_the_country_is_left_out() -> None:
    asked = Wider(text="a visa for Russia", place="vladivostok", around="russia", holds=0.9)
    assert asked.speaks_of_another(["Visitors of Khabarovsk need a visa."])
    assert not asked.speaks_of_another(["Visitors of Vladivostok, Primorye and Harbin need a visa."])
