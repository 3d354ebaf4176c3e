from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from coopbot.ask.answerer import Answerer
from coopbot.ask.topics import saying_all, topic_of
from coopbot.index.build import build
from coopbot.index.folder import open_current
from coopbot.text.notes import take_notes
from tests.fakes import BagOfWords, make_article


@pytest.mark.parametrize(
    "question",
    [
        "Heihe bridge",
        "Zarubino port?",
        "Harbin",
        "tell me about Power of Siberia 2",
        "Could you tell us more about the Tongjiang bridge",
        "мост Хэйхэ",
        "Расскажите, пожалуйста, про порт Зарубино",
        "что известно о Силе Сибири 2",
        "介绍一下西伯利亚力量2号",
        "黑河口岸",
    ],
)
def test_something_is_named_and_nothing_asked(question: str) -> None:
    assert topic_of(question)


@pytest.mark.parametrize(
    "question",
    [
        "",
        "hello",
        "bridge",
        "tell me about love",
        "Heihe bridge length",
        "Heihe bridge opening date",
        "mayor of Vladivostok",
        "why the Heihe bridge?",
        "is the Heihe bridge new?",
        "tell me how long the Heihe bridge is",
        "customs transit time on Primorye-1 in hours",
        "что лучше Харбин или Владивосток",
        "зачем мост Хэйхэ",
        "мэр Владивостока",
        "黑河大桥有多长",
        "黑河大桥是不是新桥",
        "黑河大桥的通车",
    ],
)
def test_something_is_asked_or_nothing_named(question: str) -> None:
    assert topic_of(question) == ()


def test_a_sentence_is_to_the_point_if_it_says_all() -> None:
    sentences = ["The bridge is new.", "Heihe is a city.", "Из Хэйхэ ведёт мост.", "The Heihe bridge opened."]
    notes = take_notes("", sentences).sentences
    # From Heihe another bridge may lead.
    assert list(saying_all(topic_of("Heihe bridge"), notes)) == [False, False, False, True]


def test_what_is_named_is_answered_with_a_sentence_that_names_it(tmp_path: Path) -> None:
    articles = [
        make_article("en/bridge", "Many trucks wait. The Heihe bridge opened in 2022. It is long."),
        make_article("en/port", "The Zarubino port was planned in 2014. A bridge leads there."),
    ]
    embedder = BagOfWords()
    build(articles, embedder, tmp_path, model="bag", precision="f32", now=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    store = open_current(tmp_path, embedder.fingerprint)
    answerer = Answerer(embedder, lambda: store)
    answer = answerer.ask("tell me about the Heihe bridge")
    assert answer.outcome == "answered"
    assert answer.citations[0].quote == "The Heihe bridge opened in 2022."
