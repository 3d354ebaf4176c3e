from __future__ import annotations

from dataclasses import replace

import pytest

from coopbot.ask.answer.verify import verify_answer
from coopbot.domain import Answer, Citation, Claim
from coopbot.errors import IndexBroken
from tests.fakes import make_article

ARTICLE = make_article("en/a", "First sentence. Second sentence.")
CITATION = Citation(
    number=1,
    article_id="en/a",
    title="a",
    authors=(),
    publisher="p",
    published=None,
    url="",
    language="en",
    sources=(),
    quote="First sentence.",
    start_char=0,
    end_char=15,
    passage=ARTICLE.text,
    deep_link="",
    score=0.9,
)
ANSWER = Answer(
    outcome="answered",
    question_language="en",
    claims=(Claim(text="First sentence.", citations=(1,)),),
    citations=(CITATION,),
    disagreements=(),
    confidence=0.9,
    searched_as="q",
    snapshot="s",
)
ARTICLES = {"en/a": ARTICLE}


def test_an_exact_answer_passes() -> None:
    assert verify_answer(ANSWER, ARTICLES.get) is ANSWER


@pytest.mark.parametrize(
    "wrong",
    [
        replace(CITATION, start_char=1, end_char=16),
        replace(CITATION, quote="First sentence"),
        replace(CITATION, article_id="en/b"),
        replace(CITATION, passage="Second sentence."),
        replace(CITATION, number=2),
    ],
    ids=["offsets", "quote", "article", "passage", "number"],
)
def test_any_inexactness_stops_the_answer(wrong: Citation) -> None:
    with pytest.raises(IndexBroken):
        verify_answer(replace(ANSWER, citations=(wrong,)), ARTICLES.get)


@pytest.mark.parametrize("numbers", [(), (2,), (1, 7)])
def test_a_claim_must_rest_on_citations_that_exist(numbers: tuple[int, ...]) -> None:
    claim = Claim(text="First sentence.", citations=numbers)
    with pytest.raises(IndexBroken):
        verify_answer(replace(ANSWER, claims=(claim,)), ARTICLES.get)
