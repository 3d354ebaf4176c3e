"""Who may ask, how often, under which name, and what is written down of it."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from coopbot.ask.understand import conversations
from coopbot.ask.understand.conversations import MAX_CONVERSATIONS_PER_CLIENT
from coopbot.errors import Misconfigured
from coopbot.serve.http.clients import network
from coopbot.settings import load_settings
from tests.security.conftest import Start

KEYS = ("first-key-of-the-service", "second-key-of-the-service")
QUESTION = {"question": "How much cargo did the Tongjiang bridge carry in 2023?"}
LATER = "and in 2024?"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


# Rate limits


def test_too_many_requests_get_429_and_retry_after(start: Start) -> None:
    client = start(rate_limit="3/minute")
    assert [client.get("/v1/index").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = client.post("/v1/ask", json=QUESTION)
    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/problem+json"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200


def test_each_client_has_its_own_limit_and_cannot_make_up_another_name(start: Start) -> None:
    client = start(rate_limit="1/minute", trusted_proxies=1)

    def asked_from(forwarded: str) -> int:
        return client.get("/v1/index", headers={"x-forwarded-for": forwarded}).status_code

    assert asked_from("198.51.100.1") == 200
    assert asked_from("198.51.100.2") == 200
    # Only the last entry is the proxy's; what stands before it was sent by the client.
    assert asked_from("203.0.113.9, 198.51.100.1") == 429
    assert asked_from("203.0.113.9, 203.0.113.8, 198.51.100.2") == 429


def test_without_trusted_proxies_the_header_means_nothing(start: Start) -> None:
    client = start(rate_limit="1/minute")
    assert client.get("/v1/index", headers={"x-forwarded-for": "198.51.100.1"}).status_code == 200
    assert client.get("/v1/index", headers={"x-forwarded-for": "198.51.100.2"}).status_code == 429


def test_a_client_with_ipv6_is_its_network() -> None:
    assert network("2001:db8:1:2:3:4:5:6") == network("2001:db8:1:2:ffff::1") != network("2001:db8:1:3::1")
    assert network("::ffff:192.0.2.1") == network("192.0.2.1") == "192.0.2.1"
    assert network("a\nb") == network("") == ""


def test_a_key_has_its_own_limit(start: Start) -> None:
    client = start(rate_limit="1/minute", api_keys=KEYS)
    assert client.get("/v1/index", headers=bearer(KEYS[0])).status_code == 200
    assert client.get("/v1/index", headers=bearer(KEYS[1])).status_code == 200
    assert client.get("/v1/index", headers=bearer(KEYS[0])).status_code == 429
    # Guessing is limited too.
    assert client.get("/v1/index", headers=bearer("a guess")).status_code == 403
    assert client.get("/v1/index", headers=bearer("another guess")).status_code == 429


@pytest.mark.parametrize(("limit", "storage"), [("often", "memory://"), ("1/minute", "file:///tmp/a"), ("", "memory://")])
def test_limits_that_cannot_be_used_stop_the_start(start: Start, limit: str, storage: str) -> None:
    with pytest.raises(Misconfigured, match="COOPBOT_RATE"):
        start(rate_limit=limit, rate_storage=storage)


def test_counts_that_cannot_be_shared_are_kept_here(start: Start) -> None:
    client = start(rate_limit="1/minute", rate_storage="redis://127.0.0.1:1/0")
    with capture_logs() as logs:
        assert client.get("/v1/index").status_code == 200
        assert client.get("/v1/index").status_code == 429
    assert {entry["event"] for entry in logs} == {"rate_limits_not_shared"}


# Keys


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        (bearer(""), 401),
        ({"Authorization": f"Basic {KEYS[0]}"}, 401),
        (bearer("a-key-nobody-has"), 403),
        (bearer(KEYS[0][:-1]), 403),
        (bearer(KEYS[0]), 200),
        (bearer(KEYS[1]), 200),
        (bearer("the-admin-token-reads-too"), 200),
    ],
)
def test_where_there_are_keys_one_is_needed_to_read(start: Start, headers: dict[str, str], status: int) -> None:
    client = start(api_keys=KEYS, admin_token="the-admin-token-reads-too")
    for reply in (
        client.get("/v1/index", headers=headers),
        client.get("/v1/articles", headers=headers),
        client.get("/v1/search", params={"q": "bridge"}, headers=headers),
        client.post("/v1/ask", json=QUESTION, headers=headers),
        client.head("/v1/index", headers=headers),
    ):
        assert reply.status_code == status
    assert client.get("/healthz").status_code == 200


def test_a_key_for_reading_changes_nothing(start: Start) -> None:
    client = start(api_keys=KEYS, admin_token="the-admin-token-is-another")
    assert client.post("/v1/index/rebuild", headers=bearer(KEYS[0])).status_code == 403


def test_refused_tokens_are_logged_without_them(start: Start) -> None:
    client = start(api_keys=KEYS)
    with capture_logs() as logs:
        client.get("/v1/index", headers=bearer("hidden-hidden-hidden"))
    assert [(entry["event"], entry["client"]) for entry in logs] == [("key_refused", "address:192.0.2.7")]
    assert "hidden" not in str(logs)


def test_keys_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COOPBOT_API_KEYS", ", ".join(KEYS))
    monkeypatch.setenv("COOPBOT_HOSTS", "a.example,*.b.example")
    settings = load_settings()
    assert tuple(key.get_secret_value() for key in settings.api_keys) == KEYS
    assert settings.hosts == ("a.example", "*.b.example")
    assert KEYS[0] not in repr(settings)
    monkeypatch.setenv("COOPBOT_API_KEYS", "short")
    with pytest.raises(Misconfigured, match="COOPBOT_API_KEYS") as refused:
        load_settings()
    assert "short" not in str(refused.value).replace("shorter", "")


# Host names


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("coopbot.example", True),
        ("COOPBOT.example:8000", True),
        ("a.b.internal.example", True),
        ("internal.example", False),
        ("attacker.example", False),
        ("coopbot.example.attacker.example", False),
        ("", False),
        ("[::1]:8000", True),
        ("[::2]", False),
    ],
)
def test_only_listed_host_names_are_answered(start: Start, host: str, allowed: bool) -> None:
    client = start(hosts=("coopbot.example", "*.internal.example", "[::1]"))
    reply = client.get("/v1/index", headers={"host": host})
    assert reply.status_code == (200 if allowed else 421)
    assert client.get("/healthz", headers={"host": host}).status_code == 200


# Conversations


def test_the_server_makes_ids_that_nobody_can_guess(client: TestClient) -> None:
    ids = {client.post("/v1/ask", json=QUESTION).json()["conversation_id"] for _ in range(20)}
    assert len(ids) == 20
    assert {len(one) for one in ids} == {22}  # 128 bits in base64


def test_a_conversation_continues_with_its_id(client: TestClient) -> None:
    first = client.post("/v1/ask", json=QUESTION).json()
    second = client.post("/v1/ask", json={"question": LATER, "conversation_id": first["conversation_id"]}).json()
    assert "Tongjiang" in second["searched_as"]
    assert "2023" not in second["searched_as"]
    assert second["searched_as"].endswith(LATER)
    assert second["conversation_id"] == first["conversation_id"]


def test_an_id_of_another_client_reveals_nothing(start: Start) -> None:
    client = start(trusted_proxies=1)
    mine, theirs = ({"x-forwarded-for": address} for address in ("198.51.100.1", "198.51.100.2"))
    client.post("/v1/ask", json={**QUESTION, "conversation_id": "known"}, headers=mine)
    later = {"question": LATER, "conversation_id": "known"}
    assert client.post("/v1/ask", json=later, headers=theirs).json()["searched_as"] == LATER
    assert "2024" in client.post("/v1/ask", json=later, headers=mine).json()["searched_as"].removeprefix(LATER)


def test_made_up_ids_evict_nobody(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversations, "MAX_CONVERSATIONS", MAX_CONVERSATIONS_PER_CLIENT + 20)
    client = start(trusted_proxies=1)
    mine, theirs = ({"x-forwarded-for": address} for address in ("198.51.100.1", "198.51.100.2"))
    client.post("/v1/ask", json={**QUESTION, "conversation_id": "mine"}, headers=mine)
    for number in range(MAX_CONVERSATIONS_PER_CLIENT + 50):
        client.post("/v1/ask", json={"question": "a", "conversation_id": f"made-up-{number}"}, headers=theirs)
    later = client.post("/v1/ask", json={"question": LATER, "conversation_id": "mine"}, headers=mine).json()
    assert later["searched_as"] != LATER
