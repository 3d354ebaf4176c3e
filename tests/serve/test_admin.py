from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Scope
from structlog.testing import capture_logs

from coopbot.ask.answer.answerer import Answerer
from coopbot.errors import Forbidden
from coopbot.index.live import LiveIndex
from coopbot.ingest.draft import Draft
from coopbot.serve.changes import Changes, Limits
from coopbot.serve.http.admin import admission
from coopbot.serve.http.clients import TokenCheck
from coopbot.state import State
from tests.fakes import BagOfWords, make_article
from tests.serve.fake_editor import FakeEditor, finished
from tests.serve.small_service import access, service_over

TOKEN = "длинный-пароль-密码-à"
ADMIN = {b"authorization": b"Bearer " + TOKEN.encode()}
BRIDGE = make_article("en/bridge", "The railway bridge opened in 2022.", title="Bridge", url="https://news.example/bridge")
PORT = {"title": "Port", "text": "The port loads 60 million tonnes a year."}
JSON = {b"content-type": b"application/json"}

ROUTES = [
    ("POST", "/v1/articles"),
    ("DELETE", "/v1/articles/en/bridge"),
    ("POST", "/v1/index/rebuild"),
    ("GET", "/v1/index/jobs/1"),
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    FakeEditor(folder, BagOfWords(), [BRIDGE]).rebuild(lambda done, total: None)
    return folder


@pytest.fixture
def editor(tmp_path: Path, built: Path) -> FakeEditor:
    shutil.copytree(built, tmp_path / "index")
    made = FakeEditor(tmp_path / "index", BagOfWords(), [BRIDGE])
    made.web["https://news.example/park?day=7"] = Draft(title="Park", text="The park covers 4 square kilometres.")
    return made


@pytest.fixture
def changes(editor: FakeEditor) -> Changes:
    return Changes(editor, State(None), limits=Limits(waiting=2))


@pytest.fixture
def client(editor: FakeEditor, changes: Changes) -> Iterator[TestClient]:
    index = LiveIndex(editor.index_dir, editor.embedder.fingerprint)
    app = service_over(index, Answerer(editor.embedder, index.current), changes=changes, access=access(admin_token=TOKEN))
    with TestClient(app, raise_server_exceptions=False) as running:
        yield running
        editor.gate.set()


@pytest.fixture(scope="module")
def refusing(built: Path) -> Iterator[tuple[TestClient, FakeEditor]]:
    """A service for requests that are all refused, and its editor, which must see none of them."""
    editor = FakeEditor(built, BagOfWords(), [BRIDGE])
    index = LiveIndex(built, editor.embedder.fingerprint)
    changes = Changes(editor, State(None))
    app = service_over(index, Answerer(editor.embedder, index.current), changes=changes, access=access(admin_token=TOKEN))
    with TestClient(app, raise_server_exceptions=False) as running:
        yield running, editor
    assert (editor.rebuilds, list(editor.articles)) == (0, ["en/bridge"])


@pytest.fixture
def refused(refusing: tuple[TestClient, FakeEditor]) -> TestClient:
    return refusing[0]


def done(client: TestClient, changes: Changes, response: Any) -> dict[str, Any]:
    """The finished job of an accepted request, as the service shows it."""
    assert response.status_code == 202, response.text
    place = response.headers["location"]
    assert place == f"/v1/index/jobs/{response.json()['job_id']}"
    finished(changes, changes.get(response.json()["job_id"]))
    job: dict[str, Any] = client.get(place, headers=ADMIN).json()
    return job


def test_an_added_text_answers_questions_at_once(client: TestClient, changes: Changes, editor: FakeEditor) -> None:
    more = {
        "publisher": "River News",
        "authors": ["A. Ivanov"],
        "published": "2025-05-10",
        "language": "en",
        "url": "https://a.example/port",
    }
    response = client.post("/v1/articles", json={**PORT, **more}, headers=ADMIN)
    assert (response.json()["state"], response.json()["kind"], response.json()["error"]) == ("queued", "add", None)
    job = done(client, changes, response)
    assert {name: job[name] for name in ("state", "article_id", "title", "change", "progress", "error")} == {
        "state": "done",
        "article_id": "en/port",
        "title": "Port",
        "change": "added",
        "progress": {"done": 1, "total": 1},
        "error": None,
    }
    assert job["report"] == {
        "snapshot": client.get("/readyz").json()["snapshot"],
        "added": ["en/port"],
        "changed": [],
        "removed": [],
        "reused": 1,
        "embedded": 1,
    }
    assert job["created_at"] <= job["started_at"] <= job["finished_at"]
    article = client.get("/v1/articles/en/port").json()
    assert {name: article[name] for name in more} == more
    assert client.get("/v1/search", params={"q": "port tonnes"}).json()["hits"][0]["article_id"] == "en/port"


def test_an_address_is_fetched_and_added(client: TestClient, changes: Changes) -> None:
    job = done(client, changes, client.post("/v1/articles", json={"url": "https://news.example/park?day=7"}, headers=ADMIN))
    assert (job["article_id"], job["change"]) == ("en/park", "added")


@pytest.mark.parametrize(
    ("name", "kind", "title"),
    [
        ("port.html", "text/html", "port.html"),
        ("порт 港口.TXT", "text/plain", "порт 港口.TXT"),
        ("../../etc/port.md", "text/markdown", "port.md"),
        ("C:\\news\\port.md", "application/octet-stream", "port.md"),
        ("blob", "text/html", "blob.html"),
        ("blob", "text/html; charset=utf-8", "blob.html"),
        ("2025.05", "text/markdown", "2025.05.md"),
    ],
)
def test_a_file_is_added(client: TestClient, changes: Changes, name: str, kind: str, title: str) -> None:
    files = {"file": (name, "Порт перегружает 60 млн тонн в год.".encode(), kind)}
    assert done(client, changes, client.post("/v1/articles", files=files, headers=ADMIN))["title"] == title


def test_an_article_is_removed(client: TestClient, changes: Changes) -> None:
    done(client, changes, client.post("/v1/articles", json=PORT, headers=ADMIN))
    job = done(client, changes, client.delete("/v1/articles/en/bridge", headers=ADMIN))
    assert (job["kind"], job["article_id"], job["change"], job["report"]["removed"]) == (
        "remove",
        "en/bridge",
        "removed",
        ["en/bridge"],
    )
    assert client.get("/v1/articles/en/bridge").status_code == 404
    assert client.delete("/v1/articles/en/bridge", headers=ADMIN).status_code == 404


def test_the_index_is_rebuilt(client: TestClient, changes: Changes, editor: FakeEditor) -> None:
    editor.articles["en/port"] = make_article("en/port", PORT["text"])
    job = done(client, changes, client.post("/v1/index/rebuild", headers=ADMIN))
    assert (job["kind"], job["article_id"], job["change"], job["report"]["added"]) == ("rebuild", None, None, ["en/port"])


def test_a_failed_job_has_its_problem(client: TestClient, changes: Changes) -> None:
    job = done(client, changes, client.post("/v1/articles", json={"title": "Copy", "text": BRIDGE.text}, headers=ADMIN))
    assert (job["state"], job["change"], job["report"]) == ("failed", None, None)
    assert job["error"] == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "Copy: already in the corpus as en/bridge",
        "article_id": "en/bridge",
    }
    job = done(client, changes, client.post("/v1/articles", json={"url": "https://news.example/gone"}, headers=ADMIN))
    assert (job["error"]["status"], job["error"]["title"]) == (502, "Bad Gateway")


