"""How much reading one document may take. Apart from the sandbox, since settings are read before anything is loaded."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ReadLimits(BaseModel):
    """Limits for reading one document. Memory is that of the whole process, of which libraries take 50 to 100 MB."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    memory_mb: int = Field(default=512, ge=128, le=65536, description="Memory that reading one document may take, in MB.")
    timeout_s: float = Field(default=30, ge=1, le=3600, description="Seconds that reading one document may take.")
    output_mb: int = Field(default=8, ge=1, le=100, description="Text that one document may yield, in MB.")

    def __str__(self) -> str:
        return f"{self.memory_mb} MB, {self.timeout_s:g} s, {self.output_mb} MB of text"
