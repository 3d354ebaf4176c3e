"""Reads COOPBOT_* environment variables into Settings. Used only by wiring and the command line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import BaseModel, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from coopbot.errors import Misconfigured
from coopbot.sections import LEAST_SECRET_CHARS, Access, BotSettings, LlmServer, MilvusServer, QuestionLimits, ReadLimits

_PREFIX = "COOPBOT_"

# Settings of release 0.1.0, and what to do instead.
_GONE = {
    "COOPBOT_TELEGRAM_DIR": "set COOPBOT_STATE_DIR to the same folder, whose state.sqlite then holds all that services store",
    "COOPBOT_TELEGRAM_QUIET": "unset it: a digest comes at the hour at which its reader subscribed",
    "COOPBOT_TELEGRAM_ZONE": "unset it: a digest comes at the hour at which its reader subscribed",
}


class Settings(Access, BaseSettings):
    """Each field is read from `COOPBOT_<NAME>`; docs/settings.md describes them. A section is the record that its user takes:
    `COOPBOT_READ_MEMORY_MB` is `read.memory_mb`. Those of `Access` have no prefix: the settings are one.
    """

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_ignore_empty=True,
        env_nested_delimiter="_",
        env_nested_max_split=1,
        # Lists are separated by commas, as their types say, and not in JSON.
        enable_decoding=False,
        extra="forbid",
        frozen=True,
    )

    corpus_dir: Path = Field(default=Path("corpus"), description="Folder of articles.")
    index_dir: Path = Field(default=Path("index"), description="Folder of the index and its snapshots.")
    state_dir: Path | None = Field(
        default=None, description="Folder of what services must not lose, on a disk of this machine; unset: index_dir."
    )
    cache_dir: Path = Field(
        default_factory=lambda: platformdirs.user_cache_path("coopbot"),
        description="Folder of the prepared model, shared by all indexes.",
    )
    model: str | None = Field(
        default=None, description="A sentence-transformers folder or hub name; unset: multilingual-e5-small, built in."
    )
    reader: Literal["built-in", "off"] = Field(
        default="built-in", description="Whether passages are read before they are quoted."
    )
    threads: int = Field(
        default_factory=lambda: os.cpu_count() or 1, ge=1, le=256, description="Threads for the embedding model."
    )
    host: str = Field(default="127.0.0.1", description="Address that `coopbot serve` listens on.")
    port: int = Field(default=8000, ge=1, le=65535, description="Port that `coopbot serve` listens on.")
    public_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s?#]+)?$",
        description="Public address of `coopbot serve`, for links to it.",
    )
    shutdown_s: int = Field(default=10, ge=1, le=600, description="Seconds that `coopbot serve` may take to shut down.")
    metrics_token: SecretStr | None = Field(
        default=None, min_length=LEAST_SECRET_CHARS, description="Token for GET /metrics; unset: disabled."
    )
    otel_endpoint: str = Field(
        default="", pattern=r"^(https?://\S+)?$", description="Collector that traces are sent to, over OTLP/HTTP; unset: none."
    )
    read: ReadLimits = ReadLimits()
    llm: LlmServer = LlmServer()
    milvus: MilvusServer = MilvusServer()
    questions: QuestionLimits = QuestionLimits()
    telegram: BotSettings = BotSettings()


def _variables() -> Iterator[str]:
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            yield from (f"{_PREFIX}{name}_{own}".upper() for own in section.model_fields)
        else:
            yield f"{_PREFIX}{name}".upper()


VARIABLES = frozenset(_variables())
"""The names of all environment variables."""


def load_settings() -> Settings:
    """Settings from the environment. Raises Misconfigured, naming the unknown or invalid variable."""
    unknown = sorted(name for name in os.environ if name.upper().startswith(_PREFIX) and name.upper() not in VARIABLES)
    if unknown and unknown[0] in _GONE:
        raise Misconfigured(f"{unknown[0]} is gone; {_GONE[unknown[0]]}")
    if unknown:
        raise Misconfigured(f"unknown setting {unknown[0]}; the known ones are {', '.join(sorted(VARIABLES))}")
    try:
        return Settings()
    except ValidationError as exc:
        problem = exc.errors(include_input=False, include_url=False)[0]
        section, *rest = map(str, problem["loc"])
        names = (f"{_PREFIX}{'_'.join(parts)}".upper() for parts in ([section, *rest[:1]], [section]))
        name = next(name for name in names if name in VARIABLES)
        raise Misconfigured(f"{name} is not valid: {problem['msg']}; fix or unset it") from exc