def test_a_running_job_shows_its_progress(client: TestClient, editor: FakeEditor) -> None:
    editor.gate.clear()
    place = client.post("/v1/articles", json=PORT, headers=ADMIN).headers["location"]
    assert editor.rebuilding.wait(30)
    job = client.get(place, headers=ADMIN).json()
    assert (job["state"], job["article_id"], job["change"], job["finished_at"]) == ("running", "en/port", "added", None)


def test_an_article_can_be_removed_while_a_job_is_adding_it(client: TestClient, changes: Changes, editor: FakeEditor) -> None:
    editor.gate.clear()
    client.post("/v1/articles", json=PORT, headers=ADMIN)
    response = client.delete("/v1/articles/en/port", headers=ADMIN)
    editor.gate.set()
    assert done(client, changes, response)["report"]["removed"] == ["en/port"]


def test_too_many_changes_get_503(client: TestClient, editor: FakeEditor) -> None:
    editor.gate.clear()
    client.post("/v1/index/rebuild", headers=ADMIN)
    assert editor.rebuilding.wait(30)
    for number in range(2):
        text = {"title": f"Note {number}", "text": f"Note {number}"}
        assert client.post("/v1/articles", json=text, headers=ADMIN).status_code == 202
    response = client.post("/v1/articles", json=PORT, headers=ADMIN)
    assert (response.status_code, response.headers["retry-after"]) == (503, "5")
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ([], "body"),
        ({"url": ""}, "url"),
        ({"url": 7}, "url"),
        ({"url": "news.example/a"}, "url"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"url": "http://"}, "url"),
        ({"url": "http://a.example:99999/"}, "url"),
        ({"url": "http://[::1/"}, "url"),
        ({"url": "https://user:word@a.example/"}, "url"),
        ({"url": "https://a.example/\nx"}, "url"),
        ({"url": "https://a.example/" + "a" * 2000}, "url"),
        ({"url": "https://a.example/", "title": "Port"}, "text"),
        ({"text": "", "title": "Port"}, "text"),
        ({"text": " \n\u200b—", "title": "Port"}, "text"),
        ({"text": "The port.", "title": " "}, "title"),
        ({"text": "The port."}, "title"),
        ({"title": "Port"}, "url"),
        ({**PORT, "url": "a.example"}, "url"),
        ({**PORT, "published": "yesterday"}, "published"),
        ({**PORT, "published": 20250510}, "published"),
        ({**PORT, "published": "1733011200"}, "published"),
        ({**PORT, "language": "fr"}, "language"),
        ({**PORT, "authors": "A. Ivanov"}, "authors"),
        ({**PORT, "authors": ["A"] * 51}, "authors"),
        ({**PORT, "publisher": "p" * 501}, "publisher"),
        ({**PORT, "colour": "red"}, "colour"),
    ],
)
def test_an_invalid_article_is_refused_at_once(refused: TestClient, body: object, field: str) -> None:
    response = refused.post("/v1/articles", json=body, headers=ADMIN)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert "word" not in response.text.replace("user and password", "").replace("should contain words", "")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"title": "\\ud800", "text": "a"}', b"[" * 100_000])
