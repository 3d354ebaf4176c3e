from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from coopbot.ask.answer.answerer import Answerer
from coopbot.ask.rank.reader import ReadPassage
from coopbot.domain import Answer, Citation, Filters, InterfaceLanguage, Language, Passage
from coopbot.index.build import build
from coopbot.index.live import LiveIndex
from coopbot.serve.further import FurtherQuestions, Shown
from tests.fakes import BagOfWords, FigureReader, make_article
from tests.serve.small_service import service_over

LENGTH = "The Heihe bridge is 2 kilometres long."
CARGO = "The Heihe bridge carried 300 tonnes in 2023, tonnes of soya and timber."
VISITORS = "The Heihe bridge had 500 people as visitors, people from many places, in 2024."
ARTICLES = [
    make_article("en/bridge", f"{LENGTH} {CARGO} {VISITORS}", title="Heihe bridge: its first years"),
    make_article("en/gas", "The gas line took 40 dollars for each bolt, dollars well spent.", title="A gas line — and bolts"),
    make_article("ru/most", "По мосту Хэйхэ прошло 900 тонн грузов.", language="ru", title="Мост Хэйхэ: грузы"),
    make_article("zh/qiao", "黑河大桥过货700吨。", language="zh", title="黑河大桥：货运"),
]


class SureReader(FigureReader):
    most = 16


ASKED = "How many kilometres long is the Heihe bridge?"
OF_CARGO = "How many tonnes did the Heihe bridge carry in 2023?"
OF_VISITORS = "How many people visited the Heihe bridge in 2024?"
OF_BOLTS = "How many dollars for each bolt of the gas line?"
GIVEN: dict[InterfaceLanguage, dict[str, list[str]]] = {
    "en": {
        "gas": [OF_BOLTS],
        "bridge": [OF_CARGO, OF_VISITORS, ASKED, "Who is the king of the moon?"],
        "gone": ["How many people live on the moon?"],
    },
    "ru": {"most": ["Сколько тонн грузов прошло по мосту Хэйхэ?"]},
    "zh": {"qiao": ["黑河大桥过货多少吨？"]},
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LiveIndex:
    folder: Path = tmp_path_factory.mktemp("index")
    build(ARTICLES, BagOfWords(), folder, model="bag of words", precision="f32")
    return LiveIndex(folder, BagOfWords().fingerprint)


@pytest.fixture
def further(index: LiveIndex) -> FurtherQuestions:
    return FurtherQuestions(Answerer(BagOfWords(), index.current, SureReader()), GIVEN)


def test_what_is_near_and_answered_is_offered_and_not_what_was_asked(further: FurtherQuestions) -> None:
    assert further.after(Shown(question=ASKED, quotes=(LENGTH,))) == (OF_CARGO, OF_VISITORS, OF_BOLTS)


def test_what_was_shown_is_not_offered_again(further: FurtherQuestions) -> None:
    assert further.after(Shown(question="How long is it?", quotes=(LENGTH, CARGO))) == (OF_VISITORS, OF_BOLTS)


@pytest.mark.parametrize(("question", "language"), [("Мост Хэйхэ?", "ru"), ("黑河大桥？", "zh")])
def test_it_is_offered_in_the_language_of_the_question(further: FurtherQuestions, question: str, language: Language) -> None:
    (offered,) = GIVEN[language].values()
    assert further.after(Shown(question=question)) == tuple(offered)


def test_filters_apply_to_what_is_offered(further: FurtherQuestions) -> None:
    assert further.after(Shown(question=ASKED, filters=Filters(languages=("ru", "zh")))) == ()
    assert further.after(Shown(question=ASKED, filters=Filters(publishers=("Nobody",)))) == ()


def test_every_question_that_is_offered_is_answered_by_something_new(index: LiveIndex, further: FurtherQuestions) -> None:
    answerer = Answerer(BagOfWords(), index.current, SureReader())
    for question in further.after(Shown(question=ASKED, quotes=(LENGTH,))):
        answer = answerer.find(question)
        assert answer.outcome == "answered"
        assert answer.claims[0].text != LENGTH


class Counting(SureReader):
    """Counts how often it reads."""

    times = 0

    def read(self, question: str, passages: Sequence[tuple[str, Passage]]) -> list[ReadPassage]:
        self.times += 1
        return super().read(question, passages)


class Unwilling:
    """A writer that leaves the quotes as they are."""

    def write(self, quoted: Answer, citations: Sequence[Citation]) -> Answer:
        return quoted


@pytest.mark.parametrize("writer", [None, Unwilling()])
def test_whoever_chooses_what_is_offered_gets_the_answer_that_was_tried(index: LiveIndex, writer: Unwilling | None) -> None:
    reader = Counting()
    answerer = Answerer(BagOfWords(), index.current, reader, writer=writer, kept=8)
    offered = FurtherQuestions(answerer, GIVEN).after(Shown(question=ASKED, quotes=(LENGTH,)))
    times = reader.times
    assert [answerer.ask(question, conversation_id="new-one").outcome for question in offered[:1]] == ["answered"]
    assert reader.times == times > 0


def test_time_is_limited(index: LiveIndex) -> None:
    now_s = iter(range(0, 1000, 10))
    further = FurtherQuestions(Answerer(BagOfWords(), index.current, SureReader()), GIVEN, clock=lambda: next(now_s))
    assert further.after(Shown(question=ASKED, quotes=(LENGTH,))) == ()


@pytest.fixture
def http(index: LiveIndex) -> Iterator[TestClient]:
    with TestClient(service_over(index, Answerer(BagOfWords(), index.current, SureReader()))) as client:
        yield client


def test_over_http_a_refusal_says_whether_filters_were_the_reason(http: TestClient) -> None:
    def ask(**body: object) -> dict[str, object]:
        found: dict[str, object] = http.post("/v1/suggestions", json={"question": ASKED, **body}).raise_for_status().json()
        return found

    assert ask(refused=True, filters={"publishers": ["Nobody"]}) == {"questions": [], "answered_without_filters": True}
    assert ask(refused=True)["answered_without_filters"] is False
    assert http.post("/v1/suggestions", json={"question": ASKED, "quotes": ["x"] * 21}).status_code == 422


def test_a_follow_up_asked_again_outside_its_conversation_gets_the_same_answer(http: TestClient) -> None:
    first = http.post("/v1/ask", json={"question": "How many tonnes did the Heihe bridge carry?"}).json()
    follow = {"question": "and how many people in 2024?", "conversation_id": first["conversation_id"]}
    follow_up = http.post("/v1/ask", json=follow).json()
    articles = list(dict.fromkeys(one["article_id"] for one in first["citations"]))
    again = http.post("/v1/ask", json={"question": follow_up["searched_as"], "quoted_before": articles}).json()
    assert again["searched_as"] == follow_up["searched_as"] != follow["question"]
    assert again["claims"] == follow_up["claims"]
    assert again["confidence"] == follow_up["confidence"]
