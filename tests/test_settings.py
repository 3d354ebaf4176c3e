from __future__ import annotations

from pathlib import Path

import pytest

from coopbot.errors import Misconfigured
from coopbot.settings import load_settings


def test_defaults_need_no_environment() -> None:
    settings = load_settings()
    assert (settings.host, settings.port, settings.corpus_dir) == ("127.0.0.1", 8000, Path("corpus"))


def test_a_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COOPBOT_PORT", "9000")
    monkeypatch.setenv("COOPBOT_MODEL", "")  # empty is unset
    settings = load_settings()
    assert (settings.port, settings.model) == (9000, None)


def test_a_variable_of_a_section_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COOPBOT_READ_MEMORY_MB", "1024")
    monkeypatch.setenv("COOPBOT_LLM_BASE_URL", "http://localhost:1/v1")
    monkeypatch.setenv("COOPBOT_LLM_API_KEY", "")
    monkeypatch.setenv("COOPBOT_READER", "off")
    settings = load_settings()
    assert (settings.read.memory_mb, settings.read.output_mb, settings.reader) == (1024, 8, "off")
    assert (settings.llm.base_url, settings.llm.api_key) == ("http://localhost:1/v1", None)


def test_an_unknown_variable_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COOPBOT_PROT", "9000")
    with pytest.raises(Misconfigured, match=r"COOPBOT_PROT.*COOPBOT_PORT"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [("COOPBOT_PORT", "eighty"), ("COOPBOT_PORT", "70000"), ("COOPBOT_THREADS", "0"), ("COOPBOT_LLM_CONCURRENCY", "0")],
)
def test_an_unusable_value_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(Misconfigured, match=name):
        load_settings()


def test_a_secret_is_in_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COOPBOT_TELEGRAM_TOKEN", "12345:secret")
    monkeypatch.setenv("COOPBOT_LLM_API_KEY", "12345:secret")
    assert "secret" not in repr(load_settings())