def test_invalid_json_is_refused(refused: TestClient, body: bytes) -> None:
    response = refused.post("/v1/articles", content=body, headers={**ADMIN, **JSON})
    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")


@pytest.mark.parametrize(
    "files",
    [
        [("file", ("port.html", b"", "text/html"))],
        [("file", ("port.exe", b"MZ", "application/octet-stream"))],
        [("file", ("port", b"a port", "image/png"))],
        [("page", ("port.html", b"a port", "text/html"))],
        [("file", (None, b"a port", "text/html"))],
        [("file", ("port.html", b"a port", "text/html")), ("title", (None, b"Port", None))],
    ],
)
def test_an_unsupported_file_is_refused_at_once(refused: TestClient, files: Any) -> None:
    response = refused.post("/v1/articles", files=files, headers=ADMIN)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "file")


def test_a_broken_form_and_two_files_are_refused(refused: TestClient) -> None:
    two = [("file", (f"{n}.html", b"a port", "text/html")) for n in range(2)]
    assert refused.post("/v1/articles", files=two, headers=ADMIN).status_code == 400
    for kind in ("multipart/form-data", "multipart/form-data; boundary=x"):
        response = refused.post("/v1/articles", content=b"--y\r\nfile", headers={**ADMIN, b"content-type": kind.encode()})
        assert response.status_code in (400, 422)
        assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
