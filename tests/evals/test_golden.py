"""Six questions about three articles, asked for real; and what counts as right, told by an answerer that follows a script."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from coopbot.ask.answer.answerer import Answerer, SearchResult
from coopbot.ask.answer.plain import DEFAULT_CITATIONS
from coopbot.ask.weights import load_weights
from coopbot.domain import Answer, Citation, Disagreement, Filters, Hit, LegScores, Outcome, Passage
from coopbot.errors import IndexMissing, Unreadable
from coopbot.index.build import build
from coopbot.index.live import LiveIndex
from evals.measure.facts import Accepted, Quoted, is_right
from evals.measure.figures import grade_figures, summed_up
from evals.measure.golden import GoldenQuestion, Judged, ask_all, judge, load_questions
from tests.fakes import BagOfWords, make_article

ARTICLES = {
    article.article_id: article
    for article in (
        make_article("en/bridge", "The bridge opened in 2022. It is 1,283 metres long. Trains carried 5 million tonnes."),
        make_article("en/pipe", "The pipeline carries gas. Deliveries reached 38 billion cubic metres in 2025."),
        make_article("ru/most", "Мост открыли в 2022 году. Длина моста 1284 метра.", language="ru"),
    )
}


class Scripted:
    """Answers with the given quotes and finds the given articles, and keeps what it was asked."""

    def __init__(
        self,
        *quotes: str,
        outcome: Outcome = "answered",
        confidence: float = 0.7,
        disagreements: tuple[tuple[int, ...], ...] = (),
        found: tuple[str, ...] = (),
    ) -> None:
        self._quotes = quotes
        self._outcome = outcome
        self._confidence = confidence
        self._disagreements = disagreements
        self._found = found
        self.asked: list[tuple[str, str | None]] = []
        self.searched: list[tuple[str, Filters | None]] = []

    def ask(
        self,
        question: str,
        *,
        filters: Filters | None = None,
        max_citations: int = DEFAULT_CITATIONS,
        conversation_id: str | None = None,
    ) -> Answer:
        self.asked.append((question, conversation_id))
        return Answer(
            outcome=self._outcome,
            question_language="en",
            claims=(),
            citations=tuple(citation(number, quote) for number, quote in enumerate(self._quotes, start=1)),
            disagreements=tuple(Disagreement(about="length", citations=numbers) for numbers in self._disagreements),
            confidence=self._confidence,
            searched_as=f"{question} (resolved)",
            snapshot="s",
        )

    def search(self, question: str, *, top_k: int = 10, filters: Filters | None = None) -> SearchResult:
        self.searched.append((question, filters))
        hits = tuple(hit(article_id, rank) for rank, article_id in enumerate(self._found, start=1))
        return SearchResult(hits=hits, articles={}, snapshot="s", timings_ms={})


def citation(number: int, quote: str) -> Citation:
    article = next((article for article in ARTICLES.values() if quote in article.text), ARTICLES["en/bridge"])
    start = max(0, article.text.find(quote))
    return Citation(
        number=number,
        article_id=article.article_id,
        title="",
        authors=(),
        publisher="",
        published=date(2025, 5, 10),
        url="",
        language=article.language,
        sources=(),
        quote=quote,
        start_char=start,
        end_char=start + len(quote),
        passage=article.text,
        deep_link="",
        score=0.0,
    )


def hit(article_id: str, rank: int) -> Hit:
    passage = Passage(
        passage_id=f"{article_id}:{rank}",
        article_id=article_id,
        start_char=0,
        end_char=1,
        text="T",
        heading_path=(),
        sentences=(),
    )
    return Hit(passage=passage, rank=rank, score=-rank, legs=LegScores())


def golden(**changes: object) -> GoldenQuestion:
    fields: dict[str, object] = {
        "id": "en-001",
        "language": "en",
        "split": "dev",
        "topic": "HB",
        "kind": "number",
        "question": "How long is the bridge?",
        "articles": ["en/bridge", "ru/most"],
        "answers": ["1,283 metres", "1284 метра"],
    }
    return GoldenQuestion.model_validate({**fields, **changes})


LONG, RUSSIAN, OPENED, GAS = "It is 1,283 metres long.", "Длина моста 1284 метра.", "The bridge opened in 2022.", "Deliveries"
CONFLICT = {"kind": "conflict", "conflict": [["1,283"], ["1284"]]}
TWO_PARTS = {"kind": "two-part", "answers": ["1,283 metres", "in 2022"], "parts": [["1,283 metres"], ["in 2022"]]}
NOTHING: dict[str, object] = {"articles": [], "answers": []}
UNANSWERABLE = {**NOTHING, "kind": "unanswerable"}
UNKNOWN = {**UNANSWERABLE, "says_unknown": ["opened in 2022"]}
PREMISE = {"kind": "false-premise"}


@pytest.mark.parametrize(
    ("changes", "answerer", "right"),
    [
        ({}, Scripted(LONG), True),
        ({}, Scripted(RUSSIAN, LONG), True),
        ({}, Scripted(OPENED, LONG), False),
        ({}, Scripted(LONG, outcome="no_evidence"), False),
        ({}, Scripted(), False),
        (UNANSWERABLE, Scripted(LONG, outcome="no_evidence"), True),
        (UNANSWERABLE, Scripted(LONG), False),
        (UNKNOWN, Scripted(LONG, OPENED), True),
        (UNKNOWN, Scripted(LONG), False),
        (PREMISE, Scripted(OPENED, outcome="no_evidence"), True),
        (PREMISE, Scripted(OPENED, LONG), True),
        (PREMISE, Scripted(OPENED), False),
        ({**PREMISE, "answers": [], "articles": []}, Scripted(OPENED), False),
        (TWO_PARTS, Scripted(LONG, OPENED), True),
        (TWO_PARTS, Scripted(LONG), False),
        ({**NOTHING, "kind": "small-talk"}, Scripted(), True),
        ({**NOTHING, "kind": "small-talk"}, Scripted(LONG, outcome="no_evidence"), False),
        (CONFLICT, Scripted(LONG, RUSSIAN, disagreements=((1, 2),)), True),
        (CONFLICT, Scripted(LONG, RUSSIAN), False),
        (CONFLICT, Scripted(LONG, RUSSIAN, OPENED, disagreements=((1, 3), (2,))), False),
        (CONFLICT, Scripted(LONG, LONG, disagreements=((1, 2),)), False),
    ],
)
def test_each_kind_asks_for_its_own(changes: dict[str, object], answerer: Scripted, right: bool) -> None:
    assert judge(golden(**changes), answerer, ARTICLES, search=True).right is right


@pytest.mark.parametrize(
    ("quote", "accepted", "expected"),
    [
        ("It took 12 000 t.", ["12\u00a0000 t"], True),
        ("It took 12\u202f000\u2009t.", ["12 000 t"], True),
        ("In\n  the  PARK", ["the park"], True),
        ("It took 12 000 t.", ["12 001 t", "13 000"], False),
        ("Anything", [], False),
    ],
)
def test_spaces_and_case_do_not_matter(quote: str, accepted: list[str], expected: bool) -> None:
    assert is_right(Quoted(quote), map(Accepted.model_validate, accepted)) is expected


def test_a_follow_up_is_asked_after_what_it_follows() -> None:
    answerer = Scripted(LONG)
    judge(
        golden(kind="follow-up", question="and how long?", after="When did the bridge open?"),
        answerer,
        ARTICLES,
        search=True,
    )
    assert [text for text, _ in answerer.asked] == ["When did the bridge open?", "and how long?"]
    assert len({conversation for _, conversation in answerer.asked} - {None}) == 1
    assert {text for text, _ in answerer.searched} == {"and how long? (resolved)"}


def test_other_questions_are_asked_once_alone_and_searched_in_the_languages_of_their_articles() -> None:
    answerer = Scripted(LONG, found=("en/pipe", "en/bridge", "en/pipe"))
    judged = judge(golden(), answerer, ARTICLES, search=True)
    assert answerer.asked == [("How long is the bridge?", None)]
    assert [filters for _, filters in answerer.searched] == [Filters(languages=("ru",)), Filters(languages=("en",))][::-1]
    assert judged.ranked["en"] == ("en/pipe", "en/bridge")


def test_a_quote_that_is_not_in_its_article_is_counted() -> None:
    judged = judge(golden(), Scripted(LONG, "It is 1,284 metres long."), ARTICLES, search=True)
    assert (judged.citations, judged.exact) == (2, 1)
    assert summed_up([judged]).figures["dev.citation.exact"].value == 0.5


def judged(split: str, kind: str, *, outcome: Outcome, first: bool, confidence: float, number: int) -> Judged:
    empty = NOTHING if kind in ("unanswerable", "small-talk") else {}
    question = golden(id=f"en-{number:03d}", split=split, kind=kind, **empty)
    return Judged(
        question=question,
        outcome=outcome,
        confidence=confidence,
        first=first,
        any=first,
        disputed=False,
        sides=0,
        citations=1,
        exact=1,
        ranked={},
    )


def test_figures_of_one_split_are_of_its_questions_only() -> None:
    scores = summed_up(
        [
            judged("dev", "number", outcome="answered", first=True, confidence=0.9, number=1),
            judged("dev", "number", outcome="no_evidence", first=True, confidence=0.4, number=2),
            judged("dev", "unanswerable", outcome="no_evidence", first=False, confidence=0.2, number=3),
            judged("test", "number", outcome="answered", first=False, confidence=0.9, number=4),
            judged("test", "unanswerable", outcome="answered", first=False, confidence=0.8, number=5),
        ]
    )
    figures = {name: figure.value for name, figure in scores.figures.items()}
    assert figures["dev.answer.same.first"] == 0.5
    assert figures["dev.answer.same.first_when_answered"] == 1.0
    assert figures["dev.no_evidence.en.precision"] == 0.5
    assert figures["dev.no_evidence.en.recall"] == 1.0
    assert figures["dev.no_evidence.en.recall_at_90"] == 1.0
    assert figures["test.answer.same.first"] == 0.0
    assert figures["test.no_evidence.en.precision"] is None
    assert figures["test.no_evidence.en.recall"] == 0.0
    assert figures["dev.answer.zh.first"] is None
    assert {kind: ids for kind, ids in scores.missed.items() if ids} == {"number": ("en-002",)}


def graded(outcome: Outcome, *quotes: str, **changes: object) -> Judged:
    return judge(golden(**changes), Scripted(*quotes, outcome=outcome), ARTICLES, search=False)


def test_a_possible_answer_is_an_answer() -> None:
    assert [graded("possible", LONG).found, graded("possible", GAS).found, graded("no_evidence", LONG).found] == [
        True,
        False,
        False,
    ]
    assert not graded("possible", LONG, **UNANSWERABLE).declined
    assert graded("articles", **UNANSWERABLE).grade == "no_evidence"


@pytest.mark.parametrize(
    ("reply", "cost"),
    [
        (graded("answered", LONG), 0.0),
        (graded("answered", GAS), 3.0),
        (graded("answered", GAS, **UNANSWERABLE), 3.0),
        (graded("possible", LONG), 0.3),
        (graded("possible", GAS), 1.0),
        (graded("possible", GAS, **UNANSWERABLE), 1.0),
        (graded("no_evidence", LONG), 2.0),
        (graded("no_evidence", GAS), 1.0),
        (graded("no_evidence", GAS, **UNANSWERABLE), 0.0),
        (graded("answered", OPENED, **UNKNOWN), 0.0),
        (graded("no_evidence", OPENED, **UNKNOWN), 0.0),
        (graded("answered", GAS, **CONFLICT), None),
        (graded("answered", GAS, **PREMISE), None),
    ],
)
def test_an_answer_costs_by_its_grade_and_whether_it_is_right(reply: Judged, cost: float | None) -> None:
    assert grade_figures([reply])["met.cost"].value == cost


def test_grades_count_how_often_they_are_right_and_given() -> None:
    replies = [
        graded("answered", LONG, id="en-001"),
        graded("answered", GAS, id="en-002", **UNANSWERABLE),
        graded("possible", RUSSIAN, id="en-003"),
        graded("no_evidence", LONG, id="en-004"),
    ]
    figures = {name: figure.value for name, figure in grade_figures(replies).items()}
    assert figures["grade.answered.right"] == 0.5
    assert figures["grade.possible.right"] == 1.0
    assert figures["grade.no_evidence.right"] == 1.0
    assert figures["grade.answered.with_answer"] == pytest.approx(1 / 3)
    assert figures["grade.answered.without_answer"] == 1.0
    assert figures["grade.no_evidence.without_answer"] == 0.0
    # Of the two that were given, one in Russian: the English article answers too.
    assert figures["met.own_language"] == 0.5


def test_small_talk_counts_apart() -> None:
    no = judged("dev", "unanswerable", outcome="no_evidence", first=False, confidence=0.2, number=1)
    talk = judged("dev", "small-talk", outcome="no_evidence", first=False, confidence=0.9, number=2)
    short = replace(talk, citations=0)
    alone, together = summed_up([no]).figures, summed_up([no, talk, short]).figures
    assert together["dev.small_talk.right"].value == 0.5
    assert {name for name in together if together[name] != alone[name]} <= {"dev.small_talk.right", "dev.citation.exact"}


def test_quoting_that_it_is_not_known_counts_as_a_refusal_but_not_where_the_threshold_moves() -> None:
    scores = summed_up(
        [
            judge(golden(id="en-001"), Scripted(LONG, outcome="no_evidence", confidence=0.2), ARTICLES, search=True),
            judge(golden(id="en-002", **UNKNOWN), Scripted(OPENED, confidence=0.9), ARTICLES, search=True),
            judge(
                golden(id="en-003", **UNANSWERABLE),
                Scripted(OPENED, outcome="no_evidence", confidence=0.1),
                ARTICLES,
                search=True,
            ),
        ]
    )
    figures = scores.figures
    assert figures["dev.no_evidence.all.precision"].value == pytest.approx(2 / 3)
    assert figures["dev.no_evidence.all.recall"].value == 1.0
    assert figures["dev.no_evidence.all.recall_at_90"].count == 2


class WithConversations:
    """An Answerer that takes a conversation."""

    def __init__(self, answerer: Answerer) -> None:
        self._answerer = answerer
        self.search: Callable[..., SearchResult] = answerer.search

    def ask(
        self,
        question: str,
        *,
        filters: Filters | None = None,
        max_citations: int = DEFAULT_CITATIONS,
        conversation_id: str | None = None,
    ) -> Answer:
        return self._answerer.ask(question, filters=filters, max_citations=max_citations)


@pytest.fixture
def index(tmp_path: Path) -> LiveIndex:
    embedder = BagOfWords()
    build(ARTICLES.values(), embedder, tmp_path, model="bag of words", precision="f32")
    return LiveIndex(tmp_path, embedder.fingerprint)


QUESTIONS = [
    golden(id="en-001", question="How many metres long is the bridge?"),
    golden(id="en-002", question="What did deliveries of gas reach in 2025?", articles=["en/pipe"], answers=["38 billion"]),
    golden(id="en-003", question="When was the bridge opened?", kind="date", answers=["in 2022", "в 2022"]),
    golden(id="ru-001", language="ru", question="Какова длина моста?", articles=["ru/most"], answers=["1284 метра"]),
    golden(id="en-004", question="Who designed the cable car?", kind="unanswerable", articles=[], answers=[]),
    golden(
        id="en-005",
        question="and the gas?",
        kind="follow-up",
        after="How long is it?",
        articles=["en/pipe"],
        answers=["38 billion"],
        split="test",
    ),
]


def test_end_to_end(index: LiveIndex) -> None:
    # Every confidence clears a threshold of nearly nothing, so that what is found is seen.
    weights = load_weights()
    eager = replace(weights, unread=replace(weights.unread, possible=1e-9, answered=1e-9, further=1e-9))
    answerer = WithConversations(Answerer(BagOfWords(), index.current, weights=eager))
    steps: list[tuple[int, int]] = []
    results = ask_all(QUESTIONS, answerer, ARTICLES, lambda done, total: steps.append((done, total)), search=True)
    figures = {name: figure.value for name, figure in summed_up(results).figures.items()}
    assert steps == [(done, 6) for done in range(7)]
    assert [one.first for one in results[:4]] == [True, True, True, True]
    assert figures["dev.retrieval.en-en.recall_1"] == 1.0
    assert figures["dev.retrieval.ru-ru.mrr"] == 1.0
    assert figures["dev.retrieval.en-zh.mrr"] is None
    assert figures["dev.citation.exact"] == 1.0
    assert figures["dev.answer.same.first"] == 1.0
    assert figures["dev.no_evidence.all.recall"] == 0.0


def test_an_index_of_another_corpus_is_told(index: LiveIndex) -> None:
    with pytest.raises(IndexMissing, match="en/missing"):
        ask_all([golden(articles=["en/missing"])], Scripted(), ARTICLES)


@pytest.mark.parametrize("line", ["{", '{"id": "en-001"}', json.dumps({**golden().model_dump(), "colour": "red"})])
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(golden().model_dump_json() + "\n" + line + "\n", encoding="utf-8")
    with pytest.raises(Unreadable, match=r"questions\.jsonl"):
        load_questions(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="--questions"):
        load_questions(tmp_path / "none.jsonl")


def test_questions_come_back_as_written(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(question.model_dump_json() + "\n" for question in QUESTIONS), encoding="utf-8")
    assert [question.model_copy(update={"fact": ""}) for question in load_questions(path)] == QUESTIONS


def test_questions_that_accept_a_string_in_common_ask_for_one_fact(tmp_path: Path) -> None:
    answers: tuple[list[str], ...] = (["1,283 m"], ["14 тонн"], ["1284 М", "1,283 m"], ["1284 м"], [], [])
    asked = [golden(id=f"en-{number}", answers=own, articles=["en/bridge"]) for number, own in enumerate(answers)]
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(question.model_dump_json() + "\n" for question in asked), encoding="utf-8")
    assert [question.fact for question in load_questions(path)] == ["en-0", "en-1", "en-0", "en-0", "en-4", "en-5"]
