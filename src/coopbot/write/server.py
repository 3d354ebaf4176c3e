"""Which language model writes answers. Apart from its calls, whose libraries are optional."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class LlmServer(BaseModel):
    """An OpenAI-compatible server with a model, and the limits of calls; without an address there is none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = Field(default="", pattern=r"^(https?://\S+)?$", description="The server's address; unset: none.")
    model: str = Field(default="", description="Name of the model on that server.")
    api_key: SecretStr | None = Field(default=None, description="Key for that server, if it needs one.")
    timeout_s: float = Field(default=20, gt=0, le=600, description="Seconds that writing one answer may take.")
    concurrency: int = Field(default=4, ge=1, le=100, description="Answers written at the same time.")
