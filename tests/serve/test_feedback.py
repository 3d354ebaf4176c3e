from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from coopbot.cli import app as cli
from coopbot.domain import Filters
from coopbot.serve.feedback import Feedback, FeedbackBox, TooMuch
from coopbot.state import State
from tests.serve.small_service import access, built, service_over

SENT = {"feedback_id": "0123456789abcdef", "verdict": "bad"}
WHOLE = {
    **SENT,
    "comment": " The bridge\u202e is longer.\n",
    "language": "en",
    "outcome": "answered",
    "question": "how long is it?",
    "searched_as": "Heihe bridge how long is it?",
    "filters": {"places": ["Heihe"], "published_from": "2020-01-01"},
    "articles": ["en/bridge"],
    "snapshot": "20261202-01",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("index")


@pytest.fixture
def box() -> FeedbackBox:
    return FeedbackBox(State(None))


@pytest.fixture
def http(folder: Path, box: FeedbackBox) -> Iterator[TestClient]:
    with TestClient(service_over(built(folder), feedback=box)) as client:
        yield client


def test_feedback_is_stored_as_it_was_sent(http: TestClient, box: FeedbackBox) -> None:
    assert http.post("/v1/feedback", json=WHOLE).status_code == 204
    (stored,) = box.latest(10)
    assert stored.feedback.comment == "The bridge is longer."
    assert stored.feedback.filters.places == ("heihe",)
    assert (stored.feedback.question, stored.feedback.articles) == ("how long is it?", ("en/bridge",))


def test_a_question_that_was_not_sent_is_not_stored(http: TestClient, box: FeedbackBox) -> None:
    http.post("/v1/ask", json={"question": "When did the railway bridge at Tongjiang open?"})
    http.post("/v1/feedback", json=SENT)
    (stored,) = box.latest(10)
    assert "Tongjiang" not in repr(stored)
    assert "testclient" not in repr(stored)  # nor who sent it


def test_the_same_id_replaces_what_was_sent_before(http: TestClient, box: FeedbackBox) -> None:
    http.post("/v1/feedback", json=SENT)
    http.post("/v1/feedback", json={**SENT, "verdict": "good"})
    assert box.counts() == {"good": 1, "bad": 0, "wrong_language": 0}


@pytest.mark.parametrize(
    "wrong",
    [
        {"verdict": "so-so"},
        {"feedback_id": "1"},
        {"comment": "x" * 10_001},
        {"question": "x" * 501},
        {"articles": ["a"] * 21},
        {"snapshot": "../etc"},
        {"email": "me@x.example"},
    ],
)
def test_what_is_no_feedback_is_refused_and_the_field_named(
    http: TestClient, box: FeedbackBox, wrong: dict[str, object]
) -> None:
    response = http.post("/v1/feedback", json={**SENT, **wrong})
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == next(iter(wrong))
    assert box.latest(10) == []


def test_ten_thousand_characters_are_stored(http: TestClient, box: FeedbackBox) -> None:
    assert http.post("/v1/feedback", json={**SENT, "comment": "字" * 10_000}).status_code == 204
    assert len(box.latest(1)[0].feedback.comment) == 10_000


def test_a_robot_is_stopped_and_told_when_to_come_back(http: TestClient, box: FeedbackBox) -> None:
    statuses = [http.post("/v1/feedback", json={**SENT, "feedback_id": f"{n:016}"}).status_code for n in range(31)]
    assert statuses == [204] * 30 + [429]
    refused = http.post("/v1/feedback", json=SENT)
    assert refused.headers["retry-after"] == "3600"
    assert "in an hour" in refused.json()["detail"]
    assert len(box.latest(100)) == 30


def test_feedback_needs_a_key_where_keys_are_set(folder: Path) -> None:
    with TestClient(service_over(built(folder), access=access(api_keys="a-key-for-reading-0123"))) as http:
        assert http.post("/v1/feedback", json=SENT).status_code == 401


def test_an_hour_later_more_may_be_sent_and_the_oldest_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [1_000_000.0]
    box = FeedbackBox(State(None, now_s=lambda: now_s[0]))
    monkeypatch.setattr("coopbot.serve.feedback._STORED", 40)
    good = Feedback(verdict="good", channel="http")
    for n in range(60):
        now_s[0] += 1
        if n == 30:
            with pytest.raises(TooMuch):
                box.add("one too many", good, "me")
            now_s[0] += 3600
        box.add(f"{n:03}", good, "me")
    assert [one.feedback_id for one in box.latest(100)] == [f"{n:03}" for n in range(59, 19, -1)]
    assert [one.feedback_id for one in box.latest(100, since_s=now_s[0])] == ["059"]
    assert box.latest(100, verdicts=["bad"]) == []


def test_the_command_shows_what_was_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COOPBOT_STATE_DIR", str(tmp_path))
    state = State(tmp_path / "state.sqlite")
    box = FeedbackBox(state)
    told = Feedback(
        verdict="wrong_language",
        channel="http",
        language="ru",
        outcome="possible",
        comment="на китайском\x1b[31m",
        question="какая длина?",
        searched_as="мост какая длина?",
        filters=Filters(languages=("ru",)),
    )
    box.add("first-feedback-01", told, "me")
    box.add("second-feedback-1", Feedback(verdict="good", channel="telegram"), "you")
    state.close()
    shown = CliRunner().invoke(cli, ["feedback"])
    assert shown.exit_code == 0
    assert "1 good, 0 bad, 1 wrong language" in shown.output
    assert "question: какая длина?" in shown.output
    assert "searched as: мост какая длина?" in shown.output
    assert "filters: languages: ('ru',)" in shown.output
    assert "\x1b" not in shown.output
    only = json.loads(CliRunner().invoke(cli, ["feedback", "--verdict", "good", "--days", "1", "--json"]).output)
    assert [one["channel"] for one in only["feedback"]] == ["telegram"]
    assert CliRunner().invoke(cli, ["feedback", "--verdict", "so-so"]).exception is not None
