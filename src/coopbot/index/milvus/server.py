"""The settings of Milvus, apart from `client`: reading the settings must not load it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class MilvusServer(BaseModel):
    """A Milvus server; without an address the index is on this machine."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    uri: str | None = Field(default=None, description="Address of Milvus; unset: the index is in index_dir.")
    token: SecretStr = Field(default=SecretStr(""), description="Token of Milvus, or user:password.")
