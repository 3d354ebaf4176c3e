"""A small service in this process: three articles in three languages, a bag-of-words embedder and a reader of figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import FastAPI

from coopbot.ask.answer.answerer import Answerer
from coopbot.index.build import build
from coopbot.index.live import LiveIndex
from coopbot.sections import Access
from coopbot.serve.http.app import create_app
from coopbot.serve.http.service import HttpService
from tests.fakes import BagOfWords, FigureReader, make_article

BRIDGE = make_article(
    "en/bridge",
    "The railway bridge at Tongjiang opened to freight on 16 November 2022. Its *main* span is 108 metres.",
    title="Bridge [opened](now)",
    url="https://news.example/a?b=(c)",
)
PORT = make_article("ru/port", "Мощность порта Зарубино составляет 60 млн тонн в год.", language="ru", title="Порт", url="")
PARK = make_article("zh/park", "产业园区占地4平方公里。", language="zh", title="园区", url="javascript:alert(1)")
ARTICLES = [BRIDGE, PORT, PARK]

QUESTION = "When did the railway bridge at Tongjiang open to freight?"
UNANSWERED = "Who sings best?"


def built(folder: Path) -> LiveIndex:
    """An index of the articles in a folder."""
    build(ARTICLES, BagOfWords(), folder, model="bag of words", precision="f32")
    return LiveIndex(folder, BagOfWords().fingerprint)


def answerer_over(index: LiveIndex) -> Answerer:
    return Answerer(BagOfWords(), index.current, FigureReader())


# The options are those of `Access`, as in the environment; without a rate limit by default.
def access(**options: Any) -> Access:
    return Access(**{"rate_limit": "off", **options})


# The options are those of `HttpService`.
def service_over(index: LiveIndex, answerer: Answerer | None = None, **options: Any) -> FastAPI:
    options = {"access": access(), **options}
    return create_app(HttpService(answerer=answerer or answerer_over(index), index=index, **options))
