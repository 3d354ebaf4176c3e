"""Lists of articles about a subject, of the corpus with the real model."""

from __future__ import annotations

import pytest

from coopbot.ask.answer.answerer import Answerer


@pytest.mark.parametrize(
    ("request_for", "expected"),
    [
        ("What do you know about the Tongjiang bridge?", "en/tongjiang-bridge"),
        ("articles about Manzhouli", "en/manzhouli-zabaikalsk"),
        ("sources about soybeans", "en/soy"),
        ("Что вы знаете о порте Зарубино?", "ru/zarubino-and-hunchun-sea-lines"),
        ("статьи про Хуньчунь", "ru/hunchun-makhalino-kraskino"),
        ("关于黑河索道的文章", "zh/heihe-cableway"),
        ("关于珲春你知道什么", "zh/hunchun-makhalino-kraskino"),
    ],
)
def test_articles_about_a_subject_are_listed(corpus_answerer: Answerer, request_for: str, expected: str) -> None:
    answer = corpus_answerer.ask(request_for)
    assert answer.outcome == "articles"
    assert expected in [article.article_id for article in answer.articles]


@pytest.mark.parametrize(
    "request_for", ["What do you know about chess?", "articles about dinosaurs", "статьи про Моцарта", "关于冰岛火山的文章"]
)
def test_nothing_is_listed_about_a_subject_of_no_article(corpus_answerer: Answerer, request_for: str) -> None:
    assert corpus_answerer.ask(request_for).outcome == "no_evidence"
