"""schemathesis: requests that the description of the service allows, or just does not; whether the answers are as described."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from coopbot.ask.answer.answerer import Answerer
from coopbot.index.live import LiveIndex
from coopbot.serve.changes import Changes
from coopbot.state import State
from tests.fakes import BagOfWords
from tests.serve.fake_editor import FakeEditor
from tests.serve.small_service import access, service_over

TOKEN = "only-for-tests-of-the-service"
WITH_INPUT = ("/v1/ask", "/v1/search", "/v1/articles", "/v1/chat/completions")
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


BOUNDED = settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Queue(Changes):
    """Takes changes and makes none: schemathesis starts the service again for each request."""

    def __enter__(self) -> Changes:
        return self

    def __exit__(self, *error: object) -> None:
        pass


@pytest.fixture(scope="module")
def page(attacked_index: Path) -> Iterator[TestClient]:
    embedder = BagOfWords()
    index = LiveIndex(attacked_index, embedder.fingerprint)
    with TestClient(service_over(index, Answerer(embedder, index.current)), raise_server_exceptions=False) as client:
        yield client


# `Any`: schemathesis gives its schemas and cases no public types.
@pytest.fixture(scope="module")
def described(attacked_index: Path) -> Any:
    embedder = BagOfWords()
    index = LiveIndex(attacked_index, embedder.fingerprint)
    changes = Queue(FakeEditor(attacked_index, embedder), State(None))
    app = service_over(index, Answerer(embedder, index.current), changes=changes, access=access(admin_token=TOKEN))
    return schemathesis.openapi.from_asgi("/openapi.json", app)


@pytest.mark.filterwarnings("ignore")  # those of schemathesis
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_answers_are_as_described(described: Any, mode: GenerationMode) -> None:
    operations = [result.ok() for result in described.get_all_operations()]
    if mode is GenerationMode.NEGATIVE:
        # The others take nothing that could be wrong: any text may be an id.
        operations = [operation for operation in operations if operation.path in WITH_INPUT]
    assert len(operations) >= len(WITH_INPUT)
    for operation in operations:

        @BOUNDED
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case: Any) -> None:
            case.call_and_validate(headers={"Authorization": f"Bearer {TOKEN}"}, checks=CHECKS)

        check()


TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
FORMS = st.dictionaries(
    st.sampled_from(["question", "languages", "publishers", "places", "published_from", "published_to", "conversation_id"])
    | TEXT,
    TEXT | st.lists(TEXT, max_size=3),
    max_size=5,
)
HEADERS = st.fixed_dictionaries({"accept-language": st.text(st.characters(max_codepoint=255, categories=["L", "N", "P"]))})


@BOUNDED
@given(form=FORMS, headers=HEADERS, name=TEXT, start=st.integers() | TEXT)
def test_the_page_never_fails(page: TestClient, form: Any, headers: Any, name: str, start: Any) -> None:
    sent = {"accept-language": headers["accept-language"].encode("latin-1")}
    replies = [
        page.post("/ask", data=form, headers=sent),
        page.get("/", params={"language": name}, headers=sent),
        page.get(f"/article/{quote(name)}", params={"start": start, "end": name}, headers=sent),
        page.get("/v1/suggestions", params={"language": name}),
    ]
    assert [reply.status_code for reply in replies if reply.status_code >= 500] == []
