"""COOPBOT_* environment variables -> Settings. Seen only by wiring and the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import platformdirs
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from coopbot.errors import Misconfigured

_PREFIX = "COOPBOT_"
_LEAST_SECRET_CHARS = 16


def _parted(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_parted)]
SecretListed = Annotated[
    tuple[Annotated[SecretStr, Field(min_length=_LEAST_SECRET_CHARS)], ...], NoDecode, BeforeValidator(_parted)
]
NumbersListed = Annotated[tuple[int, ...], NoDecode, BeforeValidator(_parted)]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise ValueError("no such time zone is known; give one such as Asia/Shanghai") from exc
    return name


class Settings(BaseSettings):
    """Each field is read from `COOPBOT_<NAME>`; docs/settings.md describes them."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, env_ignore_empty=True, extra="forbid", frozen=True)

    corpus_dir: Path = Field(default=Path("corpus"), description="Folder of articles.")
    index_dir: Path = Field(default=Path("index"), description="Folder of the index and its snapshots.")
    cache_dir: Path = Field(
        default_factory=lambda: platformdirs.user_cache_path("coopbot"),
        description="Folder of the prepared model, shared by all indexes.",
    )
    model: str | None = Field(
        default=None, description="A sentence-transformers folder or hub name; unset: multilingual-e5-small, built in."
    )
    reader: str | None = Field(
        default=None,
        description="A question-answering model, by folder or hub name, or off; unset: the reader that is built in.",
    )
    threads: int = Field(
        default_factory=lambda: os.cpu_count() or 1, ge=1, le=256, description="Threads that the embedding model uses."
    )
    host: str = Field(default="127.0.0.1", description="Address that `coopbot serve` listens on.")
    port: int = Field(default=8000, ge=1, le=65535, description="Port that `coopbot serve` listens on.")
    hosts: Listed = Field(default=(), description="Host names that `coopbot serve` answers to, with commas; unset: any.")
    public_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s?#]+)?$",
        description="Address that people reach `coopbot serve` under, for links to it.",
    )
    shutdown_s: int = Field(
        default=10, ge=1, le=600, description="Seconds in which `coopbot serve` is gone when it is stopped."
    )
    trusted_proxies: int = Field(
        default=0, ge=0, le=10, description="How many proxies before `coopbot serve` add to X-Forwarded-For."
    )
    rate_limit: str = Field(default="600/minute", description="How often a client may ask over HTTP, or off.")
    rate_storage: SecretStr = Field(
        default=SecretStr("memory://"), description="Where requests are counted: memory://, or a Redis that processes share."
    )
    api_keys: SecretListed = Field(
        default=(), description="Keys, with commas, one of which is needed to read over HTTP; unset: none."
    )
    admin_token: SecretStr | None = Field(
        default=None, min_length=_LEAST_SECRET_CHARS, description="Token for changes over HTTP; without one there are none."
    )
    metrics_token: SecretStr | None = Field(
        default=None, min_length=_LEAST_SECRET_CHARS, description="Token for reading GET /metrics; unset: nobody may."
    )
    otel_endpoint: str = Field(
        default="", pattern=r"^(https?://\S+)?$", description="Collector that traces are sent to, over OTLP/HTTP; unset: none."
    )
    read_memory_mb: int = Field(default=512, ge=128, le=65536, description="Memory that reading one document may take, in MB.")
    read_timeout_s: int = Field(default=30, ge=1, le=3600, description="Seconds that reading one document may take.")
    read_output_mb: int = Field(default=8, ge=1, le=100, description="Text that one document may give, in MB.")
    llm_base_url: str = Field(
        default="",
        pattern=r"^(https?://\S+)?$",
        description="OpenAI-compatible server whose model writes answers; unset: none.",
    )
    llm_model: str = Field(default="", description="Name of the model there.")
    llm_api_key: SecretStr | None = Field(default=None, description="Key for that server, if it wants one.")
    llm_timeout_s: float = Field(default=20, gt=0, le=600, description="Seconds that writing one answer may take.")
    llm_concurrency: int = Field(default=4, ge=1, le=100, description="Answers that are written at once.")
    telegram_token: SecretStr | None = Field(default=None, description="Token of the Telegram bot, from @BotFather.")
    milvus_uri: str | None = Field(default=None, description="Where Milvus answers; unset: the index is kept in index_dir.")
    milvus_token: SecretStr | None = Field(default=None, description="Token of Milvus, or user:password.")
    telegram_api_url: str = Field(
        default="https://api.telegram.org", description="Bot API server, for those who run their own."
    )
    telegram_dir: Path | None = Field(
        default=None, description="Folder of what the bot must not lose; unset: telegram in index_dir."
    )
    telegram_admins: NumbersListed = Field(default=(), description="Numbers of the users who may change articles, with commas.")
    telegram_allowed: NumbersListed = Field(
        default=(), description="Numbers of the users and chats that are answered, with commas; unset: all."
    )
    telegram_rate: int = Field(default=20, ge=1, le=1000, description="Messages of one user that are answered a minute.")
    telegram_quiet: str = Field(
        default="21-9", pattern=r"^([01]?\d|2[0-3])-([01]?\d|2[0-3])$", description="Hours in which no digest is sent."
    )
    telegram_zone: Annotated[str, AfterValidator(_known_zone)] = Field(
        default="Asia/Shanghai", description="Time zone of those hours."
    )
    telegram_webhook_url: str | None = Field(
        default=None, pattern=r"^https://\S+$", description="Address at which Telegram reaches `coopbot serve`; unset: polling."
    )
    telegram_health_port: int | None = Field(
        default=None, ge=1, le=65535, description="Port on loopback where `coopbot telegram` answers GET /healthz; unset: none."
    )


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment. Raises Misconfigured naming an unknown or unusable variable."""
    names = os.environ if environ is None else environ
    known = {_PREFIX + name.upper() for name in Settings.model_fields}
    unknown = sorted(name for name in names if name.upper().startswith(_PREFIX) and name.upper() not in known)
    if unknown:
        raise Misconfigured(f"unknown setting {unknown[0]}; known are {', '.join(sorted(known))}")
    try:
        return Settings()
    except ValidationError as exc:
        problem = exc.errors(include_input=False, include_url=False)[0]
        name = _PREFIX + str(problem["loc"][0]).upper()
        raise Misconfigured(f"{name} cannot be used: {problem['msg']}; mend or unset it") from exc
