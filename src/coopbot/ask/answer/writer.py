"""Interface for rewriting quotes as prose; `write.writer` implements it with a language model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from coopbot.domain import Answer, Citation


class Writer(Protocol):
    """Safe to call from several threads."""

    def write(self, quoted: Answer, citations: Sequence[Citation]) -> Answer:
        """The answer as prose, each sentence supported by some of `citations` (those of `quoted` come first), or `quoted`
        itself. The result's `writing` says which. Never raises: on failure the quotes are returned.
        """
