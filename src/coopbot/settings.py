"""Reads COOPBOT_* environment variables into Settings. Used only by wiring and the command line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import platformdirs
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from coopbot.errors import Misconfigured

_PREFIX = "COOPBOT_"
_LEAST_SECRET_CHARS = 16


def _split_at_commas(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_at_commas)]
SecretListed = Annotated[
    tuple[Annotated[SecretStr, Field(min_length=_LEAST_SECRET_CHARS)], ...], NoDecode, BeforeValidator(_split_at_commas)
]
NumbersListed = Annotated[tuple[int, ...], NoDecode, BeforeValidator(_split_at_commas)]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise ValueError("unknown time zone; give one like Asia/Shanghai") from exc
    return name


class Settings(BaseSettings):
    """Each field is read from `COOPBOT_<NAME>`; docs/settings.md describes them."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, env_ignore_empty=True, extra="forbid", frozen=True)

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
    reader: str | None = Field(
        default=None,
        description="A question-answering model (folder or hub name), or off; unset: the built-in reader.",
    )
    threads: int = Field(
        default_factory=lambda: os.cpu_count() or 1, ge=1, le=256, description="Threads for the embedding model."
    )
    host: str = Field(default="127.0.0.1", description="Address that `coopbot serve` listens on.")
    port: int = Field(default=8000, ge=1, le=65535, description="Port that `coopbot serve` listens on.")
    hosts: Listed = Field(default=(), description="Host names that `coopbot serve` answers to, comma-separated; unset: any.")
    public_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s?#]+)?$",
        description="Public address of `coopbot serve`, for links to it.",
    )
    shutdown_s: int = Field(default=10, ge=1, le=600, description="Seconds that `coopbot serve` may take to shut down.")
    trusted_proxies: int = Field(
        default=0, ge=0, le=10, description="Number of proxies in front of `coopbot serve` that add to X-Forwarded-For."
    )
    questions_at_once: int = Field(
        default_factory=lambda: os.cpu_count() or 1, ge=1, le=256, description="Questions that are worked on at the same time."
    )
    questions_waiting: int = Field(
        default_factory=lambda: 32 * (os.cpu_count() or 1),
        ge=1,
        le=10_000,
        description="Questions that may wait for their turn.",
    )
    rate_limit: str = Field(default="600/minute", description="Requests allowed per client over HTTP, or off.")
    rate_storage: SecretStr = Field(
        default=SecretStr("memory://"), description="Where requests are counted: memory://, or a Redis shared by processes."
    )
    api_keys: SecretListed = Field(
        default=(), description="Keys, comma-separated; reading over HTTP needs one of them; unset: none needed."
    )
    admin_token: SecretStr | None = Field(
        default=None, min_length=_LEAST_SECRET_CHARS, description="Token for changes over HTTP; unset: no changes over HTTP."
    )
    metrics_token: SecretStr | None = Field(
        default=None, min_length=_LEAST_SECRET_CHARS, description="Token for GET /metrics; unset: disabled."
    )
    otel_endpoint: str = Field(
        default="", pattern=r"^(https?://\S+)?$", description="Collector that traces are sent to, over OTLP/HTTP; unset: none."
    )
    read_memory_mb: int = Field(default=512, ge=128, le=65536, description="Memory that reading one document may take, in MB.")
    read_timeout_s: int = Field(default=30, ge=1, le=3600, description="Seconds that reading one document may take.")
    read_output_mb: int = Field(default=8, ge=1, le=100, description="Text that one document may yield, in MB.")
    llm_base_url: str = Field(
        default="",
        pattern=r"^(https?://\S+)?$",
        description="OpenAI-compatible server whose model writes answers; unset: none.",
    )
    llm_model: str = Field(default="", description="Name of the model on that server.")
    llm_api_key: SecretStr | None = Field(default=None, description="Key for that server, if it needs one.")
    llm_timeout_s: float = Field(default=20, gt=0, le=600, description="Seconds that writing one answer may take.")
    llm_concurrency: int = Field(default=4, ge=1, le=100, description="Answers written at the same time.")
    telegram_token: SecretStr | None = Field(default=None, description="Token of the Telegram bot, from @BotFather.")
    milvus_uri: str | None = Field(default=None, description="Address of Milvus; unset: the index is in index_dir.")
    milvus_token: SecretStr | None = Field(default=None, description="Token of Milvus, or user:password.")
    telegram_api_url: str = Field(default="https://api.telegram.org", description="Bot API server, if you run your own.")
    telegram_dir: Path | None = Field(
        default=None, description="Folder of the bot's persistent data; unset: telegram in index_dir."
    )
    telegram_admins: NumbersListed = Field(default=(), description="Ids of the users who may change articles, comma-separated.")
    telegram_allowed: NumbersListed = Field(
        default=(), description="Ids of the users and chats that are answered, comma-separated; unset: all."
    )
    telegram_rate: int = Field(default=20, ge=1, le=1000, description="Messages answered per user and minute.")
    telegram_quiet: str = Field(
        default="21-9", pattern=r"^([01]?\d|2[0-3])-([01]?\d|2[0-3])$", description="Hours during which no digest is sent."
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


def load_settings() -> Settings:
    """Settings from the environment. Raises Misconfigured, naming the unknown or invalid variable."""
    known = {_PREFIX + name.upper() for name in Settings.model_fields}
    unknown = sorted(name for name in os.environ if name.upper().startswith(_PREFIX) and name.upper() not in known)
    if unknown:
        raise Misconfigured(f"unknown setting {unknown[0]}; the known ones are {', '.join(sorted(known))}")
    try:
        return Settings()
    except ValidationError as exc:
        problem = exc.errors(include_input=False, include_url=False)[0]
        name = _PREFIX + str(problem["loc"][0]).upper()
        raise Misconfigured(f"{name} is not valid: {problem['msg']}; fix or unset it") from exc
