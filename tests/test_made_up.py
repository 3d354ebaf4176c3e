"""The invented news that the reader is to learn from: each item is whole, marked as invented, and its answers stand in it."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from coopbot.text.language import detect_language

FILE = Path(__file__).parents[1] / "evals" / "reader" / "made-up.jsonl"
PAGES = FILE.with_name("made-up-pages.jsonl")
DISAGREEMENTS = FILE.with_name("made-up-disagreements.jsonl")
SUBJECTS = FILE.with_name("made-up-subjects.jsonl")
SIBLINGS = FILE.with_name("made-up-siblings.jsonl")
SERIES = FILE.with_name("made-up-series.jsonl")
TRIOS = FILE.with_name("made-up-trios.jsonl")
BASICS = FILE.with_name("made-up-basics.jsonl")
LOOSE = FILE.with_name("made-up-loose.jsonl")
FOLLOW_UPS = FILE.with_name("made-up-follow-ups.jsonl")
RULES = FILE.with_name("made-up-rules.jsonl")
COMPANIONS = FILE.with_name("companions.jsonl")

ANSWERED = {
    *("number", "date", "who", "where", "what", "why", "how", "list", "two-part", "compare", "keyword"),
    *("claim-true", "claim-false", "by-date", "latest"),
}
NEAR_MISSES = {
    *("near-year", "near-place", "near-measure", "near-edition", "near-plan", "near-who", "near-price", "near-side"),
    *("near-by-date", "near-why", "near-keyword", "near-practical", "premise"),
}


@pytest.fixture(scope="module")
def items() -> list[dict[str, Any]]:
    return [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def pairs(items: list[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Each companion with its item. Raises KeyError for a companion of no item."""
    by_id = {item["id"]: item for item in items}
    rows = [json.loads(line) for line in COMPANIONS.read_text(encoding="utf-8").splitlines()]
    return [(by_id[row["id"]], row) for row in rows]


def test_there_are_enough_in_each_language(items: list[dict[str, Any]]) -> None:
    assert len(items) >= 3000
    assert len({item["id"] for item in items}) == len({item["text"] for item in items}) == len(items)
    for field in ([item["language"] for item in items], [asked["language"] for item in items for asked in item["questions"]]):
        assert min(Counter(field)[language] for language in ("en", "zh", "ru")) > len(field) / 5
    assert sum(item.get("script") == "traditional" for item in items) >= 300


def test_every_item_is_marked_as_invented_and_has_a_date_and_a_title(items: list[dict[str, Any]]) -> None:
    wrong = [item["id"] for item in items if item["invented"] is not True or not item["title"].strip()]
    assert wrong == []
    assert all(date(2000, 1, 1) < date.fromisoformat(item["published"]) < date(2030, 1, 1) for item in items)


def test_paragraphs_are_in_their_language(items: list[dict[str, Any]]) -> None:
    wrong = [item["id"] for item in items if detect_language(item["text"]) != item["language"]]
    assert wrong == []


def test_answers_stand_in_the_paragraph_and_near_misses_have_none(items: list[dict[str, Any]]) -> None:
    wrong = [
        (item["id"], asked["question"])
        for item in items
        for asked in item["questions"]
        if asked["kind"] not in (ANSWERED if asked["answers"] else NEAR_MISSES)
        or any(answer not in item["text"] or not answer.strip() for answer in asked["answers"])
    ]
    assert wrong == []


def test_each_has_several_questions_in_several_languages_and_about_half_have_no_answer(items: list[dict[str, Any]]) -> None:
    assert [item["id"] for item in items if not 3 <= len(item["questions"]) <= 6] == []
    assert [item["id"] for item in items if len({asked["language"] for asked in item["questions"]}) < 2] == []
    unanswered = [not asked["answers"] for item in items for asked in item["questions"]]
    assert 0.4 < sum(unanswered) / len(unanswered) < 0.6


def test_no_paragraph_is_in_the_corpus(items: list[dict[str, Any]]) -> None:
    corpus = "\n".join(path.read_text(encoding="utf-8") for path in sorted((FILE.parents[2] / "corpus").rglob("*.md")))
    plain = re.sub(r"\s+", " ", corpus)
    assert [item["id"] for item in items if item["text"][:60] in plain] == []


