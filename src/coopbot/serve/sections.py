"""Sections of the settings, apart from the code that takes them: reading the settings must not load it."""

from __future__ import annotations

import os

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from coopbot.records import LEAST_SECRET_CHARS, Listed, NumbersListed, SecretsListed

_SECTION = ConfigDict(extra="forbid", frozen=True)


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
