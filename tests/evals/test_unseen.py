"""The unseen questions: that their files hold together, how they are judged, and what is shown of them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from coopbot.errors import IndexMissing, Unreadable
from coopbot.index.model.encoder import Encoder
from coopbot.settings import Settings
from coopbot.wiring import Models
from evals.measure.evaluate import evaluate
from evals.measure.floors import OPTIONAL_PARTS
from evals.measure.golden import Reply, ask_all, load_questions
from evals.measure.unseen import UnseenQuestion, load_unseen, open_pages
from evals.measure.unseen_board import UnseenPart
from tests.evals.accepting import articles, holding, unstated
from tests.evals.test_golden import ARTICLES, GAS, LONG, OPENED, QUESTIONS, RUSSIAN, Scripted

ROOT = Path(__file__).parents[2]
EVALS = ROOT / "evals"

# The questions of a set, and the folder of the articles that they are about.
SETS = {"unseen": (EVALS / "unseen.jsonl", ROOT / "corpus"), "pages": (EVALS / "pages.jsonl", EVALS / "pages")}


@cache
def questions(name: str) -> tuple[UnseenQuestion, ...]:
    return tuple(load_unseen(SETS[name][0], option="--unseen"))


@pytest.mark.parametrize(("name", "count"), [("unseen", 223), ("pages", 274)])
def test_there_are_as_many_questions_as_the_readme_says(name: str, count: int) -> None:
    assert len(questions(name)) == count
    assert len({question.id for question in questions(name)}) == count
    assert f"{count} " in (EVALS / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SETS)
def test_what_is_accepted_stands_in_the_articles(name: str) -> None:
    folder = SETS[name][1]
    wrong = [
        question.id
        for question in questions(name)
        if (unstated(question) if name == "unseen" else not set(question.articles) <= holding(question.answers, folder))
        or not all(holding([answer], folder) for answer in question.answers)
        or not all(holding([said], folder) for said in question.says_unknown)
        or not set(question.near) <= articles(folder).keys()
    ]
    assert wrong == []


@pytest.mark.parametrize("name", SETS)
def test_a_question_has_what_its_kind_needs(name: str) -> None:
    for question in questions(name):
        is_open = question.kind == "unanswerable"
        assert bool(question.answers) == (not is_open), question.id
        assert bool(question.articles) == (not is_open and name == "pages"), question.id
        assert is_open or not (question.near or question.says_unknown), question.id
        assert bool(question.parts) == (question.kind == "two-part"), question.id


def test_no_question_is_asked_in_two_files() -> None:
    ours = [
        question.question
        for path in ("questions.jsonl", "training.jsonl", "judging.jsonl")
        for question in load_questions(EVALS / path)
    ]
    assert {question.question for name in SETS for question in questions(name)} & set(ours) == set()


def test_the_pages_are_marked_as_invented_and_never_part_of_the_corpus() -> None:
    assert "Invented" in (EVALS / "pages" / "README.md").read_text(encoding="utf-8")
    pages = articles(EVALS / "pages")
    assert len(pages) == 45
    assert all(page.url.startswith("https://example.org/") for page in pages.values())
    assert {page.sha256 for page in pages.values()} & {brief.sha256 for brief in articles().values()} == set()


def unseen(**changes: object) -> UnseenQuestion:
    fields: dict[str, object] = {
        "id": "unseen-one",
        "language": "en",
        "kind": "number",
        "question": "How long is the bridge?",
        "articles": ["en/bridge", "ru/most"],
        "answers": ["1,283 metres", "1284 метра"],
    }
    return UnseenQuestion.model_validate({**fields, **changes})


NOTHING = {"kind": "unanswerable", "articles": [], "answers": [], "near": ["en/bridge"]}
TWO_PARTS = {"kind": "two-part", "answers": ["1,283 metres", "in 2022"], "parts": [["1,283 metres"], ["in 2022"]]}


def reply(question: UnseenQuestion, answerer: Scripted) -> Reply[UnseenQuestion]:
    return ask_all([question], answerer, ARTICLES)[0]


@pytest.mark.parametrize(
    ("quotes", "first", "any_right"),
    [((LONG, OPENED), True, True), ((GAS, LONG, OPENED), False, True), ((LONG,), False, False), ((LONG, GAS), False, False)],
)
def test_a_question_in_two_parts_is_right_with_both(quotes: tuple[str, ...], first: bool, any_right: bool) -> None:
    judged = reply(unseen(**TWO_PARTS), Scripted(*quotes))
    assert (judged.first, judged.any) == (first, any_right)


def test_an_index_of_something_else_is_refused() -> None:
    with pytest.raises(IndexMissing, match="en/missing"):
        ask_all([unseen(articles=["en/missing"])], Scripted(), ARTICLES)


def test_a_missing_file_names_its_option(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="--pages"):
        load_unseen(tmp_path / "none.jsonl", option="--pages")


def part() -> UnseenPart:
    replies = [
        reply(unseen(), Scripted(LONG, confidence=0.9)),
        reply(unseen(), Scripted(OPENED, confidence=0.6)),
        reply(unseen(language="zh"), Scripted(RUSSIAN, outcome="no_evidence", confidence=0.3)),
        reply(unseen(**NOTHING), Scripted(LONG, outcome="no_evidence", confidence=0.2)),
        reply(unseen(**NOTHING), Scripted(LONG, confidence=0.7)),
    ]
    return UnseenPart(replies={"unseen": replies, "pages": replies[:1]})


def test_figures_are_of_each_set() -> None:
    figures = {name: figure.value for name, figure in part().figures.items()}
    assert all(name.startswith(OPTIONAL_PARTS) for name in figures)
    assert figures["unseen.answer.same.first"] == 0.5
    assert figures["unseen.answer.same.wrong"] == 0.5
    assert (figures["unseen.answer.across.first"], figures["unseen.answer.across.offered"]) == (0.0, 1.0)
    assert figures["unseen.answer.zh.refused"] == 1.0
    assert figures["unseen.kind.number.first"] == pytest.approx(1 / 3)
    assert figures["unseen.no_evidence.all.precision"] == 0.5
    assert figures["unseen.no_evidence.all.recall"] == 0.5
    # Of six pairs of a question with an answer and one without, four have the higher confidence where it belongs.
    assert figures["unseen.no_evidence.all.area"] == pytest.approx(4 / 6)
    assert figures["unseen.citation.exact"] == 1.0
    assert figures["unseen.grade.answered.right"] == pytest.approx(1 / 3)
    assert figures["pages.answer.all.first"] == 1.0
    assert figures["pages.no_evidence.all.recall"] is None


def test_the_board_and_the_json_do_not_show_which_were_missed(tmp_path: Path) -> None:
    golden, floor = tmp_path / "questions.jsonl", tmp_path / "floor.json"
    golden.write_text("".join(question.model_dump_json() + "\n" for question in QUESTIONS), encoding="utf-8")
    floor.write_text('{"at_least": {"unseen.answer.all.first": 0.5}}', encoding="utf-8")
    evaluation = evaluate(Scripted(LONG), ARTICLES, questions=golden, floor=floor, further=[part()])
    assert "## Unseen questions" in evaluation.board
    assert "| an article in the question's language has it | 2 / 1 | 0.500 (" in evaluation.board
    assert "unseen-one" not in evaluation.board + evaluation.as_json()
    assert evaluation.below == ("unseen.answer.all.first is 0.333, below 0.500",)


@pytest.mark.process  # pages are read in one
def test_pages_have_an_index_of_their_own(tmp_path: Path, embedder: Encoder) -> None:
    folder = tmp_path / "pages"
    (folder / "en").mkdir(parents=True)
    page = EVALS / "pages" / "en" / "lugovsk-bridge-traffic.md"
    (folder / "en" / page.name).write_bytes(page.read_bytes())
    settings = Settings(corpus_dir=ROOT / "corpus", index_dir=tmp_path / "index")
    models = Models(embedder=embedder, reader=None)
    service = open_pages(folder, settings, models)
    snapshot = service.index.current()
    assert {article.article_id for article in snapshot.articles(0, 10)} == {"en/lugovsk-bridge-traffic"}
    assert not (tmp_path / "index" / "CURRENT").exists()
    # Nothing changed, so the snapshot stays in force.
    assert open_pages(folder, settings, models).index.current().snapshot_id == snapshot.snapshot_id
    (folder / "en" / "bad.md").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Unreadable, match="bad"):
        open_pages(folder, settings, models)
