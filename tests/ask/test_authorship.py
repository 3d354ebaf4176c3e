from __future__ import annotations

from dataclasses import replace

import pytest

from coopbot.ask.authorship import asks_author, naming_authors
from coopbot.index.chunk import chunk
from tests.fakes import make_article

TEXT = "Trade grew. Wang Fang is a professor. Ivan Petrov is her co-author. The views are theirs."
ARTICLE = replace(make_article("en/a", TEXT), authors=("Wang Fang", "Ivan Petrov"))


@pytest.mark.parametrize(
    "question",
    [
        "Who wrote this article?",
        "author of the article",
        "Кто написал эту статью?",
        "Кто автор?",
        "这篇文章的作者是谁？",
        "谁写的",
    ],
)
def test_questions_for_an_author(question: str) -> None:
    assert asks_author(question)


@pytest.mark.parametrize("question", ["Who signed the agreement?", "Какие власти авторизовали?", "谁签署了协议？", "authority"])
def test_other_questions(question: str) -> None:
    assert not asks_author(question)


def test_the_sentences_that_name_the_authors_are_found_together() -> None:
    (passage,) = chunk(ARTICLE, lambda text: len(text.split()))
    span = naming_authors(ARTICLE, passage)
    assert span is not None
    assert TEXT[span.start_char : span.end_char] == "Wang Fang is a professor. Ivan Petrov is her co-author."


def test_an_article_without_authors_names_none() -> None:
    article = make_article("en/a", TEXT)
    (passage,) = chunk(article, lambda text: len(text.split()))
    assert naming_authors(article, passage) is None
