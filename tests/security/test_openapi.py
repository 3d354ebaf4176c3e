"""schemathesis: requests that the description of the service allows, or just does not; whether the answers are as described."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from coopbot.ask.answer.answerer import Answerer
from coopbot.index.live import LiveIndex
from coopbot.serve.jobs import Jobs
from tests.fakes import BagOfWords
from tests.serve.fake_editor import FakeEditor
from tests.serve.small_service import service_over

TOKEN = "only-for-tests-of-the-service"
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


BOUNDED = settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Queue(Jobs):
    """Takes changes and makes none: schemathesis starts the service again for each request."""

    def __enter__(self) -> Jobs:
        return self

    def __exit__(self, *error: object) -> None:
        pass


# `Any`: schemathesis gives its schemas and cases no public types.
@pytest.fixture(scope="module")
def described(attacked_index: Path) -> Any:
    embedder = BagOfWords()
    index = LiveIndex(attacked_index, embedder.fingerprint)
    jobs = Queue(FakeEditor(attacked_index, embedder))
    app = service_over(index, Answerer(embedder, index.current), jobs=jobs, admin_token=TOKEN)
    return schemathesis.openapi.from_asgi("/openapi.json", app)


@pytest.mark.filterwarnings("ignore")  # those of schemathesis
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_answers_are_as_described(described: Any, mode: GenerationMode) -> None:
    operations = [result.ok() for result in described.get_all_operations()]
    if mode is GenerationMode.NEGATIVE:
        # The others take nothing that could be wrong: any text may be an id.
        operations = [operation for operation in operations if operation.path in ("/v1/ask", "/v1/search", "/v1/articles")]
    assert len(operations) >= 4
    for operation in operations:

        @BOUNDED
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case: Any) -> None:
            case.call_and_validate(headers={"Authorization": f"Bearer {TOKEN}"}, checks=CHECKS)

        check()