def test_other_content_types_are_refused(refused: TestClient, kind: str) -> None:
    response = refused.post("/v1/articles", content=b"url=x", headers={**ADMIN, b"content-type": kind.encode()})
    assert (response.status_code, response.headers["content-type"]) == (415, "application/problem+json")


def test_unknown_jobs_and_articles_are_not_found(refused: TestClient) -> None:
    for method, path in [
        ("GET", "/v1/index/jobs/0"),
        ("DELETE", "/v1/articles/en/nothing"),
        ("DELETE", "/v1/articles/..%2F..%2Fetc%2Fpasswd"),
    ]:
        response = refused.request(method, path, headers=ADMIN)
        assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (None, 401),
        (b"", 401),
        (b"Bearer", 401),
        (b"Bearer  ", 401),
        (b"Basic " + TOKEN.encode(), 401),
        (TOKEN.encode(), 401),
        (b"Bearer wrong", 403),
        (b"Bearer \xff\xfe", 403),
        (b"Bearer " + TOKEN.encode()[:-1], 403),
        (b"Bearer " + TOKEN.encode() + b"x", 403),
        (b"Bearer " + TOKEN.encode("utf-16"), 403),
    ],
)
def test_requests_without_the_token_are_refused(
    refused: TestClient, method: str, path: str, authorization: bytes | None, status: int
) -> None:
    headers = {b"authorization": authorization} if authorization is not None else {}
    # neither the body nor the path is looked at
    response = refused.request(method, path, content=b"{", headers={**headers, **JSON})
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers.get("www-authenticate") == ('Bearer realm="coopbot"' if status == 401 else None)


@pytest.mark.parametrize("scheme", [b"Bearer ", b"bearer ", b"BEARER  "])
def test_the_authorization_scheme_is_case_insensitive(client: TestClient, scheme: bytes) -> None:
    response = client.post("/v1/index/rebuild", headers={b"authorization": scheme + TOKEN.encode()})
    assert response.status_code == 202


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_without_a_token_in_the_settings_all_requests_are_refused(
    editor: FakeEditor, changes: Changes, method: str, path: str
) -> None:
    index = LiveIndex(editor.index_dir, editor.embedder.fingerprint)
    app = service_over(index, Answerer(editor.embedder, index.current), changes=changes)
    with TestClient(app) as client:
        for headers in ({}, {"authorization": "Bearer "}, {"authorization": "Bearer None"}):
            response = client.request(method, path, headers=headers)
            assert response.status_code == 403
            assert "set COOPBOT_ADMIN_TOKEN" in response.json()["detail"]


async def call(app: ASGIApp, headers: list[tuple[bytes, bytes]], *, most_chunks: int) -> tuple[int, int]:
    """(status, chunks of 1 MB that were read before it) of a POST that never stops sending."""
    read, status, read_before = 0, 0, 0

    async def receive() -> Message:
        nonlocal read
        read += 1
        assert read <= most_chunks, "it goes on reading"
        return {"type": "http.request", "body": b" " * 1_000_000, "more_body": True}

    async def send(message: Message) -> None:
        nonlocal status, read_before
        if message["type"] == "http.response.start":
            status, read_before = message["status"], read

    scope: Scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/articles",
        "raw_path": b"/v1/articles",
        "query_string": b"",
        "headers": headers,
        "http_version": "1.1",
        "scheme": "http",
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    await app(scope, receive, send)
    return status, read_before