def test_companions_are_marked_as_invented_and_written_in_their_language(
    pairs: list[tuple[dict[str, Any], dict[str, Any]]],
) -> None:
    assert len({companion["id"] for _, companion in pairs}) == len(pairs) >= 1000
    wrong = [
        companion["id"]
        for item, companion in pairs
        if companion["invented"] is not True
        or detect_language(companion["text"]) != companion["language"]
        or companion["text"] == item["text"]
        or not date(2000, 1, 1) < date.fromisoformat(companion["published"]) < date(2030, 1, 1)
    ]
    assert wrong == []


def test_companions_answer_what_their_items_leave_open(pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    wrong = [
        (item["id"], place)
        for item, companion in pairs
        for place, answers in companion["answers"].items()
        if item["questions"][int(place)]["answers"] or not answers or any(one not in companion["text"] for one in answers)
    ]
    assert wrong == []


def test_typed_questions_are_answered_by_the_text_they_name(pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    wrong = [
        (item["id"], asked["question"])
        for item, companion in pairs
        for asked in companion["typed"]
        if not asked["answers"]
        or any(one not in {"original": item, "new": companion}[asked["of"]]["text"] for one in asked["answers"])
    ]
    assert wrong == []


def test_pages_are_long_and_their_answers_stand_in_the_paragraphs_named() -> None:
    pages = [json.loads(line) for line in PAGES.read_text(encoding="utf-8").splitlines()]
    assert len(pages) >= 100
    assert all(page["invented"] is True and len(page["paragraphs"]) >= 4 for page in pages)
    assert [page["id"] for page in pages if detect_language("\n".join(page["paragraphs"])) != page["language"]] == []
    wrong = [
        (page["id"], asked["question"])
        for page in pages
        for asked in page["questions"]
        if any(words not in page["paragraphs"][place] or not words.strip() for place, words in asked["answers"])
        or (not asked["answers"]) != asked["kind"].startswith("near-")
    ]
    assert wrong == []


def test_subjects_are_told_in_three_languages_and_answers_stand_in_the_paragraphs_named() -> None:
    subjects = [json.loads(line) for line in SUBJECTS.read_text(encoding="utf-8").splitlines()]
    assert len({subject["id"] for subject in subjects}) == len(subjects) >= 600
    for subject in subjects:
        assert subject["invented"] is True
        assert sorted(text["language"] for text in subject["texts"]) == ["en", "ru", "zh"]
        for text in subject["texts"]:
            assert detect_language("\n".join(text["paragraphs"])) == text["language"], subject["id"]
    wrong = [
        (subject["id"], asked["question"])
        for subject in subjects
        for asked in subject["questions"]
        if any(words not in subject["texts"][number]["paragraphs"][place] for number, place, words in asked["answers"])
        or (not asked["answers"]) != asked["kind"].startswith("near-")
    ]
    assert wrong == []


@pytest.mark.parametrize(("file", "fewest"), [(SIBLINGS, 600), (SERIES, 400), (TRIOS, 300), (BASICS, 350)])
def test_stories_are_told_in_several_languages_and_answers_stand_in_them(file: Path, fewest: int) -> None:
    stories = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert len({story["id"] for story in stories}) == len(stories) >= fewest
    for story in stories:
        assert story["invented"] is True
        assert len(story["texts"]) > 1 < len({text["language"] for text in story["texts"]})
        for text in story["texts"]:
            assert detect_language("\n".join(text["paragraphs"])) == text["language"], story["id"]
    asked = [(story, one) for story in stories for one in story["questions"]]
    wrong = [
        (story["id"], one["question"])
        for story, one in asked
        if any(words not in story["texts"][number]["paragraphs"][place] for number, place, words in one["answers"])
        or (not one["answers"]) != one["kind"].startswith("near-")
    ]
    assert wrong == []


@pytest.mark.parametrize("file", [SIBLINGS, SERIES])
def test_siblings_and_series_are_as_often_right_in_the_question_language_as_there_are_such_texts(file: Path) -> None:
    """Without that, a reader would learn whether to trust a text from its language."""
    stories = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    asked = [(story, one) for story in stories for one in story["questions"] if one["answers"]]
    same = [story["texts"][one["answers"][0][0]]["language"] == one["language"] for story, one in asked]
    assert 0.25 < sum(same) / len(same) < 0.4


def test_trios_are_mostly_right_in_another_language_and_each_language_has_a_page() -> None:
    stories = [json.loads(line) for line in TRIOS.read_text(encoding="utf-8").splitlines()]
    assert all(sorted(text["language"] for text in story["texts"]) == ["en", "ru", "zh"] for story in stories)
    asked = [(story, one) for story in stories for one in story["questions"] if one["answers"]]
    same = [story["texts"][one["answers"][0][0]]["language"] == one["language"] for story, one in asked]
    assert 0.2 < sum(same) / len(same) < 0.3


def test_basic_questions_have_an_answer_as_often_as_none() -> None:
    asked = [one for _, story in _rows(BASICS) for one in story["questions"]]
    assert 0.4 < sum(not one["answers"] for one in asked) / len(asked) < 0.6


def test_one_sibling_at_most_answers() -> None:
    stories = [json.loads(line) for line in SIBLINGS.read_text(encoding="utf-8").splitlines()]
    assert all(len({number for number, _, _ in one["answers"]}) < 2 for story in stories for one in story["questions"])


def test_disagreements_have_several_accounts_that_stand_in_the_paragraphs_named() -> None:
    stories = [json.loads(line) for line in DISAGREEMENTS.read_text(encoding="utf-8").splitlines()]
    assert len({story["id"] for story in stories}) == len(stories) >= 300
    assert all(story["invented"] is True for story in stories)
    asked = [(story, one) for story in stories for one in story["questions"]]
    assert 0.3 < sum(one["kind"] == "conflict" for _, one in asked) / len(asked) < 0.5
    wrong = [
        (story["id"], one["question"])
        for story, one in asked
        if (len(one["accounts"]) > 1) != (one["kind"] == "conflict")
        or any(words not in story["texts"][text]["paragraphs"][place] for own in one["accounts"] for text, place, words in own)
    ]
    assert wrong == []


def test_loose_questions_are_about_a_story_and_half_of_each_style_have_an_answer() -> None:
    files = {"series": SERIES, "trio": TRIOS, "sibling": SIBLINGS, "subject": SUBJECTS}
    stories = {f"made-up-{name}/{place}": story for name, file in files.items() for place, story in _rows(file)}
    asked = [one for _, one in _rows(LOOSE)]
    assert len({(one["story"], one["question"]) for one in asked}) == len(asked) >= 8000
    wrong = [
        (one["story"], one["question"])
        for one in asked
        if any(
            words not in stories[one["story"]]["texts"][number]["paragraphs"][place] for number, place, words in one["answers"]
        )
        or not one["kind"].startswith("loose-" if one["answers"] else "near-loose-")
    ]
    assert wrong == []
    styles = Counter(one["kind"] for one in asked)
    assert all(0.8 < styles[kind] / styles[f"near-{kind}"] < 1.25 for kind in styles if kind.startswith("loose-"))


def test_follow_ups_say_what_they_leave_out_and_ask_for_what_a_question_of_their_story_asks_for() -> None:
    files = {
        "subject": SUBJECTS, "sibling": SIBLINGS, "series": SERIES, "trio": TRIOS, "basics": BASICS, "page": PAGES,
    }  # fmt: skip
    stories = {f"made-up-{name}/{place}": story for name, file in files.items() for place, story in _rows(file)}
    asked = [one for _, one in _rows(FOLLOW_UPS)]
    assert len({(*one["earlier"], one["question"]) for one in asked}) == len(asked) >= 450
    assert all(count == pytest.approx(len(asked) / 3, rel=0.03) for count in Counter(one["language"] for one in asked).values())
    wrong = [
        (one["story"], one["question"])
        for one in asked
        if not one["earlier"]
        or not one["of"] < len(stories[one["story"]]["questions"])
        or (one["question"] == one["complete"]) != (one["kind"] == "switch")
    ]
    assert wrong == []
    kinds = Counter(one["kind"] for one in asked)
    assert kinds.keys() == {"pronoun", "ellipsis", "property", "date", "place", "why", "link", "switch"}
    assert kinds["switch"] / len(asked) == pytest.approx(0.13, abs=0.03)


def _rows(file: Path) -> list[tuple[int, Any]]:
    return [(place, json.loads(line)) for place, line in enumerate(file.read_text(encoding="utf-8").splitlines())]


def test_questions_about_rules_are_asked_once_in_each_language_and_name_one_place() -> None:
    asked = [json.loads(line) for line in RULES.read_text(encoding="utf-8").splitlines()]
    assert len({one["question"] for one in asked}) == len(asked) >= 350
    assert [one["question"] for one in asked if detect_language(one["question"]) != one["language"]] == []
    share = sum(one["of_country"] for one in asked) / len(asked)
    assert 0.4 < share < 0.6
