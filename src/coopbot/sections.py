"""The sections of the settings, each the record that its user takes: reading the settings loads nothing else."""

from __future__ import annotations

import os
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

_SECTION = ConfigDict(extra="forbid", frozen=True)

LEAST_SECRET_CHARS = 16


def _split_at_commas(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Listed = Annotated[tuple[str, ...], BeforeValidator(_split_at_commas)]
SecretsListed = Annotated[
    tuple[Annotated[SecretStr, Field(min_length=LEAST_SECRET_CHARS)], ...], BeforeValidator(_split_at_commas)
]
NumbersListed = Annotated[frozenset[int], BeforeValidator(_split_at_commas)]


class Access(BaseModel):
    """Who may use the service over HTTP, and how often."""

    model_config = _SECTION

    hosts: Listed = Field(default=(), description="Host names that `coopbot serve` answers to, comma-separated; unset: any.")
    api_keys: SecretsListed = Field(
        default=(), description="Keys, comma-separated; reading over HTTP needs one of them; unset: none needed."
    )
    admin_token: SecretStr | None = Field(
        default=None, min_length=LEAST_SECRET_CHARS, description="Token for changes over HTTP; unset: no changes over HTTP."
    )
    rate_limit: str = Field(default="600/minute", description="Requests allowed per client over HTTP, or off.")
    rate_storage: SecretStr = Field(
        default=SecretStr("memory://"), description="Where requests are counted: memory://, or a Redis shared by processes."
    )
    trusted_proxies: int = Field(
        default=0, ge=0, le=10, description="Number of proxies in front of `coopbot serve` that add to X-Forwarded-For."
    )


class QuestionLimits(BaseModel):
    """How many questions are worked on at the same time, how many more may wait, and how many answers are kept."""

    model_config = _SECTION

    at_once: int = Field(
        default_factory=lambda: os.cpu_count() or 1, ge=1, le=256, description="Questions that are worked on at the same time."
    )
    waiting: int = Field(
        default_factory=lambda: 32 * (os.cpu_count() or 1),
        ge=1,
        le=10_000,
        description="Questions that may wait for their turn.",
    )
    kept: int = Field(default=256, ge=0, le=100_000, description="Answers kept for whoever asks the same; 0 keeps none.")


class BotSettings(BaseModel):
    """Which Telegram bot it is, how it reaches Telegram, and whom it answers."""

    model_config = _SECTION

    token: SecretStr = Field(default=SecretStr(""), description="Token of the Telegram bot, from @BotFather.")
    api_url: str = Field(default="https://api.telegram.org", description="Bot API server, if you run your own.")
    admins: NumbersListed = Field(default=frozenset(), description="Ids of the users who may change articles, comma-separated.")
    allowed: NumbersListed = Field(
        default=frozenset(), description="Ids of the users and chats that are answered, comma-separated; unset: all."
    )
    rate: int = Field(default=20, ge=1, le=1000, description="Messages answered per user and minute.")
    webhook_url: str | None = Field(
        default=None, pattern=r"^https://\S+$", description="Address at which Telegram reaches `coopbot serve`; unset: polling."
    )
    health_port: int | None = Field(
        default=None, ge=1, le=65535, description="Port on loopback where `coopbot telegram` answers GET /healthz; unset: none."
    )


class ReadLimits(BaseModel):
    """Limits for reading one document. Memory is that of the whole process, of which libraries take 50 to 100 MB."""

    model_config = _SECTION

    memory_mb: int = Field(default=512, ge=128, le=65536, description="Memory that reading one document may take, in MB.")
    timeout_s: float = Field(default=30, ge=1, le=3600, description="Seconds that reading one document may take.")
    output_mb: int = Field(default=8, ge=1, le=100, description="Text that one document may yield, in MB.")

    def __str__(self) -> str:
        return f"{self.memory_mb} MB, {self.timeout_s:g} s, {self.output_mb} MB of text"


class MilvusServer(BaseModel):
    """A Milvus server; without an address the index is on this machine."""

    model_config = _SECTION

    uri: str | None = Field(default=None, description="Address of Milvus; unset: the index is in index_dir.")
    token: SecretStr = Field(default=SecretStr(""), description="Token of Milvus, or user:password.")


class LlmServer(BaseModel):
    """An OpenAI-compatible server with a model, and the limits of calls; without an address there is none."""

    model_config = _SECTION

    base_url: str = Field(default="", pattern=r"^(https?://\S+)?$", description="The server's address; unset: none.")
    model: str = Field(default="", description="Name of the model on that server.")
    api_key: SecretStr | None = Field(default=None, description="Key for that server, if it needs one.")
    timeout_s: float = Field(default=20, gt=0, le=600, description="Seconds that writing one answer may take.")
    concurrency: int = Field(default=4, ge=1, le=100, description="Answers written at the same time.")