BEARER = (b"authorization", b"Bearer " + TOKEN.encode())


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("headers", "status", "read"),
    [
        ([BEARER, (b"content-type", b"application/json")], 413, 21),
        ([BEARER, (b"content-type", b"application/json"), (b"content-length", b"20020001")], 413, 0),
        ([BEARER, (b"content-type", b"application/json"), (b"content-length", b"7")], 413, 21),
        ([BEARER, (b"content-type", b"text/plain")], 415, 0),
        ([(b"content-type", b"application/json")], 401, 0),
        ([(b"authorization", b"Bearer x"), (b"content-length", b"99999999999")], 403, 0),
    ],
)
async def test_reading_stops_at_the_limit(
    refused: TestClient, headers: list[tuple[bytes, bytes]], status: int, read: int
) -> None:
    assert await call(refused.app, headers, most_chunks=45) == (status, read)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_a_file_may_be_as_large_as_the_limit_and_not_larger(client: TestClient, editor: FakeEditor) -> None:
    editor.failure = RuntimeError("an index of that would take a minute")
    words = b"port " * 4_000_000
    for extra, status in ((b"", 202), (b"s", 413)):
        response = client.post("/v1/articles", files={"file": ("a.txt", words + extra)}, headers=ADMIN)
        assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["detail"] == "larger than 20 MB; send less"


def test_a_question_of_a_megabyte_is_refused(refused: TestClient) -> None:
    response = refused.post("/v1/ask", content=b" " * 1_000_001, headers=JSON)
    assert (response.status_code, response.headers["content-type"]) == (413, "application/problem+json")


def test_no_token_address_or_text_is_logged(client: TestClient, changes: Changes, editor: FakeEditor) -> None:
    editor.failure = RuntimeError("hidden")
    with capture_logs() as logs:
        for body in ({"url": "https://news.example/gone?key=hidden"}, {"title": "T", "text": "hidden text"}):
            done(client, changes, client.post("/v1/articles", json=body, headers=ADMIN))
        client.post("/v1/articles", json={"url": "https://hidden.example:hidden/"}, headers=ADMIN)
        client.post("/v1/articles", json=PORT, headers={"authorization": "Bearer hidden"})
    assert [entry["event"] for entry in logs] == ["change_failed", "change_failed", "token_refused"]
    assert "hidden" not in str(logs)


def test_the_description_shows_the_bodies_and_the_token(refused: TestClient) -> None:
    described = refused.get("/openapi.json").json()
    add = described["paths"]["/v1/articles"]["post"]
    assert add["security"] == [{"HTTPBearer": []}]
    content = add["requestBody"]["content"]
    assert set(content) == {"application/json", "multipart/form-data"}
    assert {"url", "text", "title"} <= set(content["application/json"]["schema"]["properties"])
    assert described["components"]["securitySchemes"]["HTTPBearer"] == {"type": "http", "scheme": "bearer"}
    assert "$ref" not in json.dumps(content)


def test_a_service_that_stops_leaves_no_thread(editor: FakeEditor, changes: Changes) -> None:
    index = LiveIndex(editor.index_dir, editor.embedder.fingerprint)
    app = service_over(index, Answerer(editor.embedder, index.current), changes=changes, access=access(admin_token=TOKEN))
    with TestClient(app) as client:
        job_id = client.post("/v1/articles", json=PORT, headers=ADMIN).json()["job_id"]
    assert changes.get(job_id).state in ("done", "queued")
    assert not changes._thread.is_alive()


@given(st.text(max_size=60))
def test_no_other_text_is_accepted_as_the_token(text: str) -> None:
    admit = admission(
        Changes(FakeEditor(Path(), BagOfWords()), State(None)), TokenCheck("admin", "COOPBOT_ADMIN_TOKEN", "secret")
    )
    sent = text.encode("utf-8", "surrogatepass")
    request = Request({"type": "http", "headers": [(b"authorization", b"Bearer " + sent)]})
    if sent.strip(b" ") == b"secret":
        admit(request)
    else:
        with pytest.raises((Forbidden, HTTPException)):
            admit(request)
